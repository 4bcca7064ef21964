"""Findings as workflow commands of GitHub Actions, which annotate the lines of a change."""

from __future__ import annotations

from collections.abc import Callable

from annotator.errors import printable
from annotator.model.reference import VerificationResult
from annotator.reports import verification_report
from annotator.reports.findings import Finding, findings
from annotator.reports.verification_report import score_line, summary

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
_PROPERTY = _DATA | {":": "%3A", ",": "%2C"}


def document(
    checked: VerificationResult, locate: Callable[[str], str] = str, *, show_unread: bool = False
) -> str:
    """Return a command for each finding, and the figures in the last lines.

    Args:
        checked: What was verified.
        locate: Gives the path of a file from the repository's root.
        show_unread: Whether texts are told that look like references and are not read.
    """
    lines = [
        _finding(finding)
        for finding in findings(checked, locate, show_unread=show_unread)
        if finding.level != "none"
    ]
    lines += [_command("error", {"title": "unreadable"}, failure) for failure in checked.failures]
    if checked.verdicts:
        lines.append(score_line(summary(checked)))
    return "\n".join([*lines, verification_report.sentence(checked)])


def failure(sentence: str) -> str:
    """Return the command of a run that could not verify anything, with the reason in a sentence."""
    return _command("error", {"title": "annotator"}, sentence)


def _finding(finding: Finding) -> str:
    where: dict[str, object] = {"file": finding.file, "line": finding.line}
    if finding.column:
        where["col"] = finding.column
    if finding.end_column:
        where["endColumn"] = finding.end_column
    verdict, rule = finding.verdict, finding.rule
    title = f"{verdict}: {rule}" if verdict not in ("", rule) else rule
    return _command(_LEVELS[finding.level], where | {"title": title}, finding.message)


def _command(level: str, properties: dict[str, object], message: str) -> str:
    """Return a workflow command; what its grammar would read as syntax is escaped."""
    written = ",".join(f"{key}={_escaped(str(value), _PROPERTY)}" for key, value in properties.items())
    return f"::{level} {written}::{_escaped(message, _DATA)}"


def _escaped(words: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(char, char) for char in printable(words))
