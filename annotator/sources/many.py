"""Some files at many tags at once: by blob id, so that what never changed is looked at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from annotator.errors import SourceUnavailable
from annotator.model import Snapshot
from annotator.sources.repository import Failed, GitSnapshot
from annotator.sources.snapshot import Source, Warn, unheard


def files_at(
    source: Source, tags: Sequence[str], paths: Sequence[str], warn: Warn = unheard
) -> Mapping[str, Mapping[str, str]]:
    """Return the blob ids of some files at some tags; a file that a tag does not have is left out.

    Args:
        source: The source.
        tags: The tags.
        paths: The files.
        warn: Called with a sentence about each tag that cannot be read and is left out.

    Raises:
        SourceUnavailable: The source cannot be read.
    """
    if not tags:
        return {}
    read = _first(source, tags)
    if isinstance(read, GitSnapshot):
        return _looked_up(read, tags, paths)
    listed: dict[str, Mapping[str, str]] = {}
    for tag in tags:
        try:
            listed[tag] = _listed(source.snapshot(tag), paths)
        except SourceUnavailable as error:
            warn(f"{tag} is left out: {error}")
    return listed


def _first(source: Source, tags: Sequence[str]) -> Snapshot:
    """The newest tag that can be had: what a source of packages lists it may lack."""
    newest = next((found for tag in reversed(tags) if (found := _at(source, tag)) is not None), None)
    return newest if newest is not None else source.snapshot(tags[-1])


def _at(source: Source, tag: str) -> Snapshot | None:
    try:
        return source.snapshot(tag)
    except SourceUnavailable:
        return None


def _looked_up(snapshot: GitSnapshot, tags: Sequence[str], paths: Sequence[str]) -> dict[str, dict[str, str]]:
    """One question to git for all: a tree is not listed to look up a few files in it."""
    asked = [(tag, path) for tag in tags for path in paths if "\n" not in path]
    given = "".join(f"refs/tags/{tag}:{path}\n" for tag, path in asked).encode()
    try:
        answers = snapshot.store.run("cat-file", "--batch-check=%(objectname) %(objecttype)", given=given)
    except Failed as error:
        raise SourceUnavailable(f"the files of the tags cannot be looked up: {error}") from error
    found: dict[str, dict[str, str]] = {tag: {} for tag in tags}
    for (tag, path), answer in zip(asked, answers.decode(errors="replace").splitlines(), strict=False):
        blob, _, kind = answer.rpartition(" ")
        if kind == "blob":
            found[tag][path] = blob
    return found


def _listed(snapshot: Snapshot, paths: Iterable[str]) -> dict[str, str]:
    return {path: snapshot.files[path].id for path in paths if path in snapshot.files}


def contents(
    source: Source, tags: Sequence[str], at: Mapping[str, Mapping[str, str]], wanted: set[str]
) -> dict[str, bytes]:
    """The bytes of some of the blobs that `files_at` named; each is read once.

    Raises:
        SourceUnavailable: A blob cannot be had.
    """
    newest = _first(source, tags)
    if isinstance(newest, GitSnapshot):
        blobs = newest.store.blobs(wanted)
        lacking = [blob for blob, data in blobs.items() if data is None]
        if lacking and newest.fetch is not None:
            newest.fetch(lacking)
            blobs |= newest.store.blobs(lacking)
        return {blob: data for blob, data in blobs.items() if data is not None}
    found: dict[str, bytes] = {}
    for tag, files in at.items():
        paths = [path for path, blob in files.items() if blob in wanted and blob not in found]
        found |= {files[path]: data for path, data in source.snapshot(tag).read(paths).items()}
    return found
