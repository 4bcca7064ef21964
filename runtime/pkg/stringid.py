"""The ids of plugins: 64 hexadecimal digits.

Go: pkg/stringid/stringid.go, plugin/manager.go
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from runtime.errdefs import EngineError

VALID_FULL_ID = re.compile(r"[a-f0-9]{64}")
"""The pattern of a whole id, for `fullmatch`.

Go: plugin/manager.go::validFullID
"""


def below(root: Path, plugin_id: str) -> Path:
    """Return the directory of a plugin below a root.

    Raises:
        EngineError: it is not an id, and could lead out of the root.
    """
    if not VALID_FULL_ID.fullmatch(plugin_id):
        raise EngineError(f"invalid plugin id {plugin_id!r}: it must be 64 hexadecimal digits")
    return root / plugin_id


SHORT_LENGTH = 12


def generate_random_id() -> str:
    """Return a new id whose short form is not a number, since host names must not be."""
    while True:
        new_id = secrets.token_hex(32)
        if not new_id[:SHORT_LENGTH].isdecimal():
            return new_id
