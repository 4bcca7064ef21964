"""Mounting, unmounting, and what is mounted where, on Linux."""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import re
import select
import threading
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

MS_BIND = 0x1000
MS_REC = 0x4000
MS_SHARED = 1 << 20
MNT_DETACH = 2

_MOUNT_INFO = Path("/proc/self/mountinfo")
_MOUNT_POINT_FIELD = 4
_ESCAPED = re.compile(r"[\\\s#]")
"""What the table of mounts has in another form."""


def get_mounts() -> list[str]:
    """Where something is mounted, in the order of mounting; nothing where there is no Linux.

    Go:
        pkg/mount/mount.go::GetMounts

    Differs:
        param f: the caller filters.
        result Info: mount points only; nothing else is asked for here.
        behaviour escapes: octal escapes of spaces and the like are undone, which moby forgets.
    """
    try:
        lines = _MOUNT_INFO.read_text("utf-8", "surrogateescape").splitlines()
    except FileNotFoundError:
        return []
    return [_unescape(line.split(" ")[_MOUNT_POINT_FIELD]) for line in lines]


class MountTable:
    """The kernel's table of mounts, which is read again only once it has changed; for many questions."""

    def __init__(self) -> None:
        self._mu = threading.Lock()
        self._changes = select.poll()
        self._table = b""
        self._descriptor: int | None = None
        with suppress(OSError):
            self._descriptor = os.open(_MOUNT_INFO, os.O_RDONLY | os.O_CLOEXEC)
            self._changes.register(self._descriptor, select.POLLPRI)
            self._table = self._read(self._descriptor)

    def may_have(self, path: str) -> bool:
        """Whether the table has this path anywhere; if not, nothing is mounted there or below.

        Args:
            path: Absolute, and without symlinks.
        """
        with self._mu:
            if self._descriptor is None or _ESCAPED.search(path) is not None:
                return True
            if self._changes.poll(0):
                self._table = self._read(self._descriptor)
            return os.fsencode(path) in self._table

    def close(self) -> None:
        """Look no more: from now on there may be anything."""
        with self._mu:
            if self._descriptor is not None:
                self._changes.unregister(self._descriptor)
                os.close(self._descriptor)
                self._descriptor = None

    @staticmethod
    def _read(descriptor: int) -> bytes:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return b"".join(iter(lambda: os.read(descriptor, 1 << 16), b""))


def mounted(mountpoint: Path) -> bool:
    """Whether something is mounted at exactly this path.

    Go:
        pkg/mount/mount.go::Mounted

    Differs:
        behaviour links: those on the way to the path are followed, since the kernel's table has none of them.
    """
    return _in_table(mountpoint) in get_mounts()


def unmount(target: Path) -> None:
    """Detach what is mounted at a path; nothing mounted is fine.

    Go:
        pkg/mount/mount.go::Unmount

    Raises:
        OSError: the kernel refuses.
    """
    if _libc().umount2(os.fsencode(target), MNT_DETACH) != 0 and ctypes.get_errno() != errno.EINVAL:
        raise _error(target)


def recursive_unmount(target: Path) -> None:
    """Detach all that is mounted at a path and below, the deepest first.

    Go:
        pkg/mount/mount.go::RecursiveUnmount

    Differs:
        behaviour prefix: only mounts below the directory; moby takes `/plugins/ab` for a part of
            `/plugins/a`.
        behaviour links: those on the way to the path are followed, since the kernel's table has none of them.
        call GetMounts: what is mounted is asked for without a filter and sifted here; moby parses the table
            with one.
        call Unmount: it passes over what is not mounted any more, which moby does in this place.
        behaviour vanished: a mount that is gone meanwhile is fine, wherever it was in the list.

    Raises:
        OSError: the mount at the path itself, or the last one below, cannot be detached.
    """
    top = _in_table(target)
    below = [point for point in get_mounts() if point == top or point.startswith(f"{top}/")]
    below.sort(key=len, reverse=True)
    for position, point in enumerate(below, 1):
        try:
            unmount(Path(point))
        except OSError:
            if position == len(below) and mounted(Path(point)):
                raise
            log.warning("Failed to unmount submount %s", point, exc_info=True)


def make_r_shared(mount_point: Path) -> None:
    """Make a directory a mount point of its own whose mounts others see.

    Go:
        pkg/mount/sharedsubtree_linux.go::MakeRShared

    Differs:
        call MakeMount: in `ensureMountedAs`, which moby shares between eight kinds of propagation; one is
            needed here.

    Raises:
        OSError: the kernel refuses; PermissionError without the right to mount.
    """
    make_mount(mount_point)
    _mount("", mount_point, MS_SHARED | MS_REC)


def make_mount(mnt: Path) -> None:
    """Make a directory a mount point, by mounting it on itself, unless it is one.

    Go:
        pkg/mount/sharedsubtree_linux.go::MakeMount

    Differs:
        call Mount: mount(2) itself; what `Mount` adds, a look whether it is mounted, has been done.

    Raises:
        OSError: the kernel refuses; PermissionError without the right to mount.
    """
    if not mounted(mnt):
        _mount(str(mnt), mnt, MS_BIND)


def _mount(source: str, target: Path, flags: int) -> None:
    if _libc().mount(os.fsencode(source), os.fsencode(target), b"none", flags, None) != 0:
        raise _error(target)


def _error(path: Path) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code), str(path))


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
    libc.umount2.argtypes = (ctypes.c_char_p, ctypes.c_int)
    return libc


def _in_table(path: Path) -> str:
    """The path with what leads to it resolved; a link at its end stays."""
    return os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118 - Path drops nothing here


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
