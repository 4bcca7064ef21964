"""Findings as SARIF."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

import msgspec

from annotator import __version__
from annotator.errors import printable
from annotator.model.reference import Problem, Reference, Verdict, VerificationResult
from annotator.reports import verification_report

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


class Rule(msgspec.Struct, frozen=True):
    """A kind of finding: its name, what it says and what to do about it."""

    short: str
    help: str
    level: str = "warning"


RULES: dict[str, Rule] = {
    "reference-moved": Rule(
        "A cited symbol stands in another place.",
        "Write the path and line that the message gives.",
    ),
    "reference-renamed": Rule(
        "A cited symbol has another name.", "Write the name, path and line that the message gives."
    ),
    "reference-missing": Rule(
        "A cited symbol or line is not there, or not surely.",
        "Cite a tag at which it is there, or what took its place.",
        "error",
    ),
    "reference-mistaken": Rule(
        "A reference was wrong when it was written.",
        "Cite the line of what the words name, or name what stands in the line.",
        "error",
    ),
    "text-changed": Rule(
        "The text of a cited declaration has changed.",
        "Read it again: what is said of it may no longer be true.",
        "note",
    ),
    "go-notation": Rule(
        "A line of a `Go:` section is no reference.", "Write `path::Symbol`, one a line.", "error"
    ),
    "go-unknown": Rule(
        "A `Go:` section names no declaration.", "Name one that is there at the baseline tag.", "error"
    ),
    "differs-item": Rule(
        "An item of a `Differs:` section does not fit the grammar.", "Write `KIND NAME: reason`.", "error"
    ),
    "differs-without-go": Rule(
        "A `Differs:` section stands without a `Go:` section.", "Say what it differs from.", "error"
    ),
    "facts-differ": Rule(
        "The recorded facts are not those of the source.", "Record the baseline again.", "error"
    ),
    "parity-stale": Rule("A reason explains no difference.", "Remove the item from the `Differs:` section."),
}
_PARITY = Rule(
    "A counterpart differs from its original without a reason.",
    "Make it the same, or say why under `Differs:` of its docstring.",
    "error",
)


def document(checked: VerificationResult, locate: Callable[[str], str] = str) -> str:
    """Return the findings as a SARIF log of one run.

    Args:
        checked: What was verified.
        locate: Gives the path of a file from the repository's root.
    """
    results = [*_verdicts(checked, locate), *(_remark(remark, locate) for remark in checked.remarks)]
    notes = [_notification("warning", checked.stand_in)] if checked.stand_in else []
    return _log(results, {"executionSuccessful": True, "toolExecutionNotifications": notes})


def failure(sentence: str, exit_code: int) -> str:
    """Return the log of a run that could not verify anything; the sentence tells why."""
    notes = [_notification("error", sentence)]
    return _log(
        [], {"executionSuccessful": False, "exitCode": exit_code, "toolExecutionNotifications": notes}
    )


def _notification(level: str, sentence: str) -> dict[str, object]:
    return {"level": level, "message": {"text": printable(sentence)}}


def _log(results: Sequence[Mapping[str, object]], invocation: Mapping[str, object]) -> str:
    used = dict.fromkeys(str(result["ruleId"]) for result in results)
    driver = {"name": "annotator", "version": __version__, "rules": [_rule(name) for name in used]}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
        "results": results,
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode()


def _rule(name: str) -> dict[str, object]:
    rule = RULES.get(name, _PARITY)
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in name.split("-")),
        "shortDescription": {"text": rule.short},
        "fullDescription": {"text": f"{rule.short} {rule.help}"},
        "help": {"text": rule.help, "markdown": rule.help},
        "defaultConfiguration": {"level": rule.level},
    }


def _verdicts(checked: VerificationResult, locate: Callable[[str], str]) -> Iterator[dict[str, object]]:
    for verdict in checked.verdicts:
        file, region = locate(verdict.reference.file), _region(verdict.reference)
        if checked.is_finding(verdict):
            rule = f"reference-{verification_report.name(verdict.outcome)}"
            yield _result(rule, f"{_what(verdict)}: {verdict.outcome.reason}", file, region)
        if verification_report.has_changed_text(verdict):
            yield _result(
                "text-changed", f"{_what(verdict)}: {verification_report.TEXT_CHANGED}", file, region
            )


def _what(verdict: Verdict) -> str:
    reference = verdict.reference
    line = f":{reference.line}" if reference.line else ""
    return f"{reference.path}{line} {reference.symbol or ''}".strip()


def _remark(remark: Problem, locate: Callable[[str], str]) -> dict[str, object]:
    return _result(remark.rule, remark.message, locate(remark.file), {"startLine": max(remark.line, 1)})


def _region(reference: Reference) -> dict[str, int]:
    region = {"startLine": max(reference.at_line, 1)}
    if reference.at_column:
        region["startColumn"] = reference.at_column
        if reference.at_end > reference.at_column:
            region["endColumn"] = reference.at_end
    return region


def _result(rule: str, message: str, file: str, region: dict[str, int]) -> dict[str, object]:
    text = printable(message)
    artifact = {"uri": _uri(file)} | ({} if file.startswith("/") else {"uriBaseId": "SRCROOT"})
    # The finding stays the same one when lines above it are added: its text identifies it.
    mark = hashlib.sha256(f"{rule}\0{file}\0{text}".encode()).hexdigest()[:32]
    return {
        "ruleId": rule,
        "level": RULES.get(rule, _PARITY).level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "partialFingerprints": {"finding/v1": mark},
    }


def _uri(file: str) -> str:
    path = PurePosixPath(file).as_posix()
    return f"file://{quote(path)}" if path.startswith("/") else quote(path)
