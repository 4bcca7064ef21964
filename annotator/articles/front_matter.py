"""Reads at which tag or commit a document says that it was written."""

from __future__ import annotations

import re

# `tag` is a key of blogs, too, where it is a topic: it counts if it is a version or a commit.
_VALUE = r"[^\s#\"']+|\"[^\"\n]+\"|'[^'\n]+'"
_VERSION = r"[A-Za-z-]{0,20}v?\d+\.\d[\w.+-]{0,60}|[0-9a-f]{7,64}"
_FIELD = re.compile(
    rf"(?m)^(?:written[_-]at[ \t]*[:=][ \t]*(?P<any>{_VALUE})"
    rf"|tag[ \t]*[:=][ \t]*[\"']?(?P<tag>{_VERSION})[\"']?)[ \t]*(?:#.*)?$"
)
_FENCES = ("---", "+++")

LONGEST = 16_384
"""Bytes of a document in which front matter ends."""


def written_at(data: bytes) -> str | None:
    """Return the tag or commit that a document's front matter names, or None."""
    lines = data[:LONGEST].decode("utf-8-sig", errors="replace").splitlines()
    if not lines or lines[0].rstrip() not in _FENCES:
        return None
    fence = lines[0].rstrip()
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == fence), 0)
    found = _FIELD.search("\n".join(lines[1:end]))
    name = (found["any"] or found["tag"]).strip("\"'") if found else ""
    return name if name and name.isprintable() else None
