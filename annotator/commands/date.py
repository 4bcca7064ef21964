"""`date`: at which tags the references of an article are exact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.text import Text as Styled

from annotator.articles.article_files import article
from annotator.errors import InvalidInput, counted, printable
from annotator.model.reference import Dating, Mismatch
from annotator.project_source import Session
from annotator.reports import indented_json
from annotator.tracking import dating

VERSION = 1
"""Version of the JSON; it grows when a field goes or gets another meaning."""

_SHOWN_MISMATCHES = 3


def date(at: Session, file: Path) -> Dating:
    """Return the tags at which an article's references are exact.

    Raises:
        InvalidInput: The article cannot be read, or cites nothing.
    """
    read = article(at.project, file, at.own_names)
    if all(reference.repository is not None for reference in read.references):
        raise InvalidInput(f"{file}: no reference into {at.source.repository} is found in it")
    return dating.date_references(at, read.references)


# ── Reports ──────────────────────────────────────────────────────────────────────────────────────
class ExactFields(msgspec.Struct, frozen=True):
    """How many references are exact at a tag."""

    tag: str
    exact: int


class MismatchFields(msgspec.Struct, frozen=True):
    """A reference that is not exact at a tag, and why."""

    path: str
    symbol: str | None
    line: int | None
    reason: str


class NearFields(msgspec.Struct, frozen=True):
    """A tag at which not all references are exact, and those that are not."""

    tag: str
    exact: int
    off: tuple[MismatchFields, ...]


class DateReport(msgspec.Struct, frozen=True):
    """The tags at which the references of documents are exact.

    `silent` counts references that cite a line and tell no tag from another.
    """

    schema_version: int
    references: int
    silent: int
    tags: tuple[ExactFields, ...]
    best: tuple[str, ...]
    near: tuple[NearFields, ...]


def json(found: Dating) -> str:
    """Return the result as JSON."""
    exact = tuple(ExactFields(each.tag, each.exact) for each in found.tags)
    near = tuple(NearFields(each.tag, each.exact, tuple(map(_mismatch, each.off))) for each in found.near)
    return indented_json(DateReport(VERSION, found.references, found.silent, exact, tuple(found.best), near))


def _mismatch(off: Mismatch) -> MismatchFields:
    cited = off.reference
    return MismatchFields(cited.path, cited.symbol, cited.line, off.reason)


def text(found: Dating) -> Iterator[Styled]:
    """Return lines for a terminal: the best tags, then the nearest others with their mismatches."""
    exact = {each.tag: each.exact for each in found.tags}
    telling = found.references - found.silent
    references = counted(found.references, "reference")
    if not found.best:
        yield Styled(f"none of {references} is exact at any of {counted(len(found.tags), 'tag')}")
        return
    most = exact[found.best[0]]
    yield Styled.assemble(
        (f"{most} of {telling}", "green"), f" references are exact at {counted(len(found.best), 'tag')}:"
    )
    yield Styled(f"  {printable(' '.join(found.best))}")
    if found.silent:
        cite = "cites a line" if found.silent == 1 else "cite lines"
        yield Styled(f"  {found.silent} more {cite} that tell no tag from another")
    for each in found.near:
        yield Styled.assemble((f"{each.exact} of {telling}", "yellow"), f" at {printable(each.tag)}; off:")
        for off in each.off[:_SHOWN_MISMATCHES]:
            yield Styled(f"  {printable(off.reason)}")
        if len(each.off) > _SHOWN_MISMATCHES:
            yield Styled(f"  and {len(each.off) - _SHOWN_MISMATCHES} more")
