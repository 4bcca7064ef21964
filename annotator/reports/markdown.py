"""`verify` as Markdown for pull requests and job summaries; foreign words are made inert."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from annotator.errors import printable, shortened
from annotator.model.reference import VerificationResult
from annotator.reports import verification_report
from annotator.reports.findings import Finding, findings
from annotator.reports.verification_report import score_line, summary

# Issue trackers act on these after Markdown has been read: only a character in between stops them.
_CALLS = re.compile(r"@(?=\w)|#(?=\d)")

# Addresses become links unless they are broken up, too.
_MARKS = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@]|:(?=//)|(?<=www)\.)", re.IGNORECASE)
_TICKS = re.compile("`+")


def code(words: str) -> str:
    """Return words as an inline code span; they may hold backticks."""
    shown = printable(words) or " "
    ticks = "`" * (1 + _longest_ticks(shown))
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def escaped(words: str) -> str:
    """Return words as plain text, free of Markdown, HTML, mentions of people and links to issues."""
    inert = _CALLS.sub("\\g<0>\N{ZERO WIDTH SPACE}", printable(words))
    return _MARKS.sub(r"\\\1", inert)


def fenced(language: str, lines: str) -> str:
    """Return lines as a block of code; they may hold fences."""
    fence = "`" * max(3, 1 + _longest_ticks(lines))
    body = lines.rstrip("\n")
    return f"{fence}{language}\n{body}\n{fence}"


def _longest_ticks(words: str) -> int:
    return max(map(len, _TICKS.findall(words)), default=0)


LONGEST = 65_000
"""Bytes of a report; GitHub takes 65,536 characters, and the comment has a mark of its own."""

_TOO_LONG = "The patch is too long to be shown; `annotator verify --update` makes these changes."
_HOW = "Save it as a file and run `git apply FILE`, or run `annotator verify --update`."
_ITEM = 600
_FEW = 20
_REST = 1000
"""Bytes kept free for headings and for what is said of the rest."""


def document(checked: VerificationResult, locate: Callable[[str], str] = str, *, patch: str = "") -> str:
    """Return broken and changed references and the patch of all certain fixes, if they have room."""
    told = [each for each in findings(checked, locate) if each.level != "none"]
    broken = [each for each in told if each.level != "note"]
    notes = [each for each in told if each.level == "note"]
    blocks = [f"### References into {code(checked.repository)} at {code(checked.tag)}"]
    blocks += [escaped(verification_report.sentence(checked)) + "."]
    if checked.verdicts:
        score = score_line(summary(checked))
        blocks.append(escaped(score[:1].upper() + score[1:]) + ".")
    blocks += [f"- {escaped(shortened(failure))}" for failure in checked.failures[:_FEW]]
    for title, section in (("What broke", broken), ("What changed", notes)):
        blocks += _section(title, section, room=LONGEST - _size(blocks) - _REST)
    if patch:
        shown = _patch(patch)
        blocks.append(shown if _size([*blocks, shown]) <= LONGEST else _TOO_LONG)
    return "\n\n".join(blocks)


def failure(sentence: str) -> str:
    """Return the report of a run that could not verify anything, with the reason in a sentence."""
    return f"### References could not be verified\n\n{escaped(shortened(sentence, _ITEM))}"


def _section(title: str, told: Sequence[Finding], room: int) -> list[str]:
    """Return a heading and a list, which ends with a count of the items that have no room."""
    shown: list[str] = []
    for number, finding in enumerate(told):
        item = _item(finding)
        room -= _size([item])
        if room < 0:
            shown.append(f"- … and {len(told) - number:,} more")
            break
        shown.append(item)
    return [f"**{title}**", "\n".join(shown)] if shown else []


def _item(finding: Finding) -> str:
    where = shortened(f"{finding.file}:{finding.line}")
    return f"- {code(where)} {finding.verdict or finding.rule}: {escaped(shortened(finding.message, _ITEM))}"


def _patch(patch: str) -> str:
    files = patch.count("\ndiff --git ") + 1
    summary = f"Patch for {files:,} file{'s' if files > 1 else ''}"
    return f"<details><summary>{summary}</summary>\n\n{fenced('diff', patch)}\n\n{_HOW}\n\n</details>"


def _size(blocks: Iterable[str]) -> int:
    return sum(len(block.encode("utf-8", "replace")) + 2 for block in blocks)
