"""Findings as SARIF."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

import msgspec

from annotator import __version__
from annotator.errors import printable
from annotator.model.reference import (
    Code,
    Missing,
    Mistaken,
    Problem,
    Reference,
    Unknown,
    Unread,
    Verdict,
    VerificationResult,
)
from annotator.reports import verification_report, verification_summary

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


class Rule(msgspec.Struct, frozen=True):
    """A kind of finding: its meaning, advice for the author, and its level."""

    short: str
    help: str
    level: str = "warning"


_WRITE = "Write the path and line that the message gives."
_NAME = "Cite the line of what is named, or name what stands in the line."

RULES: dict[str, Rule] = {
    Code.OK: Rule("A reference is where it is cited.", "There is nothing to do.", "none"),
    Code.MOVED: Rule("A cited symbol or line stands in another place.", _WRITE),
    Code.RENAMED: Rule(
        "A cited symbol has another name.", "Write the name, path and line that the message gives."
    ),
    Code.FILE_GONE: Rule(
        "A cited file is no longer there.",
        "Cite a tag at which it is there, or what took its place.",
        "error",
    ),
    Code.NO_SUCH_FILE: Rule("A cited file was never there.", "Correct the path.", "error"),
    Code.DECLARATION_GONE: Rule(
        "A cited declaration is no longer there, or not certainly.",
        "Cite a tag at which it is there, or what took its place.",
        "error",
    ),
    Code.NEVER_EXISTED: Rule(
        "A cited declaration was never there.", "Correct the path or the name.", "error"
    ),
    Code.PAST_END: Rule("A cited line is past the end of its file.", "Correct the line.", "error"),
    Code.AMBIGUOUS: Rule(
        "Several places fit a reference.", "Write the whole path, or the symbol, too.", "error"
    ),
    Code.TEXT_GONE: Rule(
        "The text of a cited line is no longer there.",
        "Cite a tag at which it is there, or what took its place.",
        "error",
    ),
    Code.CONTRADICTS_SYMBOL: Rule("A line is not one of the symbol that is cited with it.", _NAME, "error"),
    Code.CONTRADICTS_SENTENCE: Rule("A sentence names something else than the cited line.", _NAME, "error"),
    Code.CONTRADICTS_LABEL: Rule(
        "The words and the target of a link disagree.", "Make both say the same.", "error"
    ),
    Code.CONTRADICTS_LISTING: Rule(
        "The code that is shown is not the code that is cited.",
        "Cite the lines of the code, or show the code of the lines.",
        "error",
    ),
    Code.MALFORMED: Rule(
        "A reference cannot be read.", "Write `path:LINE`, `path:FIRST-LAST` or `path::Symbol`.", "error"
    ),
    Code.COMMIT_NOT_AVAILABLE: Rule(
        "The commit that a reference names is not in the repository.",
        "Correct it, or give `--source` a repository that has it.",
    ),
    Code.REF_NOT_AVAILABLE: Rule(
        "The tag or branch that a reference names is not in the repository.",
        "Correct it, or give `--source` a repository that has it.",
    ),
    Code.ORIGIN_UNKNOWN: Rule(
        "It is not known at which tag a reference was true.", "Name the tag, or give `--written-at`."
    ),
    Code.PROGRAM_OUTPUT: Rule("A reference stands in the output of a program.", "There is nothing to do."),
    Code.OTHER_REPOSITORY: Rule(
        "A reference cites another repository.", "Name that repository in the settings to check it, too."
    ),
    Code.FOLLOWS_BRANCH: Rule(
        "A link follows a branch, so its lines change.", "Cite a tag or a commit instead of a branch."
    ),
    "text-changed": Rule(
        "The text of a cited declaration has changed.",
        "Read it again: what is said of it may no longer be true.",
        "note",
    ),
    "unread": Rule(
        "A text looks like a reference, in a form that is not read.", "Write `path:LINE` or `path::Symbol`."
    ),
    "stale-manifest-entry": Rule(
        "A manifest has an entry whose citation is not in the article.",
        "Remove the entry from the manifest, or cite it in the article.",
        "error",
    ),
    "line-note": Rule(
        "A footnote of a text names no line of the source.",
        "Quote text that is in one line of the declaration.",
        "error",
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


def document(
    checked: VerificationResult, locate: Callable[[str], str] = str, *, show_unread: bool = False
) -> str:
    """Return the findings as a SARIF log of one run.

    Args:
        checked: What was verified.
        locate: Gives the path of a file from the repository's root.
        show_unread: Whether texts are told that look like references and are not read.
    """
    problems = (*checked.problems, *checked.remarks)
    results = [*_verdicts(checked, locate), *(_problem(problem, locate) for problem in problems)]
    if show_unread or checked.is_unread_finding:
        results += [_unread(text, locate, is_finding=checked.is_unread_finding) for text in checked.unread]
    notes = [_notification("warning", checked.stand_in)] if checked.stand_in else []
    notes += [_notification("error", failure) for failure in checked.failures]
    figures = verification_summary.summary(checked)
    properties = {
        "summary": figures,
        "score": verification_summary.score(figures),
        "files": verification_summary.by_file(checked),
    }
    invocation = {"executionSuccessful": not checked.failures, "toolExecutionNotifications": notes}
    return _log(results, invocation, properties)


def failure(sentence: str, exit_code: int) -> str:
    """Return the log of a run that could not verify anything, with the reason in a sentence."""
    notes = [_notification("error", sentence)]
    return _log(
        [], {"executionSuccessful": False, "exitCode": exit_code, "toolExecutionNotifications": notes}
    )


def _notification(level: str, sentence: str) -> dict[str, object]:
    return {"level": level, "message": {"text": printable(sentence)}}


def _log(
    results: Sequence[Mapping[str, object]],
    invocation: Mapping[str, object],
    properties: Mapping[str, object] | None = None,
) -> str:
    used = dict.fromkeys(str(result["ruleId"]) for result in results)
    driver = {"name": "annotator", "version": __version__, "rules": [_rule(name) for name in used]}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
        "results": results,
    } | ({"properties": properties} if properties else {})
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode()


def _rule(name: str) -> dict[str, object]:
    rule = RULES.get(name, _PARITY)
    return {
        "id": name,
        # Of one word it would be the id again, which SARIF does not allow.
        "name": "".join(
            part.capitalize() for part in (name if "-" in name else f"reference-{name}").split("-")
        ),
        "shortDescription": {"text": rule.short},
        "fullDescription": {"text": f"{rule.short} {rule.help}"},
        "help": {"text": rule.help, "markdown": rule.help},
        "defaultConfiguration": {"level": rule.level},
    }


def _verdicts(checked: VerificationResult, locate: Callable[[str], str]) -> Iterator[dict[str, object]]:
    for verdict in checked.verdicts:
        file, region = locate(verdict.reference.file), _region(verdict.reference)
        message = f"{_what(verdict)}: {verdict.outcome.reason}"
        if checked.is_place_finding(verdict):
            level = "error" if isinstance(verdict.outcome, Missing | Mistaken) else "warning"
            yield _result(verdict.outcome.code, message, file, region, level)
        elif isinstance(verdict.outcome, Unknown) and verdict.outcome.code is not Code.PROGRAM_OUTPUT:
            yield _result(verdict.outcome.code, message, file, region, "none", kind="open")
        if verdict.has_changed_text:
            level = "warning" if checked.is_changed_finding(verdict) else "note"
            message = f"{_what(verdict)}: {verification_report.TEXT_CHANGED}"
            yield _result("text-changed", message, file, region, level)


def _unread(text: Unread, locate: Callable[[str], str], *, is_finding: bool) -> dict[str, object]:
    region = {"startLine": max(text.at_line, 1)} | ({"startColumn": text.at_column} if text.at_column else {})
    message, file = f"not read: {text.text}", locate(text.file)
    if is_finding:
        return _result("unread", message, file, region, "warning")
    return _result("unread", message, file, region, "none", kind="review")


def _what(verdict: Verdict) -> str:
    reference = verdict.reference
    line = f":{reference.line}" if reference.line else ""
    return f"{reference.path}{line} {reference.symbol or ''}".strip()


def _problem(problem: Problem, locate: Callable[[str], str]) -> dict[str, object]:
    region, level = {"startLine": max(problem.line, 1)}, RULES.get(problem.rule, _PARITY).level
    return _result(problem.rule, problem.message, locate(problem.file), region, level)


def _region(reference: Reference) -> dict[str, int]:
    region = {"startLine": max(reference.at_line, 1)}
    if reference.at_column:
        region["startColumn"] = reference.at_column
        if reference.at_end > reference.at_column:
            region["endColumn"] = reference.at_end
    return region


def _result(
    rule: str, message: str, file: str, region: dict[str, int], level: str, kind: str = "fail"
) -> dict[str, object]:
    text = printable(message)
    artifact = {"uri": _uri(file)} | ({} if file.startswith("/") else {"uriBaseId": "SRCROOT"})
    # The finding stays the same one when lines above it are added: its text identifies it.
    mark = hashlib.sha256(f"{rule}\0{file}\0{text}".encode()).hexdigest()[:32]
    return {
        "ruleId": rule,
        "kind": kind,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "partialFingerprints": {"finding/v1": mark},
    }


def _uri(file: str) -> str:
    path = PurePosixPath(file).as_posix()
    return f"file://{quote(path)}" if path.startswith("/") else quote(path)
