"""Forces what SQLite has committed to the disk, and the directories with it where that is possible."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

MOUNT_INFO: Final = Path("/proc/self/mountinfo")
JOURNALS: Final = frozenset({"ext3", "ext4"})
"""File systems where one sync of a file brings to disk all that was done to directories before it: they write
their journal in order, and a sync of a file whose times have changed writes the journal."""


class Sync:
    """A commit is on disk once its pages are, which SQLite has written to a file beside the database.

    SQLite's own sync of that file is of its data alone, so that the directories would need a second one.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(f"{path}-wal")
        self.covers_directories = file_system(path.parent) in JOURNALS
        self._descriptor: int | None = None

    def __call__(self) -> None:
        """Return when all that was committed is on disk.

        Raises:
            OSError: The disk fails.
        """
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Sync nothing more."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


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
