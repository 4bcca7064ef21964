"""Explains why a program cannot be started."""

from __future__ import annotations

import errno
import os
import platform
import stat
from pathlib import Path
from typing import Final

HEAD_LIMIT: Final = 256
"""Bytes of a program's first line that the kernel reads."""

_ELF: Final = b"\x7fELF"
_BIG_ENDIAN: Final = 2
_MACHINES: Final = {
    3: "i386",
    8: "mips",
    20: "powerpc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
"""Values of e_machine in the ELF header."""


def explain_missing(name: str, path: Path) -> str:
    """Say why a file of a plugin's root file system is not a program that can be started."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return f"exec: {name!r}: no such program in the plugin's root file system"
    if stat.S_ISDIR(mode):
        return f"exec: {name!r} is a directory, not a program"
    permissions = f"{stat.S_IMODE(mode):04o}"
    return f"exec: {name!r} is not executable (mode {permissions}); set the x bit and create the plugin again"


def explain_failure(name: str, path: Path, error: OSError) -> str:
    """Say why the kernel refused to start a program that is there and executable."""
    head = _head(path)
    if head.startswith(b"#!"):
        cause = _of_script(head)
    elif head.startswith(_ELF):
        cause = _of_binary(head, error)
    elif error.errno == errno.ENOEXEC:
        cause = "it is neither a binary nor a script that begins with #!"
    else:
        cause = ""
    return f"exec: {name!r}: {os.strerror(error.errno or 0).lower()}{f': {cause}' if cause else ''}"


def _of_script(head: bytes) -> str:
    words = head[2:].partition(b"\n")[0].split(maxsplit=1)
    if not words:
        return "its first line names no interpreter"
    interpreter = Path(os.fsdecode(words[0]))
    if not interpreter.exists():
        return f"its interpreter {str(interpreter)!r} does not exist"
    if not os.access(interpreter, os.X_OK) or interpreter.is_dir():
        return f"its interpreter {str(interpreter)!r} is not executable"
    return f"its interpreter {str(interpreter)!r} cannot be started"


def _of_binary(head: bytes, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "its dynamic loader does not exist"
    number = int.from_bytes(head[18:20], "big" if head[5:6] == bytes([_BIG_ENDIAN]) else "little")
    machine = _MACHINES.get(number, f"machine {number}")
    if error.errno == errno.ENOEXEC and machine != platform.machine():
        return f"it is built for {machine}, this machine is {platform.machine()}"
    return "the binary is damaged" if error.errno == errno.ENOEXEC else ""


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_LIMIT)
    except OSError:
        return b""
