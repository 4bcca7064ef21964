"""References followed over a source's tags, and what to port from one tag to another."""

from __future__ import annotations

import fnmatch
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from annotator import versions
from annotator.errors import InvalidInput, counted
from annotator.forest import Forest, Hops
from annotator.history import Change, Place, Porting, Trail, Version
from annotator.model import Anchor, Counterpart, Missing, Reference, Skipped, Text
from annotator.releases import Releases
from annotator.sources.cache import Cache
from annotator.sources.chain import Chain
from annotator.sources.snapshot import Source
from annotator.tracking import changes, resolve, trails, walk
from annotator.tracking.places import folder
from annotator.tree import Tree

_LOG = logging.getLogger(__name__)

# Over more release lines than this a report does not walk: one step finds nearly as much in a second.
MOST_LINES = 6


class Tracks(msgspec.Struct, frozen=True):
    """The trails of references, and the tags of their stops."""

    tags: tuple[str, ...]
    trails: tuple[Trail, ...]


class Mirrored(msgspec.Struct, frozen=True):
    """A Go symbol at the baseline, and the Python objects that mirror it."""

    anchor: Anchor
    counterparts: tuple[Counterpart, ...]

    @property
    def symbol(self) -> str:
        """The symbol in the project's notation."""
        return f"{self.anchor.path}::{self.anchor.symbol}"


def track(
    releases: Releases, cache: Cache, base: Tree, references: Sequence[Reference], glob: str = "*"
) -> Tracks:
    """What became of references at a source's version tags.

    Args:
        releases: The source's version tags.
        cache: Where documents and the results of steps are kept.
        base: The tree in which the references are looked up, at the baseline tag.
        references: What is followed.
        glob: The tags that are asked for.

    Raises:
        InvalidInput: No version tag fits the glob.
        SourceUnavailable: The source cannot be read.
    """
    every = releases.tags
    wanted = [tag for tag in every if fnmatch.fnmatchcase(tag, glob)]
    if not wanted:
        where = base.snapshot.repository
        raise InvalidInput(f"no version tag of {where} fits {glob!r}; the newest is {every[-1]}")
    _LOG.info("following %s over %s", counted(len(references), "symbol"), counted(len(wanted), "tag"))
    woods = Forest(releases.chain, cache)
    starts = [tracked(reference, base) for reference in references]
    return Tracks(tuple(wanted), trails.trails(starts, base.tag, wanted, woods, Hops(cache), among=every))


def tracked(reference: Reference, base: Tree) -> trails.Tracked:
    """A reference with its declaration in the tree in which it is looked up."""
    outcome = resolve.verdict(reference, base).outcome
    if isinstance(outcome, Missing | Skipped):
        return trails.Tracked(reference, None, outcome.reason)
    return trails.Tracked(reference, outcome.anchor, outcome.reason)


def mirrored(counterparts: Iterable[Counterpart], base: Tree) -> tuple[Mirrored, ...]:
    """Each Go symbol that counterparts name, once, with all that mirror it.

    What is not at the baseline, or is vendored there, is left out.
    """
    named: dict[Anchor, list[Counterpart]] = defaultdict(list)
    for counterpart in counterparts:
        for reference in counterpart.mirrors:
            anchor = tracked(reference, base).anchor
            if anchor is not None and anchor.symbol and anchor.path in base.go_files:
                named[anchor].append(counterpart)
    return tuple(Mirrored(anchor, tuple(found)) for anchor, found in named.items())


def porting(
    source: Source, cache: Cache, base: Tree, symbols: Sequence[Mirrored], old: str, new: str
) -> Porting:
    """What changed in mapped symbols from one tag to another, and what is new in their packages.

    Args:
        source: The source.
        cache: Where documents and the results of steps are kept.
        base: The tree at the baseline tag, in which the symbols are known.
        symbols: The mapped symbols.
        old: The tag that was ported last, or another ref or a commit.
        new: What is to be ported, likewise.

    Raises:
        UnknownTag: The source has no such tag.
        SourceUnavailable: The source cannot be read.
    """
    ends = tuple(dict.fromkeys((base.tag, old, new)))
    known = source.tags()
    among, commits = _between(known, ends), _commits(source, set(ends[1:]).difference(known))
    chain = Chain(source, (*among, *ends), known=base.snapshot, commits=commits)
    woods, hops = Forest(chain, cache), Hops(cache)
    _LOG.info("comparing %s with %s", old, new)
    starts = [symbol.anchor for symbol in symbols]
    at = trails.at_tags(starts, base.tag, (old, new), woods, hops, among=among)
    before, after = woods.tree(old), woods.tree(new)
    _load(before, at[old])
    _load(after, at[new])
    changed = [
        _change(symbol, was, now, before, after)
        for symbol, was, now in zip(symbols, at[old], at[new], strict=True)
    ]
    mapped = [place.anchor for place in at[new] if not place.missing]
    added = changes.fresh(mapped, _names(before, at[old]), _names(after, at[new]))
    return changes.porting(old, new, changed, [*added])


def _commits(source: Source, names: Iterable[str]) -> dict[str, str]:
    """The commits of what is no tag but a branch or a commit.

    Raises:
        UnknownTag: One is nothing at all.
    """
    found = {name: source.snapshot(name).commit for name in names}
    return {name: commit for name, commit in found.items() if commit is not None}


def _between(tags: Iterable[str], ends: Sequence[str]) -> tuple[str, ...]:
    """The version tags on the way between some tags, with these; none if the way is too long to be walked."""
    lines = walk.spanned(walk.releases(tags), ends)
    if len(lines) > MOST_LINES:
        return ()
    versions = [tag for line in lines for tag in line]
    return (*versions, *(tag for tag in ends if tag not in versions))


def _change(symbol: Mirrored, was: Place, now: Place, before: Tree, after: Tree) -> Change:
    """Return what became of a symbol."""
    old, new = _version(before, was, now), _version(after, now, was)
    why = now.missing or was.missing
    return changes.change(changes.Compared(symbol.symbol, symbol.counterparts, old, new, why))


def _load(tree: Tree, places: Iterable[Place]) -> None:
    """Read and parse together what a report will look at."""
    paths = sorted({place.anchor.path for place in places if not place.missing})
    tree.read(paths)
    tree.documents(paths)


def _names(tree: Tree, places: Iterable[Place]) -> Iterator[Anchor]:
    """What the packages of some places declare."""
    return versions.names(tree, {folder(place.anchor.path) for place in places if not place.missing})


def _version(tree: Tree, place: Place, other: Place) -> Version | None:
    """A declaration, in full if it is another one at the other tag: else there is nothing to explain."""
    if place.missing:
        return None
    is_same = place.text is Text.SAME is other.text
    return versions.version(tree, place.anchor, in_full=not (is_same or other.missing))
