"""Lists the Go files of many tags with one `git diff-tree` call."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import pairwise

import msgspec

from annotator.errors import SourceUnavailable
from annotator.model.go import is_vendored
from annotator.model.source import Snapshot, Source, Warn, is_safe, no_warning
from annotator.repository import versions
from annotator.repository.local_git import GitError, GitSnapshot

Change = tuple[str, str]
"""A change in git's raw format: `:OLD_MODE NEW_MODE OLD_BLOB NEW_BLOB STATUS`, and the path."""

_MODE, _REGULAR = len(":100644 "), "100"
_GO = ("--", "*.go", ":!vendor")
_SHA1_DIGITS = 40


class TagSnapshots:
    """A source's snapshots of its Go files at many tags.

    One call of git lists the changes from each tag to the next: hundreds of tags take the time of a few.
    Any other source lists each tag by itself. Every method raises SourceUnavailable if the source cannot be
    read.
    """

    def __init__(
        self,
        source: Source,
        tags: Sequence[str],
        *,
        known: Snapshot | None = None,
        commits: Mapping[str, str] = {},
    ) -> None:
        """Take tags in version order, so that neighbours differ little; they are listed when first read.

        Args:
            source: The source.
            tags: The tags.
            known: Any snapshot of the source that is open already.
            commits: The commits of those names that are not tags.
        """
        self._source, self._tags = source, tuple(dict.fromkeys(tags))
        self._known, self._commits = known, commits
        self._others: dict[str, Snapshot] = {}

    def commit(self, tag: str) -> str:
        """Return an identifier of a tag's content: its commit, or in Debian the tag itself."""
        return self._ids["commit"][tag] if self._git is not None else tag

    def blob(self, tag: str, path: str) -> str | None:
        """Return the blob id of a file at a tag, or None."""
        return self._files_at(tag).get(path)

    def blobs(self, tag: str) -> frozenset[str]:
        """Return the ids of all blobs of a tag."""
        return frozenset(self._files_at(tag).values())

    def snapshot(self, tag: str) -> Snapshot:
        """Return the snapshot at one of the tags; that of a git repository has Go files only."""
        if self._git is not None:
            commit, files = self.commit(tag), self._files[tag]
            return msgspec.structs.replace(self._git, tag=tag, commit=commit, files=files)
        if tag not in self._others:
            self._others[tag] = self._source.snapshot(tag)
        return self._others[tag]

    def _files_at(self, tag: str) -> Mapping[str, str]:
        return self._files[tag] if self._git is not None else self.snapshot(tag).files

    @cached_property
    def _git(self) -> GitSnapshot | None:
        known = self._known or self._source.snapshot(self._tags[-1])
        return known if isinstance(known, GitSnapshot) else None

    @cached_property
    def _ids(self) -> Mapping[str, Mapping[str, str]]:
        """The ids of the tags' commits and of their trees."""
        names = {tag: self._commits.get(tag, f"refs/tags/{tag}") for tag in self._tags}
        objects = [(kind, tag) for kind in ("commit", "tree") for tag in self._tags]
        requests = "".join(f"{names[tag]}^{{{kind}}}\n" for kind, tag in objects).encode()
        ids: dict[str, dict[str, str]] = {"commit": {}, "tree": {}}
        answers = self._output("cat-file", "--batch-check", data=requests).splitlines()
        for (kind, tag), answer in zip(objects, answers, strict=True):
            if answer.endswith(b" missing"):
                raise SourceUnavailable(f"the repository has no {kind} for the tag {tag}; fetch it whole")
            ids[kind][tag] = answer.split()[0].decode()
        return ids

    @cached_property
    def _files(self) -> Mapping[str, Mapping[str, str]]:
        """The blob ids of each tag's Go files by path; tags without a change between share one mapping."""
        trees = list(self._ids["tree"].values())
        make = hashlib.sha1 if len(trees[0]) == _SHA1_DIGITS else hashlib.sha256
        empty = make(b"tree 0\0", usedforsecurity=False).hexdigest()
        steps = list(pairwise([empty, *trees]))
        requests = "".join(f"{old} {new}\n" for old, new in steps if old != new).encode()
        output = self._output("diff-tree", "--stdin", "-r", "-z", "--no-renames", *_GO, data=requests)
        changes = _changes(output.decode(errors="surrogateescape"))
        files: dict[str, str] = {}
        listed: dict[str, Mapping[str, str]] = {}
        for tag, step in zip(self._tags, steps, strict=True):
            if step in changes:
                files = _changed(files, changes[step])
            listed[tag] = files
        return listed

    def _output(self, *arguments: str, data: bytes = b"") -> bytes:
        assert self._git is not None  # noqa: S101 - only asked of git
        try:
            return self._git.store.run(*arguments, data=data)
        except GitError as error:
            raise SourceUnavailable(f"the tags cannot be listed: {error}") from error


def _changed(files: Mapping[str, str], changes: Iterable[Change]) -> dict[str, str]:
    """Apply changes to the Go files of a tree; return those that are not vendored."""
    changed = dict(files)
    for head, path in changes:
        if head.startswith(_REGULAR, _MODE) and is_safe(path) and not is_vendored(path):
            changed[path] = head.split(" ", 4)[3]
        else:
            changed.pop(path, None)
    return changed


def _changes(output: str) -> Mapping[tuple[str, str], Sequence[Change]]:
    """Parse the output of `git diff-tree --stdin`: the changes by pairs of trees that have any."""
    fields = output.split("\0")
    rows = list(zip(fields[::2], fields[1::2], strict=False))
    # Each pair is a line before its first change; pairs without a change are lines there, too.
    first = [number for number, (head, _) in enumerate(rows) if not head.startswith(":")]
    changes: dict[tuple[str, str], list[Change]] = {}
    for start, end in pairwise([*first, len(rows)]):
        head, path = rows[start]
        *_, pair, head = head.split("\n")
        old, _, new = pair.partition(" ")
        # A pair that was requested twice comes twice.
        changes[old, new] = [(head, path), *rows[start + 1 : end]]
    return changes


def files_at(
    source: Source, tags: Sequence[str], paths: Sequence[str], warn: Warn = no_warning
) -> Mapping[str, Mapping[str, str]]:
    """Return the blob ids of some files at some tags; a file that a tag does not have is left out.

    So is a tag that cannot be read, with a warning.

    Raises:
        SourceUnavailable: The source cannot be read.
    """
    if not tags:
        return {}
    newest = _newest_snapshot(source, tags)
    if isinstance(newest, GitSnapshot):
        return _look_up(newest, tags, paths)
    listed: dict[str, Mapping[str, str]] = {}
    for tag in tags:
        try:
            files = source.snapshot(tag).files
            listed[tag] = {path: files[path] for path in paths if path in files}
        except SourceUnavailable as error:
            warn(f"{tag} is left out: {error}")
    return listed


def _newest_snapshot(source: Source, tags: Sequence[str]) -> Snapshot:
    """Return the newest tag that can be opened; a package source may list more than it has."""
    for tag in reversed(tags):
        with suppress(SourceUnavailable):
            return source.snapshot(tag)
    return source.snapshot(tags[-1])  # which raises


def _look_up(snapshot: GitSnapshot, tags: Sequence[str], paths: Sequence[str]) -> dict[str, dict[str, str]]:
    """Look up files at tags with one call of git, without listing any tree."""
    places = [(tag, path) for tag in tags for path in paths if "\n" not in path]
    requests = "".join(f"refs/tags/{tag}:{path}\n" for tag, path in places).encode()
    try:
        answers = snapshot.store.run("cat-file", "--batch-check=%(objectname) %(objecttype)", data=requests)
    except GitError as error:
        raise SourceUnavailable(f"the files of the tags cannot be looked up: {error}") from error
    blobs: dict[str, dict[str, str]] = {tag: {} for tag in tags}
    for (tag, path), answer in zip(places, answers.decode(errors="replace").splitlines(), strict=False):
        blob, _, kind = answer.rpartition(" ")
        if kind == "blob":
            blobs[tag][path] = blob
    return blobs


def contents(
    source: Source, tags: Sequence[str], files_by_tag: Mapping[str, Mapping[str, str]], blobs: set[str]
) -> dict[str, bytes]:
    """Return the bytes of blobs that `files_at` returned; read each blob once.

    Raises:
        SourceUnavailable: A blob cannot be had.
    """
    newest = _newest_snapshot(source, tags)
    if isinstance(newest, GitSnapshot):
        return {blob: data for blob, data in newest.blobs(blobs).items() if data is not None}
    read: dict[str, bytes] = {}
    for tag, files in files_by_tag.items():
        paths = [path for path, blob in files.items() if blob in blobs and blob not in read]
        read |= {files[path]: data for path, data in source.snapshot(tag).read(paths).items()}
    return read


def tags(source: Source) -> tuple[str, ...]:
    """Return a source's version tags in order.

    Raises:
        SourceUnavailable: It has none.
    """
    releases = versions.releases(source.tags())
    if not releases:
        raise SourceUnavailable(f"{source.repository} has no version tags to follow anything over")
    return tuple(releases)
