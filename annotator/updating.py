"""Stale references rewritten in place, as far as that is sure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from annotator.cited import article, bytes_of, name_of, read
from annotator.errors import InvalidInput
from annotator.judging import is_branch, verdict, verdicts
from annotator.model import (
    Missing,
    Moved,
    Renamed,
    Verdict,
    Verified,
)
from annotator.session import Session


class Update(msgspec.Struct, frozen=True):
    """A file's text before and after the rewrite, how many stale references are left, and how many it has."""

    file: Path
    name: str
    before: str
    after: str
    left: int
    references: int


def updates(at: Session, files: Iterable[Path]) -> Iterator[Update]:
    """What `verify --update` would write: only what is verified after it was rewritten.

    Raises:
        InvalidInput: A file cannot be read, or is not in UTF-8.
        SourceUnavailable: The source cannot be read.
    """
    for file in files:
        try:
            before = bytes_of(file).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{file}: not in UTF-8; only such files are rewritten") from error
        references = article(at.project, file).references
        judged = enumerate(verdicts(at, references))
        stale = {n: _floating(at, v) for n, v in judged if isinstance(v.outcome, Moved | Renamed | Missing)}
        after, done = _sure(at, file, before, stale)
        yield Update(file, name_of(at.project, file), before, after, len(stale) - len(done), len(references))


def _floating(at: Session, verdict: Verdict) -> Verdict:
    """Drop the ref of a link to a branch: the link keeps following the branch after the rewrite."""
    reference = verdict.reference
    if reference.ref is None or not is_branch(at, reference.ref):
        return verdict
    return msgspec.structs.replace(verdict, reference=msgspec.structs.replace(reference, ref=None))


def _sure(at: Session, file: Path, before: str, stale: Mapping[int, Verdict]) -> tuple[str, set[int]]:
    """The text in which every rewritten reference, read again, is where it says."""
    from annotator.writing import updating

    wanted = dict(stale)
    while wanted:
        after, done = updating.updated(before, wanted, at.tag)
        after = _retagged(at, file, after) if len(done) == len(stale) else after
        again = read(at.project, file, after.encode()).references
        good = {n for n in done if n < len(again) and isinstance(verdict(at, again[n]).outcome, Verified)}
        if good == set(wanted):
            return after, good
        wanted = {number: stale[number] for number in good}
    return before, set()


def _retagged(at: Session, file: Path, text: str) -> str:
    """A manifest all of whose references were rewritten is one of the new tag."""
    if file.suffix != ".toml":
        return text
    written = json.dumps(at.tag, ensure_ascii=False)
    return re.sub(r"(?m)^(tag\s*=\s*)(?:\"[^\"\n]*\"|'[^'\n]*')", lambda m: m[1] + written, text, count=1)
