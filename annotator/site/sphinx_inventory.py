"""`objects.inv` for intersphinx."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

ROLES = {"class": "py:class", "function": "py:function", "attribute": "py:attribute", "module": "py:module"}
"""By what a Python object is, the role under which others look it up."""

_UNFIT = re.compile(r"[^\x21-\x7e]")
_BREAKS = re.compile(r"\s+")


class InventoryEntry(msgspec.Struct, frozen=True):
    """A symbol: its name, its role, its address below the site, and its display name."""

    name: str
    role: str
    address: str
    shown: str = "-"


def encode(entries: Iterable[InventoryEntry], project: str, version: str) -> bytes:
    """Return `objects.inv`, version 2, without names and addresses that its format cannot hold."""
    head = (
        "# Sphinx inventory version 2\n"
        f"# Project: {_BREAKS.sub(' ', project)}\n"
        f"# Version: {_BREAKS.sub(' ', version)}\n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    lines = (
        f"{entry.name} {entry.role} 1 {entry.address} {_BREAKS.sub(' ', entry.shown)}\n"
        for entry in entries
        if not _UNFIT.search(entry.name + entry.address)
    )
    return head.encode("utf-8", "replace") + zlib.compress("".join(lines).encode("utf-8", "replace"), 9)
