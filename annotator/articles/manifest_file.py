"""Reads TOML manifests of references, rewrites their entries and finds the stale ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from annotator.articles import reference_notation
from annotator.errors import InvalidInput, printable
from annotator.model.reference import Article, Chapter, Problem, Reference, Unplaced, Verdict
from annotator.toml_file import Path, Toml, nodes

if TYPE_CHECKING:
    from tree_sitter import Node

LAST_LINE = 999_999_999
"""The last line that a reference can be in, as in the notation."""

_HEADING = re.compile(rb"^[ \t]*(?:\[\[[ \t]*chapters[ \t]*\]\]|chapters[ \t]*=)", re.MULTILINE)


class _ManifestReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    symbol: str | None = None
    line: int | None = None
    end_line: int | None = None
    heading: str | None = None
    repository: str | None = None
    ref: str | None = None


class _ManifestChapter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: str
    title: str
    references: tuple[_ManifestReference, ...] = ()


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    address: str = ""
    repository: str = ""
    tag: str = ""
    prefix: str = ""
    language: str = ""
    chapters: tuple[_ManifestChapter, ...] = ()


def is_manifest(data: bytes) -> bool:
    """Return whether TOML is meant as a manifest: it has chapters with a number or with references.

    Of a file that is not valid TOML the headings decide, so that a manifest with a mistake in it is reported.
    """
    try:
        chapters = Toml("", data).get("chapters")
    except InvalidInput:
        return _HEADING.search(data) is not None
    return isinstance(chapters, list) and any(
        isinstance(chapter, dict) and ("references" in chapter or isinstance(chapter.get("number"), str))
        for chapter in chapters
    )


def read(name: str, data: bytes, prefixes: tuple[str, ...] = ()) -> Article:
    """Read the article that a manifest describes.

    The prefixes are leading folders of cited paths to strip, beside the manifest's own.

    Raises:
        InvalidInput: It is not a manifest; the sentence names file, line and key.
    """
    toml = Toml(name, data)
    manifest = toml.convert(_Manifest)
    strip = tuple(p for p in (manifest.prefix, *prefixes) if p)
    chapters: list[Chapter] = []
    for at, section in enumerate(manifest.chapters):
        references: list[Reference] = []
        for number, cited in enumerate(section.references):
            key = ("chapters", at, "references", number, "path")
            line = toml.line(*key)
            references.append(
                Reference(
                    path=_checked_path(cited, f"{name}:{line}", strip),
                    symbol=cited.symbol,
                    line=cited.line,
                    end_line=cited.end_line,
                    cited=cited.path,
                    cited_in=f"{PurePosixPath(name).name} {section.number}".strip(),
                    file=name,
                    at_line=line,
                    at_column=toml.column(*key),
                    chapter=section.number,
                    heading=cited.heading,
                    repository=cited.repository,
                    ref=cited.ref or manifest.tag or None,
                )
            )
        chapters.append(Chapter(section.number, section.title, tuple(references)))
    return Article(
        file=name,
        title=manifest.title,
        address=manifest.address,
        repository=manifest.repository,
        tag=manifest.tag,
        language=manifest.language,
        chapters=tuple(chapters),
    )


def _checked_path(cited: _ManifestReference, where: str, strip: tuple[str, ...]) -> str:
    """Return the path of an entry from the repository's root; InvalidInput if the entry is no reference."""
    if cited.symbol is None and cited.line is None:
        raise InvalidInput(f"{where}: the reference to {cited.path!r} gives neither `symbol` nor `line`")
    for key, value in (("line", cited.line), ("end_line", cited.end_line)):
        if value is not None and not 1 <= value <= LAST_LINE:
            raise InvalidInput(f"{where}: `{key}` is {value}; lines are counted from 1 to {LAST_LINE}")
    if cited.end_line is not None and (cited.line is None or cited.end_line < cited.line):
        raise InvalidInput(f"{where}: `end_line` is before `line`")
    path = reference_notation.normalise(cited.path, strip)
    if path is None:
        raise InvalidInput(f"{where}: {cited.path!r} is not a path inside the repository")
    return path


STALE_ENTRY = "stale-manifest-entry"


def stale_entries(entries: Iterable[Verdict], cited: Sequence[Verdict], article: str) -> Iterator[Problem]:
    """Yield a problem for each entry of a manifest that its article does not cite.

    An entry is cited if the article has a reference to the same place, by what is written or by where
    that is at the requested tag.
    """
    written = {key for verdict in cited for key in _keys(verdict.reference)}
    placed = {place for verdict in cited if (place := _place(verdict))}
    for verdict in entries:
        entry = verdict.reference
        if written.isdisjoint(_keys(entry)) and _place(verdict) not in placed:
            message = (
                f"{printable(article)} has no citation of {printable(reference_notation.of(entry))} "
                "any more; remove the entry, or cite it"
            )
            yield Problem(entry.file, entry.at_line, message, STALE_ENTRY)


def _keys(reference: Reference) -> Iterator[tuple[str | None, str, object]]:
    """Yield the keys of a reference: its path with its line, and with its symbol."""
    if reference.line is not None:
        yield reference.repository, reference.path, reference.line
    for symbol in (reference.symbol, *(claim.names for claim in reference.claims)):
        if symbol:
            yield reference.repository, reference.path, symbol
    if reference.line is None and reference.symbol is None:
        yield reference.repository, reference.path, None


def _place(verdict: Verdict) -> tuple[str, str] | None:
    """Return the declaration that a reference leads to, or None."""
    if isinstance(verdict.outcome, Unplaced) or not verdict.outcome.anchor.symbol:
        return None
    return verdict.outcome.anchor.path, verdict.outcome.anchor.symbol


class EntryChange(msgspec.Struct, frozen=True):
    """A reference of a manifest before and after; `ref` is what the entry itself says then."""

    before: Reference
    after: Reference
    ref: str | None = None


_Splice = tuple[int, int, bytes]
"""The start and the end of a part of a file, and new bytes for it."""


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
    for start, end, words in sorted(splices, reverse=True):
        data = data[:start] + words + data[end:]
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
    if own is not None and change.ref is None:
        yield _removed(data, own)
    elif own is not None and change.ref is not None and _value(own) != change.ref:
        yield _set(own, change.ref)
    elif own is None and change.ref is not None:
        yield _added(data, found[entry], f"ref = {json.dumps(change.ref, ensure_ascii=False)}")


def _value(node: Node | None) -> str | None:
    """Return the text of a string, or None of anything else."""
    written = (node.text or b"").decode() if node is not None else ""
    if written[:1] == "'":
        return written.strip("'")
    is_json = re.fullmatch(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrtu])*"', written)
    return str(json.loads(written)) if is_json else None


def _set(node: Node, value: str | int) -> _Splice:
    """Return the splice that writes a value in place of another one, in the same kind of quotes."""
    if isinstance(value, int):
        words = str(value)
    elif (node.text or b"").startswith(b"'") and "'" not in value and value.isprintable():
        words = f"'{value}'"
    else:
        words = json.dumps(value, ensure_ascii=False)
    return node.start_byte, node.end_byte, words.encode()


def _pairs(container: Node) -> list[Node]:
    return [child for child in container.named_children if child.type == "pair"]


def _added(data: bytes, container: Node, pair: str) -> _Splice:
    """Return the splice that adds a pair behind the last one of a table."""
    last = _pairs(container)[-1]
    if container.type == "inline_table":
        return last.end_byte, last.end_byte, f", {pair}".encode()
    begin = data.rfind(b"\n", 0, last.start_byte) + 1
    indent = data[begin : last.start_byte].decode()
    end = data.find(b"\n", last.end_byte)
    if end < 0:
        return len(data), len(data), f"\n{indent}{pair}".encode()
    newline = "\r\n" if data[end - 1 : end] == b"\r" else "\n"
    return end + 1, end + 1, f"{indent}{pair}{newline}".encode()


def _removed(data: bytes, value: Node) -> _Splice:
    """Return the splice that removes the pair of a value, as `_added` adds it."""
    pair = value.parent
    container = pair and pair.parent
    assert pair is not None and container is not None  # noqa: S101, PT018 - a value is in a pair
    pairs = _pairs(container)
    at = [each.start_byte for each in pairs].index(pair.start_byte)
    if container.type == "inline_table":
        if at:
            return pairs[at - 1].end_byte, pair.end_byte, b""
        return pair.start_byte, pairs[1].start_byte, b""
    begin, end = data.rfind(b"\n", 0, pair.start_byte) + 1, data.find(b"\n", pair.end_byte) + 1
    if not end:
        return max(begin - 1, 0), len(data), b""
    return begin, end, b""
