"""Forces what SQLite has committed to the disk, and the directories with it where that is possible."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

MOUNT_INFO: Final = Path("/proc/self/mountinfo")
JOURNALS: Final = frozenset({"ext3", "ext4"})
"""File systems where one sync of a file brings to disk all that was done to directories before it: they write
their journal in order, and a sync of a file that has grown writes the journal. If the file was only written
over it may not: its times are as coarse as the clock's tick, and within one nothing else of it changes."""

NO_JOURNAL: Final = "<none>"
"""Who writes the journal of such a file system that was made without one. There no sync promises anything of
directories; as with dockerd, the records alone are on disk when a change is acknowledged."""

RECORDS: Final = 250
"""Changes that are written to the file beside the database before it is emptied into the database."""
SIZE: Final = 32 + RECORDS * (24 + 4096)
"""Bytes of that file then, about: its head, and a page with a head for each change."""


class Sync:
    """A commit is on disk once its pages are, which SQLite has written to a file beside the database.

    Where there is a journal the file must grow with each commit, and nothing in it be written over: then one
    sync writes the journal, and after a power cut the pages are there if and only if the directories are.
    Elsewhere it has its size beforehand, so that a sync has nothing to write but the pages.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(f"{path}-wal")
        self.covers_directories = file_system(path.parent) in JOURNALS
        self.journal = self.covers_directories and has_journal(path.parent)
        self._descriptor: int | None = None

    def __call__(self) -> None:
        """Return when all that was committed is on disk.

        Raises:
            OSError: The disk fails.
        """
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        if self.journal:
            os.fsync(self._descriptor)
        else:
            _extend(self._descriptor)
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Sync nothing more."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _extend(descriptor: int) -> None:
    """Give the file its size, if there is room; SQLite takes no notice of what it has not written."""
    missing = SIZE - os.fstat(descriptor).st_size
    if missing > 0:
        with suppress(OSError):
            os.pwrite(descriptor, bytes(missing), SIZE - missing)


def has_journal(directory: Path) -> bool:
    """Whether the file system of a directory on ext3 or ext4 has a journal, as nearly all have."""
    device = directory.stat().st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    try:
        writer = Path("/sys/fs/ext4", name, "journal_task").read_text("utf-8")
    except OSError:
        return True
    return writer.strip() != NO_JOURNAL


def file_system(directory: Path) -> str:
    """The type of the file system that a directory is on; empty if that cannot be told."""
    device = directory.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = MOUNT_INFO.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    found = (
        line.split(" - ")[1].split(" ")[0] for line in lines if line.split(" ")[2] == wanted and " - " in line
    )
    return next(found, "")
