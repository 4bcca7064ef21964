"""The mount points that a plugin's root file system must have."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_DIRECTORIES = ("/dev/pts", "/dev/shm", "/proc", "/sys")  # noqa: S108 -- places in the container
_FILES = ("/.dockerenv", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname", "/dev/console")
_LINKS = {"/etc/mtab": "/proc/mounts"}

_MODE = 0o755


def setup(rootfs: Path) -> None:
    """Make the places on which the engine mounts things into a container.

    Go:
        daemon/initlayer/setup_unix.go::Setup

    Differs:
        param initLayerFs: its path, called `rootfs`.
        param rootIdentity: always the engine's own user.
        behaviour unlink: no file or link on the way is removed, only links, which must not lead out of the
            root;
            moby unlinks a user's `/etc/hosts` too and makes an empty one.

    Raises:
        OSError: one of them cannot be made.
    """
    for path in _DIRECTORIES:
        place = _place(rootfs, path)
        _drop_link(place)
        place.mkdir(mode=_MODE, exist_ok=True)
    for path in _FILES:
        _touch(_place(rootfs, path))
    for path, target in _LINKS.items():
        place = _place(rootfs, path)
        if not place.exists() and not place.is_symlink():
            place.symlink_to(target)


def _place(rootfs: Path, path: str) -> Path:
    """The path below the root, its parents made, and no link among them."""
    place = rootfs
    *parents, name = Path(path).parts[1:]
    for part in parents:
        place /= part
        _drop_link(place)
        place.mkdir(mode=_MODE, exist_ok=True)
    return place / name


def _touch(place: Path) -> None:
    _drop_link(place)
    if place.exists():
        return
    descriptor = os.open(place, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    os.close(descriptor)


def _drop_link(place: Path) -> None:
    with suppress(FileNotFoundError):
        if place.is_symlink():
            place.unlink()
