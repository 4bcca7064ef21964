"""All Go files of one snapshot, parsed when first needed."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec

from annotator.cache import Cache, CacheKind
from annotator.errors import BlobMissing, counted
from annotator.golang import declarations
from annotator.model.go import Declaration, GoFile, is_vendored
from annotator.model.source import Snapshot
from annotator.parallel import parallel_map, split

_LOG = logging.getLogger(__name__)

PARSED_FILE = CacheKind("parsed file", GoFile)
"""The declarations of a Go file, by the blob id of its bytes."""

# Fewer files than this are parsed before worker processes have started.
_FEW_FILES = 240

# Letters beyond ASCII are letters in Go too.
_NO_LETTERS_AS_BLANKS = bytes(
    ord(" ") if chr(byte).isascii() and not (chr(byte).isalnum() or chr(byte) == "_") else byte
    for byte in range(256)
)

_DECODE = msgspec.msgpack.Decoder(dict[str, GoFile]).decode


class SourceTree:
    """A repository at one tag.

    Each blob is read once and parsed once, whatever the number of questions.
    """

    def __init__(self, snapshot: Snapshot, cache: Cache | None = None) -> None:
        self.snapshot = snapshot
        self._cache = cache
        self._bytes: dict[str, bytes] = {}
        self._documents: dict[str, GoFile] = {}
        self.unreadable: set[str] = set()

    def __reduce__(self) -> tuple[type[SourceTree], tuple[Snapshot, Cache | None]]:
        return SourceTree, (self.snapshot, self._cache)  # a worker process reads what it needs by itself

    @property
    def tag(self) -> str:
        """The tag's name."""
        return self.snapshot.tag

    @property
    def files(self) -> Mapping[str, str]:
        """The blob id of every file by path, vendored ones too."""
        return self.snapshot.files

    @cached_property
    def go_files(self) -> Mapping[str, str]:
        """The blob id of every Go file that is not vendored, by path, in the tree's order."""
        return {
            path: blob
            for path, blob in self.snapshot.files.items()
            if path.endswith(".go") and not is_vendored(path)
        }

    def go_blob(self, path: str) -> str | None:
        """Return the blob id of a Go file of the tree that is not vendored; None for any other path."""
        return self.snapshot.files.get(path) if path.endswith(".go") and not is_vendored(path) else None

    @cached_property
    def digest(self) -> str:
        """A hash of all Go files, vendored ones too, as name resolution depends on them all."""
        state = "".join(f"{p}\0{b}\n" for p, b in self.snapshot.files.items() if p.endswith(".go"))
        return hashlib.sha256(state.encode()).hexdigest()[:32]

    @cached_property
    def state(self) -> str:
        """The commit, or a hash of all files if the source has no commits."""
        if self.snapshot.commit is not None:
            return self.snapshot.commit
        files = "".join(f"{path}\0{blob}\n" for path, blob in self.snapshot.files.items())
        return hashlib.sha256(files.encode()).hexdigest()

    def has(self, path: str) -> bool:
        """Whether the tree has this file, vendored or not."""
        return path in self.snapshot.files

    def data(self, path: str) -> bytes:
        """Return a file's bytes; KeyError if the tree does not have it."""
        return self.read([path])[path]

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the bytes of many files at once."""
        wanted = tuple(paths)
        missing = [path for path in wanted if path not in self._bytes]
        if missing:
            self._bytes.update(self.snapshot.read(missing))
        return {path: self._bytes[path] for path in wanted}

    def scan(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the bytes of those of many files that the repository has the content of.

        The others are remembered in `unreadable`: a search over many files can do without them.
        """
        wanted = [path for path in paths if path not in self.unreadable]
        try:
            return self.read(wanted)
        except BlobMissing:
            if len(wanted) == 1:
                self.unreadable.update(wanted)
                return {}
        half = len(wanted) // 2
        return {**self.scan(wanted[:half]), **self.scan(wanted[half:])}

    def documents(self, paths: Iterable[str]) -> Mapping[str, GoFile]:
        """Return the parsed Go files."""
        wanted = tuple(paths)
        missing = [path for path in wanted if path not in self._documents]
        if missing:
            self._documents.update(self._load(missing))
        return {path: self._documents[path] for path in wanted}

    def document(self, path: str) -> GoFile:
        """Return one parsed Go file, vendored or not."""
        return self.documents([path])[path]

    def declarations(self, paths: Iterable[str]) -> Iterator[tuple[str, Declaration]]:
        """Yield the declarations of Go files with their members, each with its file."""
        for path, document in self.documents(paths).items():
            for declaration in document.walk():
                yield path, declaration

    def package(self, folder: str) -> Mapping[str, bytes]:
        """Return the bytes of the Go files in a folder, vendored or not."""
        return self.read(self._folders.get(folder, ()))

    @cached_property
    def _folders(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.snapshot.files:
            if path.endswith(".go"):
                found.setdefault(path.rpartition("/")[0], []).append(path)
        return found

    def containing(self, word: str) -> tuple[str, ...]:
        """Return the Go files, not vendored, that hold a word."""
        encoded = word.encode()
        return tuple(path for path, words in self._words.items() if encoded in words)

    @cached_property
    def _words(self) -> Mapping[str, set[bytes]]:
        """The words of each Go file."""
        # Not the files of each word: to turn that round takes as long as to find the words.
        return {
            path: set(data.translate(_NO_LETTERS_AS_BLANKS).split())
            for path, data in self.scan(self.go_files).items()
        }

    def _load(self, paths: list[str]) -> dict[str, GoFile]:
        files = {self.snapshot.files[path]: path for path in paths}

        def parse_missing(blobs: Iterable[str]) -> Mapping[str, GoFile]:
            data = self.read(files[blob] for blob in blobs)
            return parse_blobs({blob: data[files[blob]] for blob in blobs})

        documents = parsed_files(self._cache, files, parse_missing)
        return {path: documents[self.snapshot.files[path]] for path in paths}


def parsed_files(
    cache: Cache | None, blobs: Iterable[str], parse_missing: Callable[[list[str]], Mapping[str, GoFile]]
) -> Mapping[str, GoFile]:
    """Return the declarations of Go files by their blob ids; those that are not cached are parsed."""
    ids = list(blobs)
    if cache is None:
        return parse_missing(ids)
    return cache.get_or_compute_many(PARSED_FILE, dict(zip(ids, ids, strict=True)), parse_missing)


def parse_blobs(blobs: Mapping[str, bytes]) -> dict[str, GoFile]:
    """Parse many blobs, on several cores if there are enough of them."""
    items = list(blobs.items())
    if len(items) < _FEW_FILES:
        return {blob: declarations.read_go_file(data) for blob, data in items}
    _LOG.info("reading %s", counted(len(items), "Go file"))
    documents: dict[str, GoFile] = {}
    for encoded in parallel_map(_parse_encoded, split(items)):
        documents.update(_DECODE(encoded))
    return documents


def _parse_encoded(blobs: Sequence[tuple[str, bytes]]) -> bytes:
    """Parse blobs in a worker process, which hands bytes back faster than many values."""
    return msgspec.msgpack.encode({blob: declarations.read_go_file(data) for blob, data in blobs})
