"""Addresses on the site: readable, safe whatever they are made of, and never the same for two things."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNPLAIN = re.compile(r"[^A-Za-z0-9_.-]")
_TAKEN = frozenset({"index", "readme"})
_LONGEST = 80


@lru_cache(maxsize=65536)
def slug(text: str) -> str:
    """The text as one part of an address, different for different texts.

    Letters, digits, `_`, `-` and `.` stay, others become `~` and their number; names to which a
    web server, mkdocs or its theme gives a meaning are set apart; very long ones end in a digest.
    """
    plain = _UNPLAIN.sub(lambda match: f"~{ord(match[0]):x}~", text)
    if plain.startswith((".", "__")) or plain.lower() in _TAKEN:
        plain = "~" + plain
    if len(plain) <= _LONGEST:
        return plain
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{plain[:_LONGEST]}~{digest[:16]}"


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """The names, repeated ones (whatever their case) numbered: some file systems fold case."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name.lower()] += 1
        count = seen[name.lower()]
        stem = name.removesuffix(".md")
        found.append(name if count == 1 else f"{stem}~{count}{name[len(stem) :]}")
    return tuple(found)


@lru_cache(maxsize=262144)
def href(page: str, target: str, anchor: str = "") -> str:
    """How one page leads to another, both given by their paths with `.md`."""
    if page == target:
        return f"#{anchor}" if anchor else posixpath.basename(built(page))
    path = _relative(built(target), posixpath.dirname(page))
    return f"{path}#{anchor}" if anchor else path


@lru_cache(maxsize=65536)
def _relative(path: str, folder: str) -> str:
    return posixpath.relpath(path, folder or ".")


def built(page: str) -> str:
    """The path under which a page is served."""
    return page.removesuffix(".md") + ".html"
