"""Findings as SARIF."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

import msgspec

from annotator import __version__
from annotator.errors import printable
from annotator.model.reference import VerificationResult
from annotator.reports import verification_report
from annotator.reports.findings import Finding, findings, rule_of

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def document(
    checked: VerificationResult, locate: Callable[[str], str] = str, *, show_unread: bool = False
) -> str:
    """Return the findings as a SARIF log of one run.

    Args:
        checked: What was verified.
        locate: Gives the path of a file from the repository's root.
        show_unread: Whether texts are told that look like references and are not read.
    """
    results = [_result(finding) for finding in findings(checked, locate, show_unread=show_unread)]
    notes = [_notification("warning", checked.stand_in)] if checked.stand_in else []
    notes += [_notification("error", failure) for failure in checked.failures]
    figures = verification_report.summary(checked)
    properties = {
        "summary": figures,
        "score": verification_report.score(figures),
        "files": verification_report.by_file(checked),
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
    rule = rule_of(name)
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


def _result(finding: Finding) -> dict[str, object]:
    text, file = printable(finding.message), finding.file
    artifact = {"uri": _uri(file)} | ({} if file.startswith("/") else {"uriBaseId": "SRCROOT"})
    region = {"startLine": finding.line}
    if finding.column:
        region["startColumn"] = finding.column
    if finding.end_column:
        region["endColumn"] = finding.end_column
    is_review = (finding.rule, finding.level) == ("unread", "note")
    return {
        "ruleId": finding.rule,
        "kind": "review" if is_review else "open" if finding.level == "none" else "fail",
        "level": "none" if is_review else finding.level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "partialFingerprints": {"finding/v1": finding.fingerprint},
    }


def _uri(file: str) -> str:
    path = PurePosixPath(file).as_posix()
    return f"file://{quote(path)}" if path.startswith("/") else quote(path)
