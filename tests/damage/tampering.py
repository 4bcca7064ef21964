"""What can be done to a file or folder of a data root, each as a value that a case is made of."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

Tamper: TypeAlias = Callable[[Path], None]
"""Does something to the root that it is given."""


def _drop(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def gone(*places: str) -> Tamper:
    """Remove files or folders."""

    def do(root: Path) -> None:
        for place in places:
            _drop(root / place)

    return do


def content(place: str, data: bytes | str) -> Tamper:
    """Have a file with this content there, whatever was there."""

    def do(root: Path) -> None:
        _drop(root / place)
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_bytes(data.encode() if isinstance(data, str) else data)

    return do


def folder(place: str, *files: str) -> Tamper:
    """Have a folder with these files there, whatever was there."""

    def do(root: Path) -> None:
        _drop(root / place)
        (root / place).mkdir(parents=True)
        for file in files:
            (root / place / file).parent.mkdir(parents=True, exist_ok=True)
            (root / place / file).write_text("precious")

    return do


def folder_of_bytes(place: str, name: bytes) -> Tamper:
    """Have a folder whose name is no text."""

    def do(root: Path) -> None:
        os.mkdir(os.path.join(os.fsencode(root / place), name))  # noqa: PTH102,PTH118 - bytes

    return do


def link(place: str, target: str) -> Tamper:
    """Have a symlink there; `OUTSIDE` in the target is a folder beside the root, with something in it."""

    def do(root: Path) -> None:
        _drop(root / place)
        outside = root.parent / "outside"
        outside.mkdir(exist_ok=True)
        (outside / "precious").write_text("precious")
        (root / place).symlink_to(target.replace("OUTSIDE", str(outside)))

    return do


def moved_out(place: str) -> Tamper:
    """Move something beside the root, with a symlink where it was."""

    def do(root: Path) -> None:
        target = root.parent / "moved"
        (root / place).rename(target)
        (root / place).symlink_to(target)

    return do


def moved(place: str, target: str) -> Tamper:
    """Give something another name."""

    def do(root: Path) -> None:
        (root / place).rename(root / target)

    return do


def copied(place: str, target: str) -> Tamper:
    """Have a second one of a folder."""

    def do(root: Path) -> None:
        shutil.copytree(root / place, root / target, symlinks=True)

    return do


def fifo(place: str) -> Tamper:
    """Have a pipe there that nobody writes to."""

    def do(root: Path) -> None:
        _drop(root / place)
        os.mkfifo(root / place)

    return do


def socket_there(place: str) -> Tamper:
    """Have a socket there that nobody listens on."""

    def do(root: Path) -> None:
        _drop(root / place)
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(root / place))

    return do


def endless_device(place: str) -> Tamper:
    """Have a device there that never ends, if we may."""

    def do(root: Path) -> None:
        _drop(root / place)
        os.mknod(root / place, stat.S_IFCHR | 0o600, os.makedev(1, 5))

    return do


def huge(place: str, size: int = 1 << 40) -> Tamper:
    """Have a sparse file of a terabyte there, beginning as it did."""

    def do(root: Path) -> None:
        os.truncate(root / place, size)

    return do


def cut(place: str, size: int) -> Tamper:
    """Keep the first bytes of a file alone."""
    return huge(place, size)


def zeroed(place: str, begin: int, size: int = 4096) -> Tamper:
    """Have zeroes in a part of a file."""

    def do(root: Path) -> None:
        with (root / place).open("r+b") as file:
            file.seek(begin)
            file.write(bytes(size))

    return do


def patched(place: str, old: bytes, new: bytes) -> Tamper:
    """Have other bytes everywhere in a file."""

    def do(root: Path) -> None:
        data = (root / place).read_bytes()
        assert old in data
        (root / place).write_bytes(data.replace(old, new))

    return do


def mode(place: str, permissions: int) -> Tamper:
    """Have other permissions."""

    def do(root: Path) -> None:
        (root / place).chmod(permissions)

    return do


def owner(place: str, uid: int) -> Tamper:
    """Have another owner and group, if we may."""

    def do(root: Path) -> None:
        os.chown(root / place, uid, uid, follow_symlinks=False)

    return do


def nested(place: str, depth: int) -> Tamper:
    """Have folders in folders, deeper than any path can name."""

    def do(root: Path) -> None:
        at = os.open(root / place, os.O_DIRECTORY)
        for _ in range(depth):
            os.mkdir("d" * 50, dir_fd=at)
            below = os.open("d" * 50, os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        os.close(at)

    return do


def many(place: str, number: int, name: str) -> Tamper:
    """Have so many folders."""

    def do(root: Path) -> None:
        for each in range(number):
            (root / place / f"{name}{each}" / "_data").mkdir(parents=True)

    return do


def config(place: str, **changes: Any) -> Tamper:
    """Have other values in a JSON document; a double underscore leads into an object."""

    def do(root: Path) -> None:
        document = json.loads((root / place).read_text())
        for path, value in changes.items():
            *parents, name = path.split("__")
            at = document
            for parent in parents:
                at = at[parent]
            at[name] = value
        (root / place).write_text(json.dumps(document))

    return do


def executed(place: str, *statements: str) -> Tamper:
    """Run some SQL on a file."""

    def do(root: Path) -> None:
        database = sqlite3.connect(root / place)
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.close()

    return do
