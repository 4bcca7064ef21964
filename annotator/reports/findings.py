"""Findings of a verification with their kinds, as reports for other tools list them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import msgspec

from annotator.errors import printable
from annotator.model.reference import Code, Missing, Mistaken, Unknown, Verdict, VerificationResult
from annotator.reports import verification_report


class Rule(msgspec.Struct, frozen=True):
    """A kind of finding: its meaning, advice for the author, and its level."""

    short: str
    help: str
    level: str = "error"


_WRITE = "Write the path and line that the message gives."
_GONE = "Cite a tag at which it is there, or what took its place."
_LACKING = "Correct it, or give `--source` a repository that has it."
_NAME = "Cite the line of what is named, or name what stands in the line."

RULES: dict[str, Rule] = {
    Code.OK: Rule("A reference is where it is cited.", "There is nothing to do.", "none"),
    Code.MOVED: Rule("A cited symbol or line stands in another place.", _WRITE, "warning"),
    Code.RENAMED: Rule(
        "A cited symbol has another name.", "Write the name, path and line that the message gives.", "warning"
    ),
    Code.FILE_GONE: Rule("A cited file is no longer there.", _GONE),
    Code.NO_SUCH_FILE: Rule("A cited file was never there.", "Correct the path."),
    Code.DECLARATION_GONE: Rule("A cited declaration is no longer there, or not certainly.", _GONE),
    Code.NEVER_EXISTED: Rule("A cited declaration was never there.", "Correct the path or the name."),
    Code.PAST_END: Rule("A cited line is past the end of its file.", "Correct the line."),
    Code.AMBIGUOUS: Rule("Several places fit a reference.", "Write the whole path, or the symbol, too."),
    Code.TEXT_GONE: Rule("The text of a cited line is no longer there.", _GONE),
    Code.CONTRADICTS_SYMBOL: Rule("A line is not one of the symbol that is cited with it.", _NAME),
    Code.CONTRADICTS_SENTENCE: Rule("A sentence names something else than the cited line.", _NAME),
    Code.CONTRADICTS_LABEL: Rule("The words and the target of a link disagree.", "Make both say the same."),
    Code.CONTRADICTS_LISTING: Rule(
        "The code that is shown is not the code that is cited.",
        "Cite the lines of the code, or show the code of the lines.",
    ),
    Code.MALFORMED: Rule(
        "A reference cannot be read.", "Write `path:LINE`, `path:FIRST-LAST` or `path::Symbol`."
    ),
    Code.COMMIT_NOT_AVAILABLE: Rule(
        "The commit that a reference names is not in the repository.", _LACKING, "warning"
    ),
    Code.REF_NOT_AVAILABLE: Rule(
        "The tag or branch that a reference names is not in the repository.", _LACKING, "warning"
    ),
    Code.ORIGIN_UNKNOWN: Rule(
        "It is not known at which tag a reference was true.",
        "Name the tag, or give `--written-at`.",
        "warning",
    ),
    Code.PROGRAM_OUTPUT: Rule(
        "A reference stands in the output of a program.", "There is nothing to do.", "warning"
    ),
    Code.OTHER_REPOSITORY: Rule(
        "A reference cites another repository.",
        "Name that repository in the settings to check it, too.",
        "warning",
    ),
    Code.FOLLOWS_BRANCH: Rule(
        "A link follows a branch, so its lines change.",
        "Cite a tag or a commit instead of a branch.",
        "warning",
    ),
    "text-changed": Rule(
        "The text of a cited declaration has changed.",
        "Read it again: what is said of it may no longer be true.",
        "note",
    ),
    "unread": Rule(
        "A text looks like a reference, in a form that is not read.",
        "Write `path:LINE` or `path::Symbol`.",
        "warning",
    ),
    "stale-manifest-entry": Rule(
        "A manifest has an entry whose citation is not in the article.",
        "Remove the entry from the manifest, or cite it in the article.",
    ),
    "line-note": Rule(
        "A footnote of a text names no line of the source.",
        "Quote text that is in one line of the declaration.",
    ),
    "go-notation": Rule("A line of a `Go:` section is no reference.", "Write `path::Symbol`, one a line."),
    "go-unknown": Rule(
        "A `Go:` section names no declaration.", "Name one that is there at the baseline tag."
    ),
    "differs-item": Rule(
        "An item of a `Differs:` section does not fit the grammar.", "Write `KIND NAME: reason`."
    ),
    "differs-without-go": Rule(
        "A `Differs:` section stands without a `Go:` section.", "Say what it differs from."
    ),
    "facts-differ": Rule("The recorded facts are not those of the source.", "Record the baseline again."),
    "parity-stale": Rule(
        "A reason explains no difference.", "Remove the item from the `Differs:` section.", "warning"
    ),
}
PARITY = Rule(
    "A counterpart differs from its original without a reason.",
    "Make it the same, or say why under `Differs:` of its docstring.",
)


def rule_of(name: str) -> Rule:
    """Return a kind of finding by its name; a name that no other kind has is one of a comparison."""
    return RULES.get(name, PARITY)


class Finding(msgspec.Struct, frozen=True):
    """A place in a document and a message about it.

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
    """Yield all findings, document by document in the order of the references."""
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
