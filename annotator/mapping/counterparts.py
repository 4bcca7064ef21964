"""Whether what Python docstrings name in their `Go:` sections is there at the baseline."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from annotator.model import Counterpart, Document, Reference, Remark

_NEAREST = 3


class Tree(Protocol):
    """The Go source at the baseline tag."""

    @property
    def tag(self) -> str:
        """The tag's name."""
        ...

    @property
    def files(self) -> Mapping[str, object]:
        """Every file by path."""
        ...

    def documents(self, paths: Iterable[str]) -> Mapping[str, Document]:
        """What Go files say."""
        ...


def unnamed(counterparts: Iterable[Counterpart], tree: Tree) -> Iterator[Remark]:
    """A remark for each `Go:` line that names no declaration, with the nearest real names."""
    for counterpart in counterparts:
        for mirror in counterpart.mirrors:
            message = _fault(mirror, tree)
            if message:
                yield Remark(mirror.file, mirror.at_line, f"{mirror.cited} {message}", "go-unknown")


def _fault(mirror: Reference, tree: Tree) -> str:
    if mirror.path not in tree.files:
        return f"names a file that is not there at {tree.tag}{_near(mirror.path, tree.files)}"
    document = tree.documents([mirror.path])[mirror.path]
    lines = {d.symbol: d.line for d in document.walk()}
    if mirror.symbol not in lines:
        elsewhere = _elsewhere(mirror, tree)
        hint = elsewhere or _near(mirror.symbol or "", lines)
        return f"names no declaration of that file at {tree.tag}{hint}"
    if mirror.line not in (None, lines[mirror.symbol]):
        return f"stands in line {lines[mirror.symbol]} at {tree.tag}"
    return ""


def _elsewhere(mirror: Reference, tree: Tree) -> str:
    """The same symbol in another file of the package, for a person."""
    folder = mirror.path.rpartition("/")[0]
    siblings = [path for path in tree.files if path.rpartition("/")[0] == folder]
    for path, document in tree.documents(siblings).items():
        if any(d.symbol == mirror.symbol for d in document.walk()):
            return f"; it is {path}::{mirror.symbol}"
    return ""


def _near(name: str, names: Iterable[str]) -> str:
    alike = difflib.get_close_matches(name, list(names), n=_NEAREST, cutoff=0.5)
    return f"; the nearest are {', '.join(alike)}" if alike else ""
