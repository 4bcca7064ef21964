"""mount(2) and umount2(2), with options as mount(8) takes them."""

from __future__ import annotations

import ctypes
import errno
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path
from typing import Final

MOUNT_TABLE: Final = Path("/proc/self/mountinfo")
MNT_DETACH: Final = 2
_FEWEST_FIELDS: Final = 10
_MOUNT_POINT: Final = 4


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


@dataclass(frozen=True, slots=True)
class Info:
    """One line of the mount table: what is mounted where.

    Go:
        pkg/mount/mountinfo.go::Info

    Differs:
        field ID: nobody here asks.
        field Parent: nobody here asks.
        field Major: nobody here asks.
        field Minor: nobody here asks.
        field Root: nobody here asks.
        field Opts: nobody here asks.
        field Optional: nobody here asks.
        field VfsOpts: nobody here asks.
        behaviour Mountpoint: blanks and backslashes in it are as on disk; moby leaves the kernel's escapes.
    """

    mountpoint: str
    fstype: str
    source: str


def get_mounts() -> tuple[Info, ...]:
    """All that is mounted, in the order of mounting; nothing where there is no mount table.

    Raises:
        OSError: The table cannot be read.

    Go:
        pkg/mount/mount.go::GetMounts
        pkg/mount/mountinfo_linux.go::parseMountTable

    Differs:
        param f: the caller filters; the table is short.
    """
    if not MOUNT_TABLE.exists():
        return ()
    with MOUNT_TABLE.open(encoding="utf-8", errors="surrogateescape") as lines:
        return tuple(parse_info_file(lines))


def parse_info_file(lines: Iterable[str]) -> Iterator[Info]:
    """The entries of a mount table in the form of /proc/self/mountinfo.

    Go:
        pkg/mount/mountinfo_linux.go::parseInfoFile

    Differs:
        param filter: the caller filters.
        error err: a line that cannot be understood is left out.
    """
    for line in lines:
        fields = line.rstrip("\n").split(" ")
        if len(fields) < _FEWEST_FIELDS or "-" not in fields[6:]:
            continue
        fstype, source = (*fields[fields.index("-", 6) + 1 :], "", "")[:2]
        yield Info(_unescape(fields[_MOUNT_POINT]), fstype, _unescape(source))


def mounted(mountpoint: str) -> bool:
    """Whether something is mounted at a path, which must be absolute and without symlinks.

    Go:
        pkg/mount/mount.go::Mounted
        pkg/mount/mount.go::SingleEntryFilter
    """
    return any(info.mountpoint == mountpoint for info in get_mounts())


def mounts_under(path: str) -> tuple[str, ...]:
    """The mount points at a path and below, the deepest first.

    Go:
        pkg/mount/mount.go::PrefixFilter

    Differs:
        behaviour prefix: a path is below another if its parts are; `/a/bc` is not below `/a/b`.
    """
    below = path.rstrip("/") + "/"
    found = (info.mountpoint for info in get_mounts())
    return tuple(sorted((at for at in found if at == path or at.startswith(below)), key=len, reverse=True))


def mount(device: str, target: str, fstype: str, options: str) -> None:
    """Mount a device, unless something is mounted there already.

    Raises:
        OSError: The kernel refuses.

    Go:
        pkg/mount/mount.go::Mount
    """
    flags, _ = parse_options(options)
    if Flag.REMOUNT in flags or not mounted(target):
        force_mount(device, target, fstype, options)


def force_mount(device: str, target: str, fstype: str, options: str) -> None:
    """Mount a device, whatever is mounted there.

    Raises:
        OSError: The kernel refuses.

    Go:
        pkg/mount/mount.go::ForceMount
        pkg/mount/mounter_linux.go::mount
        pkg/mount/mounter_linux.go::isremount

    Differs:
        behaviour device: "" and "none" are mounted like any other unless only the propagation is to change;
            moby takes them for a remount, does nothing, and reports success.
    """
    flags, data = parse_options(options)
    plain = flags & ~PROPAGATION
    if data or plain or not flags & PROPAGATION:
        _mount(device, target, fstype, plain, data)
    if flags & PROPAGATION:
        _mount("", target, "", flags & PROPAGATION_CALL, "")
    if flags & READ_ONLY_BIND == READ_ONLY_BIND:
        _mount("", target, "", plain | Flag.REMOUNT, "")


def unmount(target: str) -> None:
    """Detach what is mounted at a path; nothing happens if nothing is.

    Raises:
        OSError: The kernel refuses.

    Go:
        pkg/mount/mount.go::Unmount
        pkg/mount/mounter_linux.go::unmount
    """
    if _libc().umount2(os.fsencode(target), MNT_DETACH) and (number := ctypes.get_errno()) != errno.EINVAL:
        raise OSError(number, os.strerror(number), target)


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


def _unescape(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda digits: chr(int(digits[1], 8)), path)
