"""Texts inside errors, as Go writes them."""

from __future__ import annotations

import json


def quote(text: str) -> str:
    """The text in double quotes, with escapes where they are needed."""
    return json.dumps(text, ensure_ascii=False)


def cause(error: OSError) -> str:
    """What the system says of a failure, without number and path."""
    return (error.strerror or str(error)).lower()
