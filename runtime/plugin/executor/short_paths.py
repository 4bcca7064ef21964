"""Short paths for the sockets of plugins, since the path of a Unix socket has at most 107 bytes.

A plugin that is a plain process binds its socket at a path of the host, EXEC/ID/NAME, where the id alone has
64 characters. If that is too long, the plugin gets a path through a link instead: DIRECTORY/ID -> EXEC/ID,
with the beginning of the id. The directory is private to the user and to the exec root.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from runtime.errdefs import EngineError
from runtime.pkg.ioutils import PRIVATE
from runtime.pkg.plugins.transport import MAX_UNIX_PATH

LONGEST_NAME: Final = 22
"""Bytes of a socket's name that moby's /run/docker/plugins/ID leaves."""

ID_LENGTH: Final = 64
LINK_LENGTH: Final = 24
"""Characters of an id that are enough to tell the plugins of one engine apart."""

TRIES: Final = 8
"""Names to try in a directory where others may have taken the first."""


class ShortPaths:
    """Makes and removes the links.

    Args:
        root_dir: EXEC, whose directories are linked to.
        parents: Where the private directory may be, the best first.

    Raises:
        EngineError: EXEC is too long, and there is no place for a short directory.
    """

    def __init__(self, root_dir: Path, parents: Sequence[str] | None = None) -> None:
        self._root_dir = root_dir
        self._parents = _parents() if parents is None else parents
        key = f"{os.geteuid()}\0{os.path.realpath(root_dir)}"
        self._name = f"moby-{hashlib.sha256(os.fsencode(key)).hexdigest()[:12]}"
        self._needed = not _fits(root_dir, ID_LENGTH)
        self._directory: Path | None = None
        if self._needed:
            self._remove_directory(self._private_directory())

    def make(self, plugin_id: str) -> Path:
        """Return a directory through which the plugin can bind its socket.

        Raises:
            EngineError: There is no place for a short directory.
            OSError: The link cannot be made.
        """
        target = self._root_dir / plugin_id
        if not self._needed:
            return target
        link = self._private_directory() / plugin_id[:LINK_LENGTH]
        with suppress(FileNotFoundError):
            link.unlink()
        link.symlink_to(os.path.realpath(target))
        return link

    def remove(self, plugin_id: str) -> None:
        """Remove the link of a plugin that has ended, and the directory after the last one."""
        if not self._needed:
            return
        directory = self._directory or self._private_directory()
        with suppress(OSError):
            (directory / plugin_id[:LINK_LENGTH]).unlink()
        self._remove_directory(directory)

    def _private_directory(self) -> Path:
        for directory in self._candidates():
            if _fits(directory, LINK_LENGTH) and _is_safe_parent(directory.parent) and _make(directory):
                self._directory = directory
                return directory
        length = MAX_UNIX_PATH - LONGEST_NAME - ID_LENGTH - 2 - len("/plugins")
        raise EngineError(
            f"{self._root_dir} is too long for the sockets of plugins, and no private directory can be made"
            f" in {', '.join(self._parents)}; give an --exec-root of at most {length} bytes"
        )

    def _candidates(self) -> Iterator[Path]:
        for parent in self._parents:
            yield Path(parent, self._name)
            yield from (Path(parent, f"{self._name}-{number}") for number in range(1, TRIES))

    def _remove_directory(self, directory: Path) -> None:
        with suppress(OSError):  # other plugins still have links in it
            directory.rmdir()


def _parents() -> list[str]:
    uid = os.geteuid()
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    return [*([given] if given.startswith("/") else []), f"/run/user/{uid}", "/run", "/tmp", "/var/tmp"]  # noqa: S108


def _fits(directory: Path, length: int) -> bool:
    """Whether a socket's path below a directory, with a component of that length, is short enough."""
    return len(os.fsencode(directory)) + 1 + length + 1 + LONGEST_NAME <= MAX_UNIX_PATH


def _is_safe_parent(parent: Path) -> bool:
    """Whether nobody but the user and root can rename what is in a directory."""
    try:
        found = parent.stat()
    except OSError:
        return False
    trusted = found.st_uid in (0, os.geteuid())
    return trusted and (not found.st_mode & 0o022 or bool(found.st_mode & stat.S_ISVTX))


def _make(directory: Path) -> bool:
    """Make a directory, or find it; whether it is there and only the user can enter it."""
    try:
        with suppress(FileExistsError):
            directory.mkdir(PRIVATE)
        found = directory.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.geteuid()
        and not stat.S_IMODE(found.st_mode) & 0o077
    )
