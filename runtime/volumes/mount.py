"""mount(2), with options as mount(8) takes them."""

from __future__ import annotations

import ctypes
import errno
import os
from enum import IntFlag
from pathlib import Path
from typing import Final

from runtime.mount import get_mounts, mounted


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
"""The ways in which mounts propagate; a mount has one of them.

Go:
    pkg/mount/mounter_linux.go::ptypes
"""

PROPAGATION_CALL: Final = PROPAGATION | Flag.REC | Flag.SILENT
"""What may stand in a call that changes the propagation.

Go:
    pkg/mount/mounter_linux.go::pflags
"""

READ_ONLY_BIND: Final = Flag.BIND | Flag.RDONLY
"""A bind becomes read-only with a second call.

Go:
    pkg/mount/mounter_linux.go::broflags
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

Go:
    pkg/mount/flags.go::flags
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

Go:
    pkg/mount/flags.go::flags
"""


def mounts_under(path: str) -> tuple[str, ...]:
    """The mount points at a path and below, the deepest first.

    Args:
        path: Absolute, and without symlinks.
    """
    below = path.rstrip("/") + "/"
    found = (at for at in get_mounts() if at == path or at.startswith(below))
    return tuple(sorted(found, key=len, reverse=True))


def mount(device: str, target: str, fstype: str, options: str) -> None:
    """Mount a device, unless something is mounted there already.

    Raises:
        OSError: The kernel refuses.

    Go:
        pkg/mount/mount.go::Mount

    Differs:
        param mType: called fstype.
        extra fstype: moby's mType.
    """
    flags, _ = parse_options(options)
    if Flag.REMOUNT in flags or not mounted(Path(target)):
        force_mount(device, target, fstype, options)


def force_mount(device: str, target: str, fstype: str, options: str) -> None:
    """Mount a device, whatever is mounted there.

    Raises:
        OSError: The kernel refuses.

    Go:
        pkg/mount/mount.go::ForceMount
        pkg/mount/mounter_linux.go::mount

    Differs:
        param mType: called fstype.
        param flags: from the options, by the same function.
        param data: from the options, by the same function.
    """
    flags, data = parse_options(options)
    plain = flags & ~PROPAGATION
    if data or not is_remount(device, flags):
        _mount(device, target, fstype, plain, data)
    if flags & PROPAGATION:
        _mount("", target, "", flags & PROPAGATION_CALL, "")
    if flags & READ_ONLY_BIND == READ_ONLY_BIND:
        _mount("", target, "", plain | Flag.REMOUNT, "")


def is_remount(device: str, flags: Flag) -> bool:
    """Return whether a request is for a change of a mount that exists.

    Go:
        pkg/mount/mounter_linux.go::isremount

    Differs:
        behaviour device: "" and "none" are mounted like any other unless only the propagation is to change;
            moby takes them for a remount, does nothing, and reports success.
    """
    if Flag.REMOUNT in flags:
        return True
    only_propagation = bool(flags & PROPAGATION) and not flags & ~PROPAGATION_CALL
    return device in {"", "none"} and only_propagation


def parse_options(options: str) -> tuple[Flag, str]:
    """The flags among the options of mount(8), and the others, which are for the file system.

    Go:
        pkg/mount/flags.go::parseOptions
    """
    flags, data = Flag.NONE, []
    for option in options.split(","):
        if option in SETS:
            flags |= SETS[option]
        elif option in CLEARS:
            flags &= ~CLEARS[option]
        else:
            data.append(option)
    return flags, ",".join(data)


def _mount(device: str, target: str, fstype: str, flags: Flag, data: str) -> None:
    texts = [os.fsencode(text) for text in (device, target, fstype)]
    if any(b"\0" in text for text in (*texts, data.encode())):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), target)
    if _libc().mount(*texts, ctypes.c_ulong(flags), os.fsencode(data)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
