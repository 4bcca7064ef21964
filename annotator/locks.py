"""The values of who takes which lock: the locks of Go's types, and what functions do with them."""

from __future__ import annotations

import msgspec


class Symbol(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A declaration by its file and dotted name."""

    path: str
    symbol: str


class Lock(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A field that is a lock: its type as written, and its line."""

    at: Symbol
    kind: str
    line: int


class Under(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is done while a lock is held: a function that is called or, if `takes`, a lock that is taken."""

    what: Symbol
    line: int
    takes: bool = False


class Taking(msgspec.Struct, frozen=True, array_like=True):
    """A line at which a lock is taken, for reading or not, and what is proven to be done under it."""

    lock: Symbol
    line: int
    reads: bool
    under: tuple[Under, ...] = ()


class Function(msgspec.Struct, frozen=True, array_like=True):
    """What a function does with locks.

    Attributes:
        at: The function.
        takings: Where it takes locks, closures in it included.
        itself: The locks that a call of it takes before it returns.
        lets_go: The locks that it lets go of though others may have taken them.
        calls: What a call of it calls before it returns.
    """

    at: Symbol
    takings: tuple[Taking, ...] = ()
    itself: tuple[Symbol, ...] = ()
    lets_go: tuple[Symbol, ...] = ()
    calls: tuple[Symbol, ...] = ()


class Locking(msgspec.Struct, frozen=True, array_like=True):
    """What a file says of locks: those it declares, and its functions."""

    locks: tuple[Lock, ...] = ()
    functions: tuple[Function, ...] = ()
