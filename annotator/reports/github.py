"""Findings as workflow commands of GitHub Actions, which annotate the lines of a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from annotator.errors import printable
from annotator.model.reference import Missing, Mistaken, Problem, Verdict, VerificationResult
from annotator.reports import verification_report, verification_summary

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
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
    lines = [line for verdict in checked.verdicts for line in _verdict(checked, verdict, locate)]
    lines += [_problem(problem, locate) for problem in (*checked.problems, *checked.remarks)]
    level = "error" if checked.is_unread_finding else "notice"
    for unread in checked.unread if show_unread or checked.is_unread_finding else ():
        where = {"file": locate(unread.file), "line": unread.at_line, "col": unread.at_column}
        lines.append(_command(level, where | {"title": "unread"}, f"not read: {unread.text}"))
    lines += [_command("error", {"title": "unreadable"}, failure) for failure in checked.failures]
    if checked.verdicts:
        lines.append(verification_summary.score_line(verification_summary.summary(checked)))
    return "\n".join([*lines, verification_report.sentence(checked)])


def failure(sentence: str) -> str:
    """Return the command of a run that could not verify anything, with the reason in a sentence."""
    return _command("error", {"title": "annotator"}, sentence)


def _verdict(checked: VerificationResult, verdict: Verdict, locate: Callable[[str], str]) -> Iterator[str]:
    reference, outcome = verdict.reference, verdict.outcome
    where: dict[str, object] = {"file": locate(reference.file), "line": max(reference.at_line, 1)}
    if reference.at_column:
        where["col"] = reference.at_column
        if reference.at_end > reference.at_column:
            where["endColumn"] = reference.at_end
    if checked.is_place_finding(verdict):
        level = "error" if isinstance(outcome, Missing | Mistaken) else "warning"
        title = f"{verdict.name}: {outcome.code}" if verdict.name != outcome.code else verdict.name
        yield _command(level, where | {"title": title}, f"{_cited(verdict)}: {outcome.reason}")
    if verdict.has_changed_text:
        level = "warning" if checked.is_changed_finding(verdict) else "notice"
        message = f"{_cited(verdict)}: {verification_report.TEXT_CHANGED}"
        yield _command(level, where | {"title": "text-changed"}, message)


def _problem(problem: Problem, locate: Callable[[str], str]) -> str:
    where = {"file": locate(problem.file), "line": max(problem.line, 1), "title": problem.rule}
    return _command("error", where, problem.message)


def _cited(verdict: Verdict) -> str:
    reference = verdict.reference
    line = f":{reference.line}" if reference.line else ""
    return f"{reference.path}{line} {reference.symbol or ''}".strip()


def _command(level: str, properties: dict[str, object], message: str) -> str:
    """Return a workflow command; what its grammar would read as syntax is escaped."""
    written = ",".join(f"{key}={_escaped(str(value), _PROPERTY)}" for key, value in properties.items())
    return f"::{level} {written}::{_escaped(message, _DATA)}"


def _escaped(words: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(char, char) for char in printable(words))
