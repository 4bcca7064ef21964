"""Compares recorded baseline facts with the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from annotator.baseline_file import RECORD_AGAIN
from annotator.model.go import Declaration, GoFile, Span
from annotator.model.port import Baseline, GoSymbol
from annotator.model.reference import Problem
from annotator.model.source import Blob
from annotator.parity import scope as scopes


class BaselineTree(Protocol):
    """The source at the baseline tag."""

    @property
    def files(self) -> Mapping[str, Blob]:
        """Every file by path."""
        ...

    def documents(self, paths: Iterable[str]) -> Mapping[str, GoFile]:
        """What Go files say."""
        ...


def differences(name: str, recorded: Baseline, tree: BaselineTree) -> Iterator[Problem]:
    """A remark for each recorded symbol that is not as the source says.

    The same blob holds the same declarations; only files that are others are looked into.
    """
    for number, symbol in enumerate(recorded.symbols, 2):
        blob = tree.files.get(symbol.path)
        if blob is not None and blob.id == symbol.blob:
            continue
        what = _what(symbol, tree) if blob is not None else "is in no file of the source"
        message = f"{symbol.notation} {what} at {recorded.tag}; {RECORD_AGAIN}"
        yield Problem(name, number, message, "facts-differ")


def _what(symbol: GoSymbol, tree: BaselineTree) -> str:
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

    def documents(self, paths: Iterable[str]) -> Mapping[str, GoFile]:
        """What is recorded of some files."""
        return {path: GoFile("", (), tuple(self._files[path]), "", 0) for path in paths}


def _declaration(symbol: GoSymbol) -> Declaration:
    owner, _, name = symbol.symbol.rpartition(".")
    span = Span(0, 0, symbol.line, symbol.end_line)
    return Declaration(symbol.kind, name, owner, symbol.line, 1, span)


def originals_of(known: Baseline, scope: scopes.Scope) -> Mapping[str, GoSymbol]:
    """The recorded symbols; what is left out is left out with all that it calls."""
    return {
        symbol.notation: symbol
        if scope.reason(symbol.notation) is None
        else msgspec.structs.replace(symbol, calls=())
        for symbol in known.symbols
    }
