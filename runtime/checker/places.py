"""Paths in a plugin's view, seen from this machine and from inside the plugin."""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

_CREDENTIALS = struct.Struct("3i")
_MOUNT_POINT = 4
_OPTIONAL_FIELDS = 6


@dataclass(frozen=True, slots=True)
class View:
    """The file system of the process that listens on the plugin's socket.

    Args:
        pid: The process; 0 if it is not visible from here.
        root: Its root directory, seen from here.
        contained: Whether it has another file system than this process.
        readable: Whether that file system is readable.
    """

    pid: int = 0
    root: Path = Path("/")
    contained: bool = False
    readable: bool = True

    def inside(self, place: str) -> Path:
        """Map a path in the plugin's view to one on this machine."""
        return self.root / place.lstrip("/") if self.contained and self.readable else Path(place)

    def identity(self, place: str) -> tuple[int, int] | None:
        """Return the identity of a directory, or None if it does not exist."""
        return _identity(self.inside(place))

    def is_on_host(self, place: str) -> bool:
        """Return whether the path leads to the same directory on this machine."""
        return _identity(Path(place)) == self.identity(place)

    def is_propagated(self, place: str) -> bool:
        """Return whether the host sees the path: in its root file system, or below a shared mount."""
        try:
            lines = Path(f"/proc/{self.pid}/mountinfo").read_text().splitlines()
        except OSError:
            return True
        mounts = {_unescape(line.split()[_MOUNT_POINT]): line for line in lines}
        real = Path(os.path.normpath(place))
        holder = next((path for path in (str(real), *map(str, real.parents)) if path in mounts), "/")
        optional = mounts.get(holder, "").partition(" - ")[0].split()[_OPTIONAL_FIELDS:]
        return holder == "/" or any(option.startswith("shared:") for option in optional)


def view(address: str) -> View:
    """Return the view of the process that listens on a unix socket, or of this machine for a port."""
    if not address.startswith("unix://"):
        return View()
    try:
        pid = _listener(address.removeprefix("unix://"))
    except OSError:
        return View()
    if not pid:
        return View(contained=True, readable=False)
    root = Path(f"/proc/{pid}/root")
    try:
        contained = _namespace(pid) != _namespace("self") or not root.samefile("/")
    except FileNotFoundError:
        return View()  # the process has ended, and one of its children serves
    except OSError:
        return View(pid, root, contained=True, readable=False)
    return View(pid, root, contained)


def _listener(path: str) -> int:
    """Return the process that called listen(2) on a socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        probe.connect(path)
        raw = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(raw)[0]
    return pid


def _namespace(pid: int | str) -> str:
    return str(Path(f"/proc/{pid}/ns/mnt").readlink())


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _unescape(text: str) -> str:
    """Decode the octal escapes in a path of mountinfo."""
    for code, letter in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        text = text.replace(code, letter)
    return text
