"""At which tags the references of an article are exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from annotator.errors import SourceUnavailable
from annotator.golang.source_tree import parse_blobs, parsed_files
from annotator.model.go import Declaration, GoFile
from annotator.model.reference import Dating, Mismatch, Reference, TagFit
from annotator.repository import tag_snapshots
from annotator.repository.versions import versions
from annotator.session import Session
from annotator.tracking.lookup import first_line, named

# How many tags that are not among the best are worth telling.
NEAR = 6


def date_references(at: Session, references: Sequence[Reference]) -> Dating:
    """Return the tags at which the references of an article are exact.

    Raises:
        SourceUnavailable: The source cannot be read, or has no version tags.
    """
    tags = versions(at.source.tags())
    if not tags:
        raise SourceUnavailable(f"{at.source.repository} has no version tags to date an article by")
    paths = list(dict.fromkeys(ref.path for ref in references if ref.repository is None))
    files = tag_snapshots.files_at(at.source, tags, paths, at.warn)
    go = {blob for found in files.values() for path, blob in found.items() if path.endswith(".go")}

    def parse_missing(missing: list[str]) -> Mapping[str, GoFile]:
        return parse_blobs(tag_snapshots.contents(at.source, tags, files, set(missing)))

    return date(references, files, parsed_files(at.cache, go, parse_missing))


class _FileFit(msgspec.Struct, frozen=True):
    """How a reference fits one version of its file; `strong` if a declaration confirms it."""

    exact: bool
    strong: bool
    reason: str = ""


def date(
    references: Sequence[Reference],
    at: Mapping[str, Mapping[str, str]],
    documents: Mapping[str, GoFile],
) -> Dating:
    """How well each tag fits the references.

    Args:
        references: What an article cites.
        at: For each tag the blob ids of the cited files, by path.
        documents: What those blobs say; a blob without a document is no Go file.
    """
    own = [each for each in references if each.repository is None and not each.is_of_package]
    sights: dict[tuple[int, str], _FileFit] = {}
    for files in at.values():
        for number, reference in enumerate(own):
            key = (number, files.get(reference.path, ""))
            if key not in sights:
                sights[key] = _seen(reference, documents.get(key[1]), present=bool(key[1]))
    telling = [
        number
        for number, reference in enumerate(own)
        if reference.symbol is not None
        or any(sight.strong for (other, _), sight in sights.items() if other == number)
    ]
    found = tuple(_dated(tag, files, own, telling, sights) for tag, files in at.items())
    most = max((dated.exact for dated in found), default=0)
    best = tuple(dated.tag for dated in found if dated.exact == most and most)
    return Dating(len(references), len(references) - len(telling), found, best, _near(found, set(best)))


def _near(found: Sequence[TagFit], best: set[str]) -> tuple[TagFit, ...]:
    """Return the next best tags; among equals, those nearest to one of the best."""
    places = [place for place, dated in enumerate(found) if dated.tag in best]
    others = [
        (-dated.exact, min(abs(place - other) for other in places), place)
        for place, dated in enumerate(found)
        if places and dated.tag not in best and dated.exact
    ]
    return tuple(found[place] for _, _, place in sorted(others)[:NEAR])


def _dated(
    tag: str,
    files: Mapping[str, str],
    references: Sequence[Reference],
    telling: Sequence[int],
    sights: Mapping[tuple[int, str], _FileFit],
) -> TagFit:
    seen = [(references[n], sights[n, files.get(references[n].path, "")]) for n in telling]
    exact = [sight.exact and (sight.strong or reference.symbol is not None) for reference, sight in seen]
    off = tuple(
        Mismatch(reference, sight.reason or "another declaration begins or ends there")
        for (reference, sight), fits in zip(seen, exact, strict=True)
        if not fits
    )
    return TagFit(tag, sum(exact), off)


def _seen(reference: Reference, document: GoFile | None, *, present: bool) -> _FileFit:
    if not present:
        return _FileFit(exact=False, strong=False, reason=f"{reference.path} is not there")
    if document is None:
        return _FileFit(exact=True, strong=False)
    if reference.symbol is not None:
        return _seen_symbol(reference, reference.symbol, document)
    last = reference.end_line or reference.line or 1
    if last > document.lines:
        return _FileFit(exact=False, strong=False, reason=f"the file has {document.lines} lines")
    strong = any(_delimits(d, reference) for d in document.walk())
    return _FileFit(exact=True, strong=strong)


def _seen_symbol(reference: Reference, symbol: str, document: GoFile) -> _FileFit:
    found = named(document, symbol)
    if not found:
        return _FileFit(exact=False, strong=False, reason=f"{symbol} is not in {reference.path}")
    lines = [d.line for d in found]
    if reference.line is None or reference.line in lines:
        return _FileFit(exact=True, strong=True)
    where = ", ".join(str(line) for line in lines)
    return _FileFit(exact=False, strong=True, reason=f"{symbol} stands in line {where}, not {reference.line}")


def _delimits(declaration: Declaration, reference: Reference) -> bool:
    """Whether the cited line begins the declaration, and the cited range, if it is one, ends it."""
    starts = {declaration.line, declaration.span.line, first_line(declaration)}
    ends = reference.end_line in (None, reference.line, declaration.span.end_line)
    return reference.line in starts and ends
