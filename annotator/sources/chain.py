"""The snapshots of many tags, listed together: each is the one before it with what changed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise

import msgspec

from annotator.errors import SourceUnavailable
from annotator.model import Snapshot
from annotator.sources.contents import Contents
from annotator.sources.repository import Failed, GitSnapshot
from annotator.sources.snapshot import Source
from annotator.sources.succession import Change, Succession

_GO = ("--", "*.go", ":!vendor")
_SHA1_DIGITS = 40
# So many tags are asked for at once: a few to begin soon, then enough to make a start of git worth it.
_FIRST, _STRETCH = 30, 110
# While the answer of one is looked through, another is at work; with a third there would be more than cores.
_GITS = 2


class Chain:
    """A source's snapshots of its Go files at many tags.

    Git tells in one answer what changed from each tag to the next: hundreds of tags are listed in
    the time of a few. Any other source lists each tag by itself.
    """

    def __init__(
        self,
        source: Source,
        tags: Sequence[str],
        *,
        known: Snapshot | None = None,
        commits: Mapping[str, str] = {},
    ) -> None:
        """Take these tags; nothing is listed yet.

        Args:
            source: The source.
            tags: Tags in an order in which neighbours are alike: that of versions.
            known: Any snapshot of the source that is at hand, so that none is made to learn its kind.
            commits: The commits of those of the names that are no tags.
        """
        self._source, self._tags = source, tuple(dict.fromkeys(tags))
        self._known, self._commits = known, commits
        self._others: dict[str, Snapshot] = {}
        self._contents = Contents()

    def begin(self) -> None:
        """Let git list the tags while this process does something else; who asks for them will wait for it.

        Raises:
            SourceUnavailable: The source cannot be read.
        """
        if self._git is not None:
            _ = self._begun

    def commit(self, tag: str) -> str:
        """What tells a tag's content from any other: its commit, or the name of a released version.

        Raises:
            SourceUnavailable: The source cannot be read.
        """
        return self._ids["commit"][tag] if self._git is not None else tag

    def blob(self, tag: str, path: str) -> str | None:
        """The blob id of a tag's file, None if it has none there; no snapshot is made for it.

        Raises:
            SourceUnavailable: The source cannot be read.
        """
        if self._git is not None:
            found = self._trees.blob(self._numbers[tag], path)
        else:
            found = self.snapshot(tag).files.get(path)
        return found.id if found is not None else None

    def content(self, tag: str) -> int:
        """The blobs of a tag's files as a set of bits: what two tags share are the bits that both have.

        Raises:
            SourceUnavailable: The source cannot be read.
        """
        if self._git is None:
            return self._contents.of(blob.id for blob in self.snapshot(tag).files.values())
        return self._trees.contents[self._numbers[tag]]

    def snapshot(self, tag: str) -> Snapshot:
        """The snapshot at one of the tags; of a git repository it has the Go files alone, none vendored.

        Raises:
            SourceUnavailable: The source cannot be read.
        """
        if self._git is None:
            if tag not in self._others:
                self._others[tag] = self._source.snapshot(tag)
            return self._others[tag]
        files = self._trees.files(self._numbers[tag])
        return msgspec.structs.replace(self._git, tag=tag, commit=self.commit(tag), files=files)

    @cached_property
    def _git(self) -> GitSnapshot | None:
        known = self._known or self._source.snapshot(self._tags[-1])
        return known if isinstance(known, GitSnapshot) else None

    @property
    def has_go_alone(self) -> bool:
        """Whether its snapshots have nothing but Go files that are not vendored."""
        return self._git is not None

    @property
    def _ids(self) -> Mapping[str, Mapping[str, str]]:
        return self._begun[0].result()

    @cached_property
    def _begun(self) -> tuple[Future[Mapping[str, Mapping[str, str]]], list[Future[bytes]]]:
        """The tags' ids, and what changed from tag to tag in stretches, as git comes to tell them."""
        pool = ThreadPoolExecutor(max_workers=_GITS)
        ids = pool.submit(self._told_ids)
        stretches = [pool.submit(self._told_changes, ids, stretch) for stretch in self._stretches]
        pool.shutdown(wait=False)
        return ids, stretches

    @property
    def _stretches(self) -> Sequence[slice]:
        """Which steps are asked for together."""
        bounds = [0, *range(_FIRST, len(self._tags), _STRETCH), len(self._tags)]
        return [slice(*pair) for pair in pairwise(bounds)]

    def _told_ids(self) -> Mapping[str, Mapping[str, str]]:
        """The ids of the tags' commits and of their trees."""
        asked = [(kind, tag) for kind in ("commit", "tree") for tag in self._tags]
        names = {tag: self._commits.get(tag, f"refs/tags/{tag}") for tag in self._tags}
        given = "".join(f"{names[tag]}^{{{kind}}}\n" for kind, tag in asked).encode()
        found: dict[str, dict[str, str]] = {"commit": {}, "tree": {}}
        answers = self._output("cat-file", "--batch-check", given=given).splitlines()
        for (kind, tag), answer in zip(asked, answers, strict=True):
            if answer.endswith(b" missing"):
                raise SourceUnavailable(f"the repository has no {kind} for the tag {tag}; fetch it whole")
            found[kind][tag] = answer.split()[0].decode()
        return found

    def _told_changes(self, ids: Future[Mapping[str, Mapping[str, str]]], stretch: slice) -> bytes:
        steps = _steps(ids.result())[stretch]
        given = "".join(f"{old} {new}\n" for old, new in steps if old != new).encode()
        return self._output("diff-tree", "--stdin", "-r", "-z", "--no-renames", *_GO, given=given)

    @cached_property
    def _trees(self) -> Succession:
        return Succession(self._changed())

    def _changed(self) -> Iterator[Sequence[Change]]:
        """What changed from tag to tag; one stretch is looked through while git makes the next."""
        steps = _steps(self._ids)
        for stretch, told in zip(self._stretches, self._begun[1], strict=True):
            changes = _changes(told.result().decode(errors="surrogateescape"))
            for step in steps[stretch]:
                yield changes.get(" ".join(step), ())

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {tag: number for number, tag in enumerate(self._tags)}

    def _output(self, *arguments: str, given: bytes = b"") -> bytes:
        assert self._git is not None  # noqa: S101 - only asked of git
        try:
            return self._git.store.run(*arguments, given=given)
        except Failed as error:
            raise SourceUnavailable(f"the tags cannot be listed: {error}") from error


def _steps(ids: Mapping[str, Mapping[str, str]]) -> Sequence[tuple[str, str]]:
    """The trees of each tag and of the one before it, which for the first is empty."""
    trees = list(ids["tree"].values())
    return list(pairwise([_empty_like(trees[0]), *trees]))


def _empty_like(tree: str) -> str:
    """The id of the tree without files, in the hash of another tree's id."""
    make = hashlib.sha1 if len(tree) == _SHA1_DIGITS else hashlib.sha256
    return make(b"tree 0\0", usedforsecurity=False).hexdigest()


def _changes(output: str) -> Mapping[str, Sequence[Change]]:
    """What git says changed, by the pair of trees as it was asked for; the same ones are left out."""
    fields = output.split("\0")
    rows = list(zip(fields[::2], fields[1::2], strict=False))
    # The pairs of trees stand before their first change, a line each; those without any are there too.
    first = [number for number, (head, _) in enumerate(rows) if not head.startswith(":")]
    found: dict[str, list[Change]] = defaultdict(list)
    for start, end in pairwise([*first, len(rows)]):
        head, path = rows[start]
        *_, pair, head = head.split("\n")
        found[pair] += [(head, path), *rows[start + 1 : end]]
    return found
