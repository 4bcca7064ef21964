"""Rewrites entries of manifests: each value where it stands, so that all other bytes stay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from annotator.model.reference import Reference
from annotator.toml_file import Path, nodes

if TYPE_CHECKING:
    from tree_sitter import Node


class EntryChange(msgspec.Struct, frozen=True):
    """A reference of a manifest before and after; `ref` is what the entry itself says then."""

    before: Reference
    after: Reference
    ref: str | None = None


class _Splice(msgspec.Struct, frozen=True, order=True):
    """New bytes for a part of a file."""

    start: int
    end: int
    words: bytes


def refs(text: str) -> list[str | None]:
    """Return the ref that each entry of a manifest has itself, in order."""
    found = nodes(text)
    return [_value(found.get((*entry, "ref"))) for entry in _entries(found)]


def tag(text: str) -> str | None:
    """Return the tag that a manifest names for all its entries."""
    return _value(nodes(text).get(("tag",)))


def rewrite(text: str, changes: Mapping[int, EntryChange], new_tag: str | None = None) -> str:
    """Return a manifest with entries changed, by their numbers, and with a new tag if one is given."""
    found = nodes(text)
    data = text.encode()
    splices: list[_Splice] = []
    for number, entry in enumerate(_entries(found)):
        if number in changes:
            splices += _entry(data, found, entry, changes[number])
    if new_tag is not None and ("tag",) in found:
        splices.append(_set(found["tag",], new_tag))
    for splice in sorted(splices, reverse=True):
        data = data[: splice.start] + splice.words + data[splice.end :]
    return data.decode()


def _entries(found: Mapping[Path, Node]) -> Iterator[Path]:
    """Yield the keys of each reference in order."""
    for chapter in count():
        if ("chapters", chapter) not in found:
            return
        for number in count():
            entry: Path = ("chapters", chapter, "references", number)
            if entry not in found:
                break
            yield entry


def _entry(data: bytes, found: Mapping[Path, Node], entry: Path, change: EntryChange) -> Iterator[_Splice]:
    before, after = change.before, change.after
    cited = before.cited
    path = cited[: -len(before.path)] + after.path if cited.endswith(before.path) else after.path
    if before.path != after.path:
        yield _set(found[*entry, "path"], path)
    for key, old, new in (
        ("symbol", before.symbol, after.symbol),
        ("line", before.line, after.line),
        ("end_line", before.end_line, after.end_line),
    ):
        if old != new and new is not None and (*entry, key) in found:
            yield _set(found[*entry, key], new)
    own = found.get((*entry, "ref"))
    if own is None and change.ref is not None:
        yield _added(data, found[entry], f"ref = {json.dumps(change.ref, ensure_ascii=False)}")
    elif own is not None and change.ref is None:
        yield _removed(data, own)
    elif own is not None and change.ref is not None and _value(own) != change.ref:
        yield _set(own, change.ref)


def _value(node: Node | None) -> str | None:
    """Return the text of a string, or None of anything else."""
    written = (node.text or b"").decode() if node is not None else ""
    if written[:1] == "'":
        return written.strip("'")
    return (
        str(json.loads(written)) if re.fullmatch(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrtu])*"', written) else None
    )


def _set(node: Node, value: str | int) -> _Splice:
    """Return the splice that writes a value in place of another one, in the same kind of quotes."""
    if isinstance(value, int):
        words = str(value)
    elif (node.text or b"").startswith(b"'") and "'" not in value and value.isprintable():
        words = f"'{value}'"
    else:
        words = json.dumps(value, ensure_ascii=False)
    return _Splice(node.start_byte, node.end_byte, words.encode())


def _pairs(container: Node) -> list[Node]:
    return [child for child in container.named_children if child.type == "pair"]


def _added(data: bytes, container: Node, pair: str) -> _Splice:
    """Return the splice that adds a pair behind the last one of a table."""
    last = _pairs(container)[-1]
    if container.type == "inline_table":
        return _Splice(last.end_byte, last.end_byte, f", {pair}".encode())
    begin = data.rfind(b"\n", 0, last.start_byte) + 1
    indent = data[begin : last.start_byte].decode()
    end = data.find(b"\n", last.end_byte)
    if end < 0:
        return _Splice(len(data), len(data), f"\n{indent}{pair}".encode())
    newline = "\r\n" if data[end - 1 : end] == b"\r" else "\n"
    return _Splice(end + 1, end + 1, f"{indent}{pair}{newline}".encode())


def _removed(data: bytes, value: Node) -> _Splice:
    """Return the splice that removes the pair of a value, as `_added` adds it."""
    pair = value.parent
    assert pair is not None  # noqa: S101 - a value of a pair
    container = pair.parent
    assert container is not None  # noqa: S101 - as above
    pairs = _pairs(container)
    at = [each.start_byte for each in pairs].index(pair.start_byte)
    if container.type == "inline_table":
        if at:
            return _Splice(pairs[at - 1].end_byte, pair.end_byte, b"")
        return _Splice(pair.start_byte, pairs[1].start_byte, b"")
    begin, end = data.rfind(b"\n", 0, pair.start_byte) + 1, data.find(b"\n", pair.end_byte) + 1
    if not end:
        return _Splice(max(begin - 1, 0), len(data), b"")
    return _Splice(begin, end, b"")
