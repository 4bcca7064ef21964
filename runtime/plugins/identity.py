"""Ids of plugins: 64 hexadecimal digits."""

from __future__ import annotations

import re
import secrets

VALID_FULL_ID = re.compile(r"[a-f0-9]{64}")
"""What a whole id looks like; use `fullmatch`.

Go:
    plugin/manager.go::validFullID
"""

SHORT_LENGTH = 12


def generate_random_id() -> str:
    """A new id, whose short form is never a number, since host names must not be.

    Go:
        pkg/stringid/stringid.go::GenerateRandomID
        pkg/stringid/stringid.go::generateID
        pkg/stringid/stringid.go::TruncateID
    """
    while True:
        found = secrets.token_hex(32)
        if not found[:SHORT_LENGTH].isdecimal():
            return found
