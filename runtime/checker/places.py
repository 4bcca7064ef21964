"""Where the path that a plugin names is found, from this machine and from inside the plugin."""

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
        pid: The process; 0 if it cannot be seen from here.
        root: Its root directory, seen from here.
        contained: Whether its file system is another than ours.
        readable: Whether it can be looked into.
    """

    pid: int = 0
    root: Path = Path("/")
    contained: bool = False
    readable: bool = True

    def inside(self, place: str) -> Path:
        """Return where the plugin's own path is found from here."""
        return self.root / place.lstrip("/") if self.contained and self.readable else Path(place)

    def identity(self, place: str) -> tuple[int, int] | None:
        """Return what distinguishes a mounted directory from another; None if there is none."""
        return _identity(self.inside(place))

    def is_on_host(self, place: str) -> bool:
        """Whether the path leads to the same directory on this machine."""
        return _identity(Path(place)) == self.identity(place)

    def is_propagated(self, place: str) -> bool:
        """Whether the host sees the path: in the plugin's root file system, or below a shared mount."""
        try:
            lines = Path(f"/proc/{self.pid}/mountinfo").read_text().splitlines()
        except OSError:
            return True
        mounts = {_unescape(line.split()[_MOUNT_POINT]): line for line in lines}
        real = Path(os.path.normpath(place))
        holder = next((path for path in (str(real), *map(str, real.parents)) if path in mounts), "/")
        optional = mounts.get(holder, "").partition(" - ")[0].split()[_OPTIONAL_FIELDS:]
        return holder == "/" or any(each.startswith("shared:") for each in optional)


def view(address: str) -> View:
    """Return the view of the process that listens at an address; that of this machine if it is a port."""
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
        return View()  # the process that began to listen has ended; one of its children serves
    except OSError:
        return View(pid, root, contained=True, readable=False)
    return View(pid, root, contained)


def _listener(path: str) -> int:
    """Return the process that began to listen on a socket."""
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
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _unescape(text: str) -> str:
    """Return a path of mountinfo, in which blanks are octal."""
    for code, letter in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        text = text.replace(code, letter)
    return text
