"""Results of commands, printed for people and for other tools."""

from __future__ import annotations

import msgspec


def indented_json(report: object) -> str:
    """Return a report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
