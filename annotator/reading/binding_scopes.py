"""The scopes around a place in a Go function, as a walk enters and leaves them."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from annotator.model import Kind
from annotator.reading.binding_packages import File
from annotator.reading.binding_values import Context, Local, Type, TypeName


class Scopes:
    """A stack of scopes; at package level it is empty."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._stack: list[dict[str, Local]] = []

    @property
    def inside(self) -> bool:
        """Whether the place is in a function."""
        return bool(self._stack)

    @property
    def depth(self) -> int:
        """How many scopes there are around the place."""
        return len(self._stack)

    @property
    def context(self) -> Context:
        """Where names of this place are looked up."""
        return Context(self._file, tuple(self._stack))

    def enter(self, names: dict[str, Local] | None = None) -> None:
        """A new scope begins, with names that it has from the start."""
        self._stack.append(names or {})

    def leave(self) -> None:
        """The innermost scope ends."""
        self._stack.pop()

    def declare(self, names: Sequence[Node], kinds: Sequence[Type | None], *, only_new: bool = False) -> None:
        """Variables come into scope; with `:=`, those that the scope already has keep what they are."""
        scope = self._stack[-1]
        for name, kind in zip(names, kinds, strict=False):
            called = self._file.text(name)
            if name.type == "identifier" and called != "_" and not (only_new and called in scope):
                scope[called] = Local(kind, self._closure(name))

    def declare_type(self, name: str, kind: Type | None) -> None:
        """A local type comes into scope."""
        self._stack[-1][name] = Local(TypeName(kind))

    def _closure(self, name: Node) -> str:
        """The symbol of the closure that is bound to a name, if the document has just one so called."""
        row, column = name.start_point
        found = self._file.places.get((row + 1, column + 1))
        if found is None or found.kind is not Kind.CLOSURE or self._file.symbols[found.symbol] != 1:
            return ""
        return found.symbol
