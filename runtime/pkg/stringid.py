"""Ids of plugins: 64 hexadecimal digits.

Go: pkg/stringid/stringid.go, plugin/manager.go
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from runtime.errdefs import EngineError

VALID_FULL_ID = re.compile(r"[a-f0-9]{64}")
"""What a whole id looks like; use `fullmatch`.

Go: plugin/manager.go::validFullID
"""


def below(root: Path, plugin_id: str) -> Path:
    """The directory of a plugin below a root.

    Raises:
        EngineError: the id is none, and could lead anywhere.
    """
    if not VALID_FULL_ID.fullmatch(plugin_id):
        raise EngineError(f"invalid plugin id {plugin_id!r}: it must be 64 hexadecimal digits")
    return root / plugin_id


SHORT_LENGTH = 12


def generate_random_id() -> str:
    """A new id, whose short form is never a number, since host names must not be."""
    while True:
        found = secrets.token_hex(32)
        if not found[:SHORT_LENGTH].isdecimal():
            return found
