"""The size of a directory.

Go: pkg/directory/directory_unix.go
"""

from __future__ import annotations

import os
import stat

from runtime.golang import context
from runtime.golang.context import Context


def size(directory: str, *, ctx: Context | None = None) -> int:
    """Return the bytes of all files below a directory; a file with several links counts once.

    Raises:
        OSError: The directory cannot be read; files that vanish meanwhile are not counted.
        ContextCanceled: The context was cancelled.

    Differs:
        behaviour inode: with the device; moby takes equal numbers on two file systems for one file.
    """
    status = os.lstat(directory)
    if not stat.S_ISDIR(status.st_mode):
        return status.st_size
    total, seen, waiting = 0, set[tuple[int, int]](), [directory]
    while waiting:
        context.check(ctx)
        for entry_status, path in _entries(waiting.pop(), top=directory):
            key = (entry_status.st_dev, entry_status.st_ino)
            if stat.S_ISDIR(entry_status.st_mode):
                waiting.append(path)
            elif key not in seen:
                seen.add(key)
                total += entry_status.st_size
    return total


def _entries(directory: str, *, top: str) -> list[tuple[os.stat_result, str]]:
    listed = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                try:
                    listed.append((entry.stat(follow_symlinks=False), entry.path))
                except FileNotFoundError:
                    continue
    except (FileNotFoundError, NotADirectoryError):
        if directory == top:
            raise
    return listed
