"""The snapshots of many tags, listed together: each is the one before it with what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise

import msgspec

from annotator.errors import SourceUnavailable
from annotator.history import VENDORED
from annotator.model import Blob, Snapshot
from annotator.sources.repository import UNKNOWN_SIZE, Failed, GitSnapshot
from annotator.sources.snapshot import Source, is_safe

_REGULAR = b"100"
_GO = ("--", "*.go", ":!vendor")
Files = Mapping[str, Blob]
_Change = tuple[bytes, bytes]


class Chain:
    """A source's snapshots of its Go files at many tags.

    Git tells in one answer what changed from each tag to the next: hundreds of tags are listed in
    the time of a few. Any other source lists each tag by itself.
    """

    def __init__(self, source: Source, tags: Sequence[str], *, known: Snapshot | None = None) -> None:
        """Take these tags; nothing is listed yet.

        Args:
            source: The source.
            tags: Tags in an order in which neighbours are alike: that of versions.
            known: Any snapshot of the source that is at hand, so that none is made to learn its kind.
        """
        self._source, self._tags = source, tuple(dict.fromkeys(tags))
        self._known = known
        self._others: dict[str, Snapshot] = {}

    def commit(self, tag: str) -> str:
        """What tells a tag's content from any other: its commit, or the name of a released version.

        Raises:
            SourceUnavailable: The source cannot be read.
        """
        return self._commits[tag] if self._git is not None else tag

    def snapshot(self, tag: str) -> Snapshot:
        """The snapshot at one of the tags; of a git repository it has the Go files alone, none vendored.

        Raises:
            SourceUnavailable: The source cannot be read.
        """
        if self._git is None:
            if tag not in self._others:
                self._others[tag] = self._source.snapshot(tag)
            return self._others[tag]
        return msgspec.structs.replace(self._git, tag=tag, commit=self._commits[tag], files=self._files[tag])

    @cached_property
    def _git(self) -> GitSnapshot | None:
        known = self._known or self._source.snapshot(self._tags[-1])
        return known if isinstance(known, GitSnapshot) else None

    @property
    def has_go_alone(self) -> bool:
        """Whether its snapshots have nothing but Go files that are not vendored."""
        return self._git is not None

    @cached_property
    def _commits(self) -> Mapping[str, str]:
        return dict(zip(self._tags, self._ids("commit"), strict=True))

    @cached_property
    def _files(self) -> Mapping[str, Files]:
        empty = self._output("hash-object", "-t", "tree", "--stdin").decode().strip()
        trees = [empty, *self._ids("tree")]
        changes = self._changes(list(pairwise(trees)))
        files: Files = {}
        found: dict[str, Files] = {}
        for tag, pair in zip(self._tags, pairwise(trees), strict=True):
            files = _changed(files, changes.get(" ".join(pair).encode(), ()))
            found[tag] = files
        return found

    def _changes(self, pairs: Sequence[tuple[str, str]]) -> Mapping[bytes, Sequence[_Change]]:
        """What git says changed, by the pair of trees as it was asked for; the same ones are left out."""
        asked = "".join(f"{old} {new}\n" for old, new in pairs if old != new).encode()
        output = self._output("diff-tree", "--stdin", "-r", "-z", "--no-renames", *_GO, given=asked)
        found: dict[bytes, list[_Change]] = {}
        current: list[_Change] = []
        fields = output.split(b"\0")
        for head, path in zip(fields[::2], fields[1::2], strict=False):
            if not head.startswith(b":"):  # the pairs stand before their first change, a line each
                *_, pair, head = head.split(b"\n")  # noqa: PLW2901 - what is left is the head
                current = found.setdefault(pair, [])
            current.append((head, path))
        return found

    def _ids(self, kind: str) -> list[str]:
        asked = "".join(f"refs/tags/{tag}^{{{kind}}}\n" for tag in self._tags).encode()
        lines = self._output("cat-file", "--batch-check", given=asked).splitlines()
        for tag, line in zip(self._tags, lines, strict=True):
            if not line.endswith(b" missing"):
                continue
            raise SourceUnavailable(f"the repository has no {kind} for the tag {tag}; fetch it whole")
        return [line.split()[0].decode() for line in lines]

    def _output(self, *arguments: str, given: bytes = b"") -> bytes:
        assert self._git is not None  # noqa: S101 - only asked of git
        try:
            return self._git.store.run(*arguments, given=given)
        except Failed as error:
            raise SourceUnavailable(f"the tags cannot be listed: {error}") from error


def _changed(files: Files, changes: Sequence[_Change]) -> Files:
    """The files after some changes; the same object if there is none."""
    if not changes:
        return files
    now = dict(files)
    for head, name in changes:
        _, mode, _, blob, _ = head.split()
        path = name.decode(errors="surrogateescape")
        if mode.startswith(_REGULAR) and _is_own(path):
            now[path] = Blob(id=blob.decode(), size=UNKNOWN_SIZE)
        else:
            now.pop(path, None)
    return now


@lru_cache(maxsize=1 << 15)
def _is_own(path: str) -> bool:
    return is_safe(path) and VENDORED.isdisjoint(path.split("/"))
