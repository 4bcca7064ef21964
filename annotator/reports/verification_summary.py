"""Figures of a verification: how many references have each verdict, in all and by file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from annotator.model.reference import VERDICTS, Verdict, VerificationResult


class Summary(msgspec.Struct, frozen=True):
    """How many references have each verdict; these seven numbers share out all references.

    `changed` counts those among them that are there with another text, `unread` texts that look like
    references and are not read, `ignored` references that their authors excluded by a mark.
    """

    verified: int = 0
    moved: int = 0
    renamed: int = 0
    missing: int = 0
    mistaken: int = 0
    unknown: int = 0
    skipped: int = 0
    changed: int = 0
    unread: int = 0
    ignored: int = 0

    @property
    def by_verdict(self) -> Mapping[str, int]:
        """The number of each verdict, in the order of reports."""
        return {verdict: getattr(self, verdict) for verdict in VERDICTS}

    @property
    def references(self) -> int:
        """The number of all references that were read."""
        return sum(self.by_verdict.values())


class Score(msgspec.Struct, frozen=True):
    """The truth score: the share of each verdict in all references that were read, from 0 to 1.

    The first seven add up to 1; `changed` is a figure of its own, as any reference that is there may
    have another text.
    """

    verified: float = 0.0
    moved: float = 0.0
    renamed: float = 0.0
    missing: float = 0.0
    mistaken: float = 0.0
    unknown: float = 0.0
    skipped: float = 0.0
    changed: float = 0.0


class FileSummary(msgspec.Struct, frozen=True):
    """The figures of one document."""

    file: str
    summary: Summary
    score: Score


def summary(result: VerificationResult) -> Summary:
    """Return the figures of all references."""
    return _summary(result.verdicts, len(result.unread), len(result.ignored))


def by_file(result: VerificationResult) -> tuple[FileSummary, ...]:
    """Return the figures of each document, in the order in which they were read."""
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in result.verdicts:
        verdicts[verdict.reference.file].append(verdict)
    unread = Counter(text.file for text in result.unread)
    ignored = Counter(reference.file for reference in result.ignored)
    summaries = {
        file: _summary(verdicts[file], unread[file], ignored[file])
        for file in dict.fromkeys((*result.files, *tuple(verdicts)))
    }
    return tuple(FileSummary(file, found, score(found)) for file, found in summaries.items())


def score(counted: Summary) -> Score:
    """Return the truth score of some figures; of no reference it is 0 throughout."""
    references = counted.references
    if not references:
        return Score()
    shares = {name: getattr(counted, name) / references for name in Score.__struct_fields__}
    return Score(**{name: round(share, 4) for name, share in shares.items()})


def percent(counted: int, references: int) -> str:
    """Return a share for people: `62.5 %`; only none is 0 %, and only all is 100 %."""
    if not references:
        return "0 %"
    tenths = round(1000 * counted / references)
    tenths = min(max(tenths, int(counted > 0)), 1000 - int(counted < references))
    return f"{tenths / 10:g} %"


def score_line(counted: Summary) -> str:
    """Return the truth score in one line, without verdicts that no reference has."""
    references = counted.references
    shares = [f"{percent(n, references)} {verdict}" for verdict, n in counted.by_verdict.items() if n]
    changed = f"; {percent(counted.changed, references)} with a changed text" if counted.changed else ""
    return f"truth score: {', '.join(shares) or 'nothing read'}{changed}"


def _summary(verdicts: Iterable[Verdict], unread: int, ignored: int) -> Summary:
    counted = Counter[str]()
    for verdict in verdicts:
        counted[verdict.name] += 1
        counted["changed"] += verdict.has_changed_text
    return Summary(**counted, unread=unread, ignored=ignored)
