"""Lists the Go files of many tags with one `git diff-tree` call."""

from __future__ import annotations

import hashlib
from bisect import bisect
from collections import defaultdict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import msgspec

from annotator.errors import SourceUnavailable
from annotator.model.go import VENDOR_FOLDERS
from annotator.model.source import Blob, Snapshot, Warn, no_warning
from annotator.repository import versions
from annotator.repository.local_git import UNKNOWN_SIZE, Failed, GitSnapshot
from annotator.repository.snapshot import Source, is_safe


class Contents:
    """Numbers blobs in the order in which they are met, and keeps the set of a tree's up to date."""

    def __init__(self) -> None:
        """Begin with a tree without files."""
        self._numbers: dict[str, int] = {}
        self._holders: list[int] = []  # how many files of the tree have the blob of this number
        self._flags = bytearray()

    @property
    def bits(self) -> int:
        """The set of the tree's blobs as it is now."""
        return int.from_bytes(self._flags, "little")

    def of(self, blobs: Iterable[str]) -> int:
        """The set of some blobs that are no tree."""
        return sum(1 << number for number in {self._number(blob) for blob in blobs})

    def change(self, gone: Iterable[str], new: Iterable[str]) -> None:
        """Take blobs out of the tree's files, and put others in: one for each file that changed."""
        holders, flags = self._holders, self._flags
        for number in map(self._number, new):
            holders[number] += 1
            flags[number >> 3] |= 1 << (number & 7)
        for number in map(self._numbers.__getitem__, gone):
            holders[number] -= 1
            if not holders[number]:
                flags[number >> 3] &= ~(1 << (number & 7))

    def _number(self, blob: str) -> int:
        number = self._numbers.setdefault(blob, len(self._holders))
        if number == len(self._holders):
            self._holders.append(0)
            if not number & 7:
                self._flags.append(0)
        return number


Change = tuple[str, str]
"""A change in git's raw format: `:OLD_MODE NEW_MODE OLD_BLOB NEW_BLOB STATUS`, and the path."""

_Step = dict[str, tuple[Blob | None, Blob | None]]
"""What changed in a tree, by path: the blob that was there and the one that is."""

_MODE, _REGULAR = len(":100644 "), "100"


class Succession:
    """Trees by their number; going from one to another costs what changed between them."""

    def __init__(self, steps: Iterable[Iterable[Change]]) -> None:
        """Go along all trees; a step is what changed from the one before, which for the first is empty."""
        self._files: dict[str, Blob] = {}
        self._steps: list[_Step] = []
        self._blobs: dict[str, tuple[list[int], list[Blob | None]]] = {}
        self.contents: list[int] = []
        contents = Contents()
        for step in steps:
            edits = _edits(self._files, step)
            contents.change(
                (old.id for old, _ in edits.values() if old), (new.id for _, new in edits.values() if new)
            )
            self._steps.append(edits)
            self.contents.append(contents.bits)
        self._at = len(self._steps) - 1
        self._whole: Mapping[str, Blob] | None = None
        self._given = Files(self, self._at)

    def files(self, number: int) -> Mapping[str, Blob]:
        """The files of a tree; the same object as the last time if nothing changed between the two."""
        low, high = sorted((number, self._given.number))
        if any(self._steps[low + 1 : high + 1]):
            self._given = Files(self, number)
        return self._given

    def blob(self, number: int, path: str) -> Blob | None:
        """A file of a tree, None if it has none there."""
        if path not in self._blobs:
            known = [(at, step[path][1]) for at, step in enumerate(self._steps) if path in step]
            self._blobs[path] = [at for at, _ in known], [blob for _, blob in known]
        numbers, blobs = self._blobs[path]
        at = bisect(numbers, number)
        return blobs[at - 1] if at else None

    def whole(self, number: int) -> Mapping[str, Blob]:
        """All files of a tree."""
        while self._at < number:
            self._at += 1
            self._take((path, new) for path, (_, new) in self._steps[self._at].items())
        while self._at > number:
            self._take((path, old) for path, (old, _) in self._steps[self._at].items())
            self._at -= 1
        if self._whole is None:
            self._whole = dict(self._files)
        return self._whole

    def _take(self, edits: Iterable[tuple[str, Blob | None]]) -> None:
        for path, blob in edits:
            self._whole = None
            if blob is None:
                self._files.pop(path, None)  # which a step can have brought and taken again
            else:
                self._files[path] = blob


class Files(Mapping[str, Blob]):
    """The files of one tree of a succession, put together once all of them are asked for."""

    def __init__(self, succession: Succession, number: int) -> None:
        """Take the tree of that number."""
        self._succession, self.number = succession, number
        self._whole: Mapping[str, Blob] | None = None

    def __getitem__(self, path: str) -> Blob:
        found = self._found(path)
        if found is None:
            raise KeyError(path)
        return found

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._found(path) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def keys(self) -> KeysView[str]:
        """The paths."""
        return self._all().keys()

    def items(self) -> ItemsView[str, Blob]:
        """The paths with their blobs."""
        return self._all().items()

    def _found(self, path: str) -> Blob | None:
        if self._whole is not None:
            return self._whole.get(path)
        return self._succession.blob(self.number, path)

    def _all(self) -> Mapping[str, Blob]:
        if self._whole is None:
            self._whole = self._succession.whole(self.number)
        return self._whole


def _edits(files: dict[str, Blob], changes: Iterable[Change]) -> _Step:
    """What changes mean for a tree's own Go files, which are brought up to date."""
    found: _Step = {}
    for head, path in changes:
        old, new = files.get(path), None
        if head.startswith(_REGULAR, _MODE) and _is_own(path):
            new = files[path] = Blob(id=head.split(" ", 4)[3], size=UNKNOWN_SIZE)
        elif old is not None:
            del files[path]
        if old is not new:  # of the same two trees twice, git tells twice what changed
            found[path] = (found[path][0] if path in found else old, new)
    return found


@lru_cache(maxsize=1 << 15)
def _is_own(path: str) -> bool:
    return is_safe(path) and VENDOR_FOLDERS.isdisjoint(path.split("/"))


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


def files_at(
    source: Source, tags: Sequence[str], paths: Sequence[str], warn: Warn = no_warning
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


class Releases(NamedTuple):
    """A source's version tags in order, and their snapshots."""

    tags: tuple[str, ...]
    chain: Chain


def tags(source: Source) -> tuple[str, ...]:
    """A source's version tags in order.

    Raises:
        SourceUnavailable: It has none.
    """
    found = versions.releases(source.tags())
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
