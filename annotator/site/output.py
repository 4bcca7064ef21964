"""Writes the generated files atomically; packs files for another machine and unpacks them safely."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from annotator import file_io as files_
from annotator.errors import AnnotatorError, shortened
from annotator.model.source import is_safe

if TYPE_CHECKING:
    from collections.abc import Mapping

WORK_FOLDER = ".cache"
"""A folder next to the documents: for unfinished files, replaced ones, and the lock."""

WITHOUT_BANNER = {"NO_MKDOCS_2_WARNING": "1"}
"""The environment variable that hides the banner of Material for MkDocs."""


class SiteBusy(AnnotatorError):
    """Another build is writing the same site."""


def write(files: Mapping[str, bytes], folder: Path, linked: Mapping[str, Path] | None = None) -> None:
    """Make `folder` hold exactly these files, given by their paths below it; `linked` ones are not copied.

    Files whose content stays keep their time of change. Whatever goes wrong before the end, the
    folder stays as it was; what an interrupted run left behind is cleared away.

    Raises:
        AnnotatorError: A path leaves the folder, another build is writing, or the disk refuses.
    """
    for path in files:
        if path.startswith("/") or {"", ".", ".."} & set(path.split("/")):
            raise AnnotatorError(f"{path!r} is no path below {folder}; this is a fault of the annotator")
    aside = folder.parent / WORK_FOLDER
    try:
        aside.mkdir(parents=True, exist_ok=True)
        with locked(aside / f"{folder.name}.lock", folder):
            _replace(files, linked or {}, folder, aside)
    except OSError as error:
        kept = "; the site that was there is as it was" if folder.exists() else ""
        raise AnnotatorError(f"{folder}: cannot be written: {error.strerror}{kept}") from error


def read_stamp(folder: Path, state: str) -> bytes | None:
    """Return the note written with a folder, if its state and its files are unchanged; else None."""
    try:
        head, note = _stamp(folder).read_bytes().split(b"\n", 1)
    except (OSError, ValueError):
        return None
    return note if head == _head(folder, state, note) else None


def write_stamp(folder: Path, state: str, note: bytes) -> None:
    """Record the state from which the folder was written, with a note."""
    file = _stamp(folder)
    aside = file.with_suffix(".new")
    aside.write_bytes(_head(folder, state, note) + b"\n" + note)
    aside.replace(file)


def _head(folder: Path, state: str, note: bytes) -> bytes:
    """Return the first line of a stamp: the state, the fingerprint of the folder and a hash of the note."""
    return f"{state} {folder_fingerprint(folder)} {hashlib.sha256(note).hexdigest()}".encode()


def _stamp(folder: Path) -> Path:
    return folder.parent / WORK_FOLDER / f"{folder.name}.stamp"


def folder_fingerprint(folder: Path) -> str:
    """Return a fingerprint of the folder's files by their names, sizes and times."""
    found = hashlib.sha256()
    for at, names, files in os.walk(folder):
        names.sort()
        for file in sorted(files):
            known = (Path(at) / file).stat()
            found.update(
                f"{at}/{file} {known.st_size} {known.st_mtime_ns}\n".encode("utf-8", "surrogateescape")
            )
    return found.hexdigest()


def assets(folder: Path) -> dict[str, bytes]:
    """Return the files of an assets folder, by their paths on the site; none if there is no such folder."""
    found = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {f"{folder.name}/{file.relative_to(folder).as_posix()}": file.read_bytes() for file in found}


def link(files: Mapping[str, Path], folder: Path) -> None:
    """Put files into a folder as links to the same bytes, or as copies where the disk has no links."""
    for path, file in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        try:
            os.link(file, place)
        except OSError:
            shutil.copy2(file, place)


def _replace(files: Mapping[str, bytes], linked: Mapping[str, Path], folder: Path, aside: Path) -> None:
    new, old = aside / f"{folder.name}.new", aside / f"{folder.name}.old"
    if old.exists() and not folder.exists():
        old.rename(folder)
    for leftover in (new, old):
        if leftover.exists():
            shutil.rmtree(leftover)
    try:
        for parent in {(new / path).parent for path in files}:
            parent.mkdir(parents=True, exist_ok=True)
        for path, data in files.items():
            _put(new / path, data, folder / path)
        link(linked, new)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _put(file: Path, data: bytes, before: Path) -> None:
    """Write a file, or link it to the one that was there if its content stays, which keeps its time."""
    if before.is_file() and before.read_bytes() == data:
        with contextlib.suppress(OSError):  # some file systems have no links
            file.hardlink_to(before)
            return
        times = before.stat()
        file.write_bytes(data)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    else:
        file.write_bytes(data)


@contextlib.contextmanager
def locked(file: Path, folder: Path) -> Iterator[None]:
    """Hold a lock for writing a folder; the system releases it when the process ends."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(files_.lock(file, wait=False))
        except BlockingIOError as error:
            raise SiteBusy(f"{folder}: another build is writing it; wait until it has ended") from error
        yield


MOST_FILES = 100_000
MOST_BYTES = 1 << 30
"""What an archive may hold, unpacked."""

_BAD_PATH = frozenset({errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG})


class InvalidArchive(AnnotatorError):
    """The bytes are not an archive that may be unpacked."""


def pack(root: Path, files: Iterable[Path]) -> bytes:
    """Return an archive of files; it names them by their paths from `root`."""
    packed = io.BytesIO()
    # Level 1: of 96 MB of pages it leaves 13 MB in 1.2 s, level 6 leaves 10 MB in 2.7 s.
    with zipfile.ZipFile(
        packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False
    ) as archive:
        for file in files:
            archive.write(file, file.relative_to(root).as_posix())
    return packed.getvalue()


def unpack(data: bytes, folder: Path) -> None:
    """Write the files of an archive below a folder; it may hold some of them after an error.

    Raises:
        InvalidArchive: It is damaged or too large, or a path leads out of the folder.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = list(_checked(archive.infolist()))
            for member in members:
                file = folder / member.filename
                file.parent.mkdir(parents=True, exist_ok=True)
                # Never more than `file_size` bytes come out, whatever the compressed data says.
                file.write_bytes(archive.read(member))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InvalidArchive(f"the archive is damaged: {error}") from error
    except OSError as error:
        if error.errno not in _BAD_PATH:
            raise
        raise InvalidArchive(f"the archive holds a path that cannot be: {error.strerror}") from error


def _checked(members: list[zipfile.ZipInfo]) -> Iterator[zipfile.ZipInfo]:
    if len(members) > MOST_FILES:
        raise InvalidArchive(f"the archive holds more than {MOST_FILES} files")
    if sum(member.file_size for member in members) > MOST_BYTES:
        raise InvalidArchive(f"the archive holds more than {MOST_BYTES >> 20} MiB")
    paths = set()
    for member in members:
        if not is_safe(member.filename) or member.filename in paths:
            raise InvalidArchive(f"the archive holds the path {shortened(member.filename)!r}")
        paths.add(member.filename)
        yield member
