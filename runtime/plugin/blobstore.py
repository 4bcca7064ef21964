"""Blobs under ROOT/plugins/storage/blobs: a file each, named by its digest.

Go: plugin/blobstore.go
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import BinaryIO, Self

from runtime.errdefs import EngineError
from runtime.golang.strconv import cause
from runtime.pkg.ioutils import PRIVATE, make_directories, open_regular, sync_directory

log = logging.getLogger(__name__)

CANONICAL = "sha256"
"""The algorithm of all digests."""

_DIGEST = re.compile(r"sha256:([a-f0-9]{64})")


def from_bytes(data: bytes) -> str:
    """Return the digest of some bytes."""
    return f"{CANONICAL}:{hashlib.sha256(data).hexdigest()}"


class BasicBlobStore:
    """The blobs below a directory."""

    def __init__(self, path: Path) -> None:
        """Open the store at `path`; create missing directories.

        Go: plugin/blobstore.go::newBasicBlobStore
        Differs:
            behaviour directory: a failure is only logged, as plugins run without their blobs.
        """
        self.path = path
        try:
            make_directories(path / "tmp")
        except OSError as error:
            log.error("failed to mkdir %s: %s", path, cause(error))  # noqa: TRY400 - the disk is at fault

    def new(self) -> Insertion:
        """Open a new blob to write.

        Raises:
            EngineError: `failed to create temp file`.
        """
        try:
            descriptor, name = tempfile.mkstemp(prefix=".insertion", dir=self.path / "tmp")
        except OSError as error:
            raise EngineError(f"failed to create temp file: {cause(error)}", error) from error
        return Insertion(os.fdopen(descriptor, "wb"), Path(name), self.path)

    def get(self, dgst: str) -> BinaryIO:
        """Open a blob to read.

        Raises:
            EngineError: the digest is not valid.
            OSError: there is no such blob.
        """
        return open_regular(self._file(dgst))

    def size(self, dgst: str) -> int:
        """Return a blob's size in bytes.

        Raises:
            EngineError: the digest is not valid.
            OSError: there is no such blob.
        """
        return self._file(dgst).stat().st_size

    def gc(self, whitelist: AbstractSet[str]) -> None:
        """Remove every blob that is not in the list.

        Differs:
            behaviour foreign: other files stay; moby removes them, and whole directories.
        """
        try:
            items = sorted((self.path / CANONICAL).iterdir())
        except OSError:
            return
        for item in items:
            digest = f"{CANONICAL}:{item.name}"
            if digest not in whitelist and _DIGEST.fullmatch(digest):
                self._drop(item)

    def _drop(self, item: Path) -> None:
        try:
            item.unlink(missing_ok=True)
        except OSError as error:
            log.debug("cleaned up blob %s: %s", item, cause(error))
        else:
            log.debug("cleaned up blob %s", item)

    def _file(self, digest: str) -> Path:
        """Return a blob's path; a digest from a hostile config.json never leads out of the store."""
        match = _DIGEST.fullmatch(digest)
        if match is None:
            raise EngineError(f"invalid digest {digest!r}: it must be {CANONICAL}: and 64 hexadecimal digits")
        return self.path / CANONICAL / match[1]


class Insertion:
    """A blob that is written to a temporary file and renamed to its digest when it is complete.

    Go:
        plugin/blobstore.go::insertion
        plugin/blobstore.go::newInsertion
    """

    def __init__(self, file: BinaryIO, temporary: Path, store: Path) -> None:
        self.f = file
        self.digester = hashlib.sha256()
        self.closed = False
        self._temporary = temporary
        self._store = store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, data: bytes, /) -> int:
        """Write some bytes."""
        self.digester.update(data)
        return self.f.write(data)

    def flush(self) -> None:
        """Flush the buffer; the compressor calls it."""
        self.f.flush()

    def commit(self) -> str:
        """Sync the blob, rename it to its digest, and return that.

        Raises:
            EngineError: `failed to mkdir` or `failed to rename`.
            OSError: it cannot be written.
        """
        self.f.flush()
        os.fsync(self.f.fileno())
        self.f.close()
        self.closed = True
        directory = self._store / CANONICAL
        try:
            directory.mkdir(mode=PRIVATE, exist_ok=True)
        except OSError as error:
            raise EngineError(f"failed to mkdir {self._store}: {cause(error)}", error) from error
        try:
            self._temporary.replace(directory / self.digester.hexdigest())
        except OSError as error:
            raise EngineError(f"failed to rename {self._temporary}: {cause(error)}", error) from error
        finally:
            self._temporary.unlink(missing_ok=True)
        sync_directory(directory)
        return f"{CANONICAL}:{self.digester.hexdigest()}"

    def close(self) -> None:
        """Delete the blob unless it was committed."""
        if not self.closed:
            self.f.close()
            self.closed = True
            self._temporary.unlink(missing_ok=True)
