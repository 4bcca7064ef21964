"""Mounts and the kernel's table of them, on Linux.

Go: pkg/mount/mount.go, pkg/mount/mounter_linux.go, pkg/mount/flags.go, pkg/mount/sharedsubtree_linux.go
"""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import re
import select
import threading
from contextlib import suppress
from enum import IntFlag
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

MNT_DETACH = 2

_MOUNT_INFO = Path("/proc/self/mountinfo")
_MOUNT_POINT_FIELD = 4
_ESCAPED = re.compile(r"[\s\\#]")
"""Characters that the table escapes."""


def get_mounts() -> list[str]:
    """Return all mount points in the order of mounting; none where there is no Linux.

    Differs:
        param f: the caller filters.
        result Info: mount points only; nothing else is asked for here.
        behaviour escapes: octal escapes, as of spaces, are decoded; moby leaves them.
    """
    try:
        lines = _MOUNT_INFO.read_text("utf-8", "surrogateescape").splitlines()
    except FileNotFoundError:
        return []
    return [_unescape(line.split(" ")[_MOUNT_POINT_FIELD]) for line in lines]


class MountTable:
    """The kernel's table of mounts, which is read again only once it has changed."""

    def __init__(self) -> None:
        self._mu = threading.Lock()
        self._changes = select.poll()
        self._table = b""
        self._descriptor = -1
        with suppress(OSError):
            self._descriptor = os.open(_MOUNT_INFO, os.O_RDONLY | os.O_CLOEXEC)
            self._changes.register(self._descriptor, select.POLLPRI)  # the kernel reports each change once
            self._table = self._read()

    def may_have(self, path: str) -> bool:
        """Return whether something may be mounted at a path or below.

        Args:
            path: Absolute, and without symlinks.
        """
        with self._mu:
            if self._descriptor < 0 or _ESCAPED.search(path):
                return True
            if self._changes.poll(0):
                self._table = self._read()
            return os.fsencode(path) in self._table

    def close(self) -> None:
        """Close the table; from then on anything may be mounted anywhere."""
        with self._mu:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1

    def _read(self) -> bytes:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return b"".join(iter(lambda: os.read(self._descriptor, 1 << 16), b""))


def mounted(mountpoint: Path) -> bool:
    """Return whether a path is a mount point.

    Differs:
        behaviour links: links in the path are resolved, since the kernel's table has none.
    """
    return _in_table(mountpoint) in get_mounts()


def unmount(target: Path) -> None:
    """Detach a mount lazily; a path that is no mount point is fine.

    Raises:
        OSError: the kernel refuses.
    """
    if _libc().umount2(os.fsencode(target), MNT_DETACH) != 0 and ctypes.get_errno() != errno.EINVAL:
        raise _error(str(target))


def recursive_unmount(target: Path) -> None:
    """Detach all mounts at a path and below, the deepest first.

    Raises:
        OSError: the mount at the path itself, or the last one below, cannot be detached.

    Differs:
        behaviour prefix: only mounts below the directory; moby takes `/plugins/ab` for a part of
            `/plugins/a`.
        behaviour links: links in the path are resolved, since the kernel's table has none.
        call GetMounts: filtered here; in moby by an argument.
        call Unmount: it ignores mounts that are gone; in moby this function does.
        behaviour vanished: a mount that is gone meanwhile is fine, wherever it was in the list.
    """
    below = mounts_under(_in_table(target))
    for position, point in enumerate(below, 1):
        try:
            unmount(Path(point))
        except OSError:
            if position == len(below) and mounted(Path(point)):
                raise
            log.warning("Failed to unmount submount %s", point, exc_info=True)


def make_r_shared(mount_point: Path) -> None:
    """Make a directory a mount point whose later mounts other namespaces see.

    Raises:
        OSError: the kernel refuses; PermissionError without the right to mount.

    Differs:
        call MakeMount: moby calls it in `ensureMountedAs`, which serves eight kinds of propagation.
    """
    make_mount(mount_point)
    _call_mount("", str(mount_point), "none", Flag.SHARED | Flag.REC)


def make_mount(mnt: Path) -> None:
    """Make a directory a mount point, by mounting it on itself, unless it is one.

    Raises:
        OSError: the kernel refuses; PermissionError without the right to mount.

    Differs:
        call Mount: mount(2) itself, since the mount table was read already.
    """
    if not mounted(mnt):
        _call_mount(str(mnt), str(mnt), "none", Flag.BIND)


def _in_table(path: Path) -> str:
    """Resolve the directories of a path; a link at its end stays."""
    return os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118 - Path drops nothing here


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


class Flag(IntFlag):
    """The flags of mount(2), by their names in Linux's headers."""

    NONE = 0
    RDONLY = 1
    NOSUID = 2
    NODEV = 4
    NOEXEC = 8
    SYNCHRONOUS = 16
    REMOUNT = 32
    MANDLOCK = 64
    DIRSYNC = 128
    NOATIME = 1024
    NODIRATIME = 2048
    BIND = 4096
    REC = 16384
    SILENT = 32768
    UNBINDABLE = 1 << 17
    PRIVATE = 1 << 18
    SLAVE = 1 << 19
    SHARED = 1 << 20
    RELATIME = 1 << 21
    STRICTATIME = 1 << 24


PROPAGATION: Final = Flag.SHARED | Flag.PRIVATE | Flag.SLAVE | Flag.UNBINDABLE
"""The kinds of propagation; a mount has one of them.

Go: pkg/mount/mounter_linux.go::ptypes
"""

PROPAGATION_CALL: Final = PROPAGATION | Flag.REC | Flag.SILENT
"""The flags that are allowed in a call that changes the propagation.

Go: pkg/mount/mounter_linux.go::pflags
"""

READ_ONLY_BIND: Final = Flag.BIND | Flag.RDONLY
"""A bind becomes read-only with a second call.

Go: pkg/mount/mounter_linux.go::broflags
"""

SETS: Final = {
    "ro": Flag.RDONLY,
    "nosuid": Flag.NOSUID,
    "nodev": Flag.NODEV,
    "noexec": Flag.NOEXEC,
    "sync": Flag.SYNCHRONOUS,
    "dirsync": Flag.DIRSYNC,
    "remount": Flag.REMOUNT,
    "mand": Flag.MANDLOCK,
    "noatime": Flag.NOATIME,
    "nodiratime": Flag.NODIRATIME,
    "bind": Flag.BIND,
    "rbind": Flag.BIND | Flag.REC,
    "unbindable": Flag.UNBINDABLE,
    "runbindable": Flag.UNBINDABLE | Flag.REC,
    "private": Flag.PRIVATE,
    "rprivate": Flag.PRIVATE | Flag.REC,
    "shared": Flag.SHARED,
    "rshared": Flag.SHARED | Flag.REC,
    "slave": Flag.SLAVE,
    "rslave": Flag.SLAVE | Flag.REC,
    "relatime": Flag.RELATIME,
    "strictatime": Flag.STRICTATIME,
}
"""The options that set a flag.

Go: pkg/mount/flags.go::flags
"""

CLEARS: Final = {
    "rw": Flag.RDONLY,
    "suid": Flag.NOSUID,
    "dev": Flag.NODEV,
    "exec": Flag.NOEXEC,
    "async": Flag.SYNCHRONOUS,
    "nomand": Flag.MANDLOCK,
    "atime": Flag.NOATIME,
    "diratime": Flag.NODIRATIME,
    "norelatime": Flag.RELATIME,
    "nostrictatime": Flag.STRICTATIME,
}
"""The options that clear a flag.

Go: pkg/mount/flags.go::flags
"""


def mounts_under(path: str) -> tuple[str, ...]:
    """Return the mount points at a path and below, the deepest first.

    Args:
        path: Absolute, and without symlinks.
    """
    below = path.rstrip("/") + "/"
    found = (at for at in get_mounts() if at == path or at.startswith(below))
    return tuple(sorted(found, key=len, reverse=True))


def mount(device: str, target: str, fstype: str, options: str) -> None:
    """Mount a device, unless the target is a mount point already.

    Raises:
        OSError: The kernel refuses.

    Go: pkg/mount/mount.go::Mount
    """
    flags, _ = parse_options(options)
    if Flag.REMOUNT in flags or not mounted(Path(target)):
        force_mount(device, target, fstype, options)


def force_mount(device: str, target: str, fstype: str, options: str) -> None:
    """Mount a device, also on top of another mount.

    Raises:
        OSError: The kernel refuses.

    Go:
        pkg/mount/mount.go::ForceMount
        pkg/mount/mounter_linux.go::mount
    Differs:
        params flags, data: parsed here from the options.
    """
    flags, data = parse_options(options)
    plain = flags & ~PROPAGATION
    if data or not is_remount(device, flags):
        _call_mount(device, target, fstype, plain, data)
    if flags & PROPAGATION:
        _call_mount("", target, "", flags & PROPAGATION_CALL)
    if flags & READ_ONLY_BIND == READ_ONLY_BIND:
        _call_mount("", target, "", plain | Flag.REMOUNT)


def is_remount(device: str, flags: Flag) -> bool:
    """Return whether a request is for a change of a mount that exists.

    Differs:
        behaviour device: "" and "none" are mounted like any other unless only the propagation is to change;
            moby takes them for a remount, does nothing, and reports success.
    """
    if Flag.REMOUNT in flags:
        return True
    only_propagation = bool(flags & PROPAGATION) and not flags & ~PROPAGATION_CALL
    return device in {"", "none"} and only_propagation


def parse_options(options: str) -> tuple[Flag, str]:
    """Split options of mount(8) into flags and those for the file system."""
    flags, data = Flag.NONE, []
    for option in options.split(","):
        if option in SETS:
            flags |= SETS[option]
        elif option in CLEARS:
            flags &= ~CLEARS[option]
        else:
            data.append(option)
    return flags, ",".join(data)


def _call_mount(device: str, target: str, fstype: str, flags: Flag, data: str = "") -> None:
    texts = [os.fsencode(text) for text in (device, target, fstype)]
    if any(b"\0" in text for text in (*texts, data.encode())):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), target)
    if _libc().mount(*texts, ctypes.c_ulong(flags), os.fsencode(data)):
        raise _error(target)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _error(path: str) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code), path)
