"""The form of reports in JSON: the text, and the schema that the types of a report describe."""

from __future__ import annotations

import msgspec


def text(report: msgspec.Struct) -> str:
    """Return a report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def schema(command: str, report: type[msgspec.Struct]) -> str:
    """Return the JSON schema of a command's report; a file in this folder holds it."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"annotator {command}"}
    described = head | msgspec.json.schema(report)
    return msgspec.json.format(msgspec.json.encode(described), indent=2).decode() + "\n"
