"""Interfaces of the comparison results that pages and reports show."""

from __future__ import annotations

from typing import Protocol

from annotator.model.port import Counterpart, Difference, GoSymbol


class Row(Protocol):
    """One thing that one side has, and what the other side has for it."""

    @property
    def kind(self) -> str: ...  # noqa: D102 - the names say it
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def go(self) -> str: ...  # noqa: D102
    @property
    def go_line(self) -> int: ...  # noqa: D102
    @property
    def python(self) -> str: ...  # noqa: D102
    @property
    def python_line(self) -> int: ...  # noqa: D102
    @property
    def agreement(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102


class Pair(Protocol):
    """A counterpart beside its originals."""

    @property
    def counterpart(self) -> Counterpart: ...  # noqa: D102 - the names say it
    @property
    def originals(self) -> tuple[GoSymbol, ...]: ...  # noqa: D102
    @property
    def rows(self) -> tuple[Row, ...]: ...  # noqa: D102
    @property
    def stale(self) -> tuple[Difference, ...]: ...  # noqa: D102


class Covered(Protocol):
    """A symbol in scope, its state, and its counterparts or the reason why it has none."""

    @property
    def symbol(self) -> GoSymbol: ...  # noqa: D102 - the names say it
    @property
    def state(self) -> str: ...  # noqa: D102
    @property
    def counterparts(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
