"""Results of commands, printed for people and for other tools."""

from __future__ import annotations

import msgspec


def indented_json(report: object) -> str:
    """Return a report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def schema(command: str, report: type[msgspec.Struct]) -> str:
    """Return the JSON schema of a command's report; a file in this folder holds it."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"annotator {command}"}
    return indented_json(head | msgspec.json.schema(report)) + "\n"
