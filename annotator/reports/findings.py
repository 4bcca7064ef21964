"""What a verification has to tell, one finding each, as reports for other tools list it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import msgspec

from annotator.errors import printable
from annotator.model.reference import Code, Missing, Mistaken, Unknown, Verdict, VerificationResult
from annotator.reports import verification_report
from annotator.reports.rules import rule_of


class Finding(msgspec.Struct, frozen=True):
    """A place in a document and what is to be told of it.

    Attributes:
        rule: The reason code, or the rule of a problem.
        level: `error`, `warning`, `note`, or `none` for what is open.
        message: One sentence.
        file: The path of the document.
        line: 1-based line there.
        column: 1-based column there in characters; 0 where it is not known.
        end_column: Column after the last character; 0 where it is not known.
        verdict: The verdict of a reference that is not where it is cited, or "".
    """

    rule: str
    level: str
    message: str
    file: str
    line: int
    column: int = 0
    end_column: int = 0
    verdict: str = ""

    @property
    def fingerprint(self) -> str:
        """A name for the finding that stays when lines above it are added."""
        named = f"{self.rule}\0{self.file}\0{printable(self.message)}"
        return hashlib.sha256(named.encode()).hexdigest()[:32]


def findings(
    checked: VerificationResult, locate: Callable[[str], str] = str, *, show_unread: bool = False
) -> Iterator[Finding]:
    """Yield everything there is to tell, document by document in the order of the references.

    Args:
        checked: What was verified.
        locate: Gives the path of a file from the repository's root.
        show_unread: Whether texts are told that look like references and are not read.
    """
    for verdict in checked.verdicts:
        yield from _of_verdict(checked, verdict, locate)
    for problem in (*checked.problems, *checked.remarks):
        level, line = rule_of(problem.rule).level, max(problem.line, 1)
        yield Finding(problem.rule, level, problem.message, locate(problem.file), line)
    level = "warning" if checked.is_unread_finding else "note"
    for text in checked.unread if show_unread or checked.is_unread_finding else ():
        where = (locate(text.file), max(text.at_line, 1), text.at_column)
        yield Finding("unread", level, f"not read: {text.text}", *where)


def _of_verdict(
    checked: VerificationResult, verdict: Verdict, locate: Callable[[str], str]
) -> Iterator[Finding]:
    reference, outcome = verdict.reference, verdict.outcome
    line = f":{reference.line}" if reference.line else ""
    cited = f"{reference.path}{line} {reference.symbol or ''}".strip()
    end = reference.at_end if reference.at_column and reference.at_end > reference.at_column else 0
    where = (locate(reference.file), max(reference.at_line, 1), reference.at_column, end)
    if checked.is_place_finding(verdict):
        level = "error" if isinstance(outcome, Missing | Mistaken) else "warning"
        yield Finding(outcome.code, level, f"{cited}: {outcome.reason}", *where, verdict.name)
    elif isinstance(outcome, Unknown) and outcome.code is not Code.PROGRAM_OUTPUT:
        yield Finding(outcome.code, "none", f"{cited}: {outcome.reason}", *where)
    if verdict.has_changed_text:
        level = "warning" if checked.is_changed_finding(verdict) else "note"
        yield Finding("text-changed", level, f"{cited}: {verification_report.TEXT_CHANGED}", *where)
