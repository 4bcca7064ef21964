"""A source's version tags, and their snapshots, which git lists while this process does something else."""

from __future__ import annotations

from typing import NamedTuple

from annotator.errors import SourceUnavailable
from annotator.model import Snapshot
from annotator.sources.chain import Chain
from annotator.sources.snapshot import Source
from annotator.tracking import walk


class Releases(NamedTuple):
    """A source's version tags in order, and their snapshots."""

    tags: tuple[str, ...]
    chain: Chain


def tags(source: Source) -> tuple[str, ...]:
    """A source's version tags in order.

    Raises:
        SourceUnavailable: It has none.
    """
    found = walk.releases(source.tags())
    if not found:
        raise SourceUnavailable(f"{source.repository} has no version tags to follow anything over")
    return tuple(found)


def begun(source: Source, known: Snapshot) -> Releases:
    """The version tags of a source of which a snapshot is known; to list them has begun.

    Raises:
        SourceUnavailable: The source cannot be read, or has no version tags.
    """
    versions = tags(source)
    chain = Chain(source, versions, known=known)
    chain.begin()
    return Releases(versions, chain)
