"""The baseline's facts as JSON: one line a symbol, in a stable order, so that changes show as few lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from annotator.errors import InvalidInput, shortened
from annotator.model import Baseline, Blob, Declaration, Document, GoSymbol, Remark, Span

_ANEW = "make it anew with `annotator record`"
_LAST_LINE = 999_999_999

_decode = msgspec.json.Decoder(Baseline).decode


def encode(baseline: Baseline) -> str:
    """The file's text."""
    head = msgspec.json.encode({"tag": baseline.tag, "commit": baseline.commit}).decode()
    ordered = sorted(baseline.symbols, key=lambda each: (each.path, each.line, each.symbol))
    lines = ",\n".join(msgspec.json.encode(symbol).decode() for symbol in ordered)
    return f'{head[:-1]},"symbols":[\n{lines}\n]}}\n'


def decode(name: str, text: bytes) -> Baseline:
    """The facts that a file records.

    Raises:
        InvalidInput: It is not such a file; the sentence says how to make it anew.
    """
    try:
        found = _decode(text)
    except msgspec.MsgspecError as error:
        why = shortened(str(error))
        raise InvalidInput(f"{name}:{_line(why, text)}: {why}; {_ANEW}") from error
    for number, symbol in enumerate(found.symbols, 2):
        if not 1 <= symbol.line <= symbol.end_line <= _LAST_LINE:
            why = f"{shortened(symbol.notation)} stands in lines {symbol.line} to {symbol.end_line}"
            raise InvalidInput(f"{name}:{number}: {why}, which no file has; {_ANEW}")
    return found


def _line(why: str, text: bytes) -> int:
    """The line that a decoder's message is about: each symbol has one of its own."""
    if symbol := re.search(r"\$\.symbols\[(\d+)\]", why):
        return int(symbol[1]) + 2
    byte = re.search(r"\(byte (\d+)\)", why)
    end = int(byte[1]) if byte else len(text) if "truncated" in why else 0
    return 1 + text.count(b"\n", 0, end)


class Tree(Protocol):
    """The source at the baseline tag."""

    @property
    def files(self) -> Mapping[str, Blob]:
        """Every file by path."""
        ...

    def documents(self, paths: Iterable[str]) -> Mapping[str, Document]:
        """What Go files say."""
        ...


def differences(name: str, recorded: Baseline, tree: Tree) -> Iterator[Remark]:
    """A remark for each recorded symbol that is not as the source says.

    The same blob holds the same declarations; only files that are others are looked into.
    """
    for number, symbol in enumerate(recorded.symbols, 2):
        blob = tree.files.get(symbol.path)
        if blob is not None and blob.id == symbol.blob:
            continue
        what = _what(symbol, tree) if blob is not None else "is in no file of the source"
        message = f"{symbol.notation} {what} at {recorded.tag}; {_ANEW}"
        yield Remark(name, number, message, "facts-differ")


def _what(symbol: GoSymbol, tree: Tree) -> str:
    document = tree.documents([symbol.path])[symbol.path]
    lines = [d.line for d in document.walk() if d.symbol == symbol.symbol]
    if symbol.line in lines:
        return "stands in a file that is another one"
    return f"stands in line {lines[0]}, not {symbol.line}" if lines else "is not in that file"


class Recorded:
    """The recorded facts in place of the source: what is there is what was recorded."""

    def __init__(self, baseline: Baseline) -> None:
        self.tag = f"{baseline.tag} (recorded facts)"
        self._files: dict[str, list[Declaration]] = {}
        for symbol in baseline.symbols:
            self._files.setdefault(symbol.path, []).append(_declaration(symbol))

    @property
    def files(self) -> Mapping[str, object]:
        """Every file that something is recorded of."""
        return self._files

    def documents(self, paths: Iterable[str]) -> Mapping[str, Document]:
        """What is recorded of some files."""
        return {path: Document("", (), tuple(self._files[path]), "", 0) for path in paths}


def _declaration(symbol: GoSymbol) -> Declaration:
    owner, _, name = symbol.symbol.rpartition(".")
    span = Span(0, 0, symbol.line, symbol.end_line)
    return Declaration(symbol.kind, name, owner, symbol.line, 1, span)
