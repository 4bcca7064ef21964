"""Which locks a function takes, and which calls it makes while it holds them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import ClassVar, TypeVar

import msgspec
from tree_sitter import Node

from annotator.golang.resolver import Resolver
from annotator.golang.resolver.expressions import ExpressionTypes, SelectedMember
from annotator.golang.resolver.types import Context, NamedType, PointerType, Type
from annotator.model.go import (
    Acquisition,
    Declaration,
    FileLockUsage,
    FunctionLockUsage,
    GoFile,
    Kind,
    LockField,
    ResolvedUse,
    SymbolId,
    WhileHeld,
)

_TYPE = re.compile(r"\*?(\w+)\.(\w+)")
_MUTEXES = frozenset({"Mutex", "RWMutex"})
_TAKES = {"Lock": False, "RLock": True}
_METHODS = frozenset({*_TAKES, "Unlock", "RUnlock"})
_LEAVES = frozenset({"return_statement", "goto_statement"})
_LATER = frozenset({"func_literal", "go_statement"})
"""What does not run where it stands."""


class LockCall(msgspec.Struct, frozen=True):
    """A lock's method, named at some offsets and in a line; not called, it may be called anywhere later."""

    lock: SymbolId
    method: str
    start: int
    end: int
    line: int
    called: bool

    @property
    def takes(self) -> bool:
        """Whether the lock is taken."""
        return self.called and self.method in _TAKES

    @property
    def may_release(self) -> bool:
        """Whether the lock is let go of, or may be."""
        return self.method not in _TAKES


class _LockCallCollector:
    """Collects the calls of lock methods among the selectors of a file."""

    def __init__(self, lock_types: Sequence[str]) -> None:
        self.sites: list[LockCall] = []
        self._lock_types = lock_types

    def __call__(self, node: Node, context: Context, expressions: ExpressionTypes) -> None:
        name, operand = node.child_by_field_name("field"), node.child_by_field_name("operand")
        if name is None or operand is None or context.file.text(name) not in _METHODS:
            return
        method = context.file.text(name)
        lock = self._field(operand, context, expressions) or self._embedded(
            operand, method, context, expressions
        )
        if lock is not None:
            call = node.parent
            called = call is not None and call.type == "call_expression" and call.named_child(0) == node
            end = call.end_byte if called and call is not None else node.end_byte
            line = node.start_point[0] + 1
            self.sites.append(LockCall(lock, method, node.start_byte, end, line, called))

    def _field(self, operand: Node, context: Context, expressions: ExpressionTypes) -> SymbolId | None:
        """Return the lock that `operand` selects."""
        if operand.type != "selector_expression":
            return None
        member = expressions.selected(operand, context)
        if not isinstance(member, SelectedMember) or member.declaration is None:
            return None
        declaration, file = member.declaration, member.context.file
        if declaration.kind is not Kind.FIELD or not is_lock(declaration, file.document, self._lock_types):
            return None
        return SymbolId(file.path, declaration.symbol)

    def _embedded(
        self, operand: Node, method: str, context: Context, expressions: ExpressionTypes
    ) -> SymbolId | None:
        """Return the lock that the operand's type embeds, unless the type has a method of that name."""
        kind: Type | None = expressions.value(operand, context)
        kind = kind.element if isinstance(kind, PointerType) else kind
        if not isinstance(kind, NamedType) or kind.package.find(f"{kind.name}.{method}"):
            return None
        entry = kind.package.only(kind.name)
        if entry is None or entry.declaration.kind is not Kind.STRUCT:
            return None
        document = entry.file.document
        found = [
            one
            for one in entry.declaration.members
            if one.embedded and is_lock(one, document, self._lock_types)
        ]
        return SymbolId(entry.file.path, found[0].symbol) if len(found) == 1 else None


def declared_locks(path: str, document: GoFile, lock_types: Sequence[str]) -> Iterator[LockField]:
    """Return the locks among the fields of a file's structs, embedded ones too."""
    for declaration in document.declarations:
        if declaration.kind is Kind.STRUCT:
            for member in declaration.members:
                if is_lock(member, document, lock_types):
                    yield LockField(SymbolId(path, member.symbol), member.type, member.line)


def is_lock(member: Declaration, document: GoFile, lock_types: Sequence[str]) -> bool:
    """Return whether a field is a mutex of the standard library, or of one of the given types.

    Args:
        member: The field.
        document: Its file.
        lock_types: Types as `locker.Locker`, of packages whose import path is or ends in `locker`.
    """
    match = _TYPE.fullmatch(member.type)
    if match is None:
        return False
    name, kind = match[1], match[2]
    paths = {one.path for one in document.imports if (one.alias or one.path.rpartition("/")[2]) == name}
    if len(paths) != 1:
        return False
    path = paths.pop()
    return (path == "sync" and kind in _MUTEXES) or any(
        f"/{path}.{kind}".endswith(f"/{lock_type}") for lock_type in lock_types
    )


def read_lock_usage(
    binder: Resolver, path: str, data: bytes, document: GoFile, lock_types: Sequence[str]
) -> FileLockUsage:
    """Return the locks that a file declares and what its functions do with locks."""
    seen = _LockCallCollector(lock_types)
    if b"Lock" in data:
        binder.show(path, seen)
    sites = sorted(seen.sites, key=lambda site: site.start)
    uses = [use for use in binder.uses(path) if use.call]
    root = binder.root(path)
    bodies = _bodies(root) if root is not None else {}
    functions = (
        _function(path, declaration, bodies[declaration.span.start], _Calls(sites, uses))
        for declaration in document.declarations
        if declaration.kind in (Kind.FUNC, Kind.METHOD) and declaration.span.start in bodies
    )
    return FileLockUsage(
        tuple(declared_locks(path, document, lock_types)), tuple(one for one in functions if one is not None)
    )


def _bodies(root: Node) -> Mapping[int, Node]:
    """Return the bodies of functions by the offsets at which the functions begin."""
    return {
        node.start_byte: body
        for node in root.named_children
        if node.type in ("function_declaration", "method_declaration") and not node.has_error
        if (body := node.child_by_field_name("body")) is not None
    }


_Call = TypeVar("_Call", LockCall, ResolvedUse)
_start = attrgetter("start")


class _Calls:
    """The calls of a file by their offsets."""

    def __init__(self, sites: Sequence[LockCall], uses: Sequence[ResolvedUse]) -> None:
        self._sites = sites
        self._uses = uses

    def sites(self, node: Node, but: Iterable[Node] = ()) -> list[LockCall]:
        """Return the calls of locks' methods in a node, outside others."""
        return _between(self._sites, node.start_byte, node.end_byte, but)

    def uses(self, start: int, end: int, but: Iterable[Node] = ()) -> list[ResolvedUse]:
        """Return the proven calls between two offsets, outside some nodes."""
        return _between(self._uses, start, end, but)


def _between(calls: Sequence[_Call], start: int, end: int, but: Iterable[Node]) -> list[_Call]:
    """Return the calls, sorted by their offsets, that begin between two offsets and outside some nodes."""
    first = bisect_left(calls, start, key=_start)
    last = bisect_left(calls, end, key=_start)
    outside = [(node.start_byte, node.end_byte) for node in but]
    return [
        call for call in calls[first:last] if not any(begin <= call.start < stop for begin, stop in outside)
    ]


def _function(path: str, declaration: Declaration, body: Node, calls: _Calls) -> FunctionLockUsage | None:
    later = list(_below(body, _LATER))
    sites = calls.sites(body)
    own = calls.sites(body, later)
    acquisitions = tuple(
        acquisition for site in sites if site.takes for acquisition in _taking(site, body, calls)
    )
    called = dict.fromkeys(
        SymbolId(use.path, use.symbol) for use in calls.uses(body.start_byte, body.end_byte, later)
    )
    taken = dict.fromkeys(site.lock for site in own if site.takes)
    may_release = dict.fromkeys(site.lock for site in own if site.may_release and site.lock not in taken)
    if not (acquisitions or called or may_release):
        return None
    at = SymbolId(path, declaration.symbol)
    return FunctionLockUsage(at, acquisitions, tuple(taken), tuple(may_release), tuple(called))


def _taking(site: LockCall, body: Node, calls: _Calls) -> Iterator[Acquisition]:
    statement = None if _may_be_let_go_later(site.lock, body, calls) else _statement(site, body)
    under = tuple(_under(site, statement, calls)) if statement is not None else ()
    yield Acquisition(site.lock, site.line, _TAKES[site.method], under)


def _may_be_let_go_later(lock: SymbolId, body: Node, calls: _Calls) -> bool:
    """Whether something that is kept, to be called who knows when, lets go of the lock."""
    kept = _below(body, frozenset({"func_literal", "defer_statement"}))
    literals = [node for node in kept if node.type == "func_literal"]
    inside = (site for node in literals for site in calls.sites(node))
    handed = (site for site in calls.sites(body) if not site.called)
    taken = {site.lock for node in literals for site in calls.sites(node) if site.takes}
    return any(site.lock == lock and site.may_release for site in handed) or any(
        site.lock == lock and site.may_release and lock not in taken for site in inside
    )


def _statement(site: LockCall, body: Node) -> Node | None:
    """Return the statement that consists of the call, or None."""
    node = body.descendant_for_byte_range(site.start, site.end)
    while node is not None and node.type != "expression_statement":
        node = node.parent if node.end_byte <= site.end else None
    return node if node is not None and node.start_byte == site.start else None


def _under(site: LockCall, statement: Node, calls: _Calls) -> Iterator[WhileHeld]:
    """Return the statements that follow in the same block, up to one that may release the lock."""
    following = statement.next_named_sibling
    while following is not None:
        stretch = _HeldRegion(following, site.lock, calls)
        yield from stretch.under()
        if not stretch.is_held_after():
            return
        following = following.next_named_sibling


class _HeldRegion:
    """A statement that begins while a lock is held."""

    SKIPPED: ClassVar[frozenset[str]] = frozenset({*_LATER, "defer_statement", "labeled_statement"})

    def __init__(self, node: Node, lock: SymbolId, calls: _Calls) -> None:
        self._node = node
        self._lock = lock
        self._calls = calls
        self._skipped = list(_below(node, self.SKIPPED, itself=True))
        found = calls.sites(node, self._skipped)
        self._releases = [site for site in found if site.lock == lock and site.may_release]
        self._end = self._releases[0].start if self._releases else node.end_byte

    def under(self) -> Iterator[WhileHeld]:
        """Return the calls and acquisitions before the first release in a node."""
        for use in self._calls.uses(self._node.start_byte, self._end, self._skipped):
            yield WhileHeld(SymbolId(use.path, use.symbol), use.line)
        for site in self._calls.sites(self._node, self._skipped):
            if site.takes and site.start < self._end and site.lock != self._lock:
                yield WhileHeld(site.lock, site.line, takes=True)

    def is_held_after(self) -> bool:
        """Whether the lock is held on every way that goes on behind it."""
        has_label = any(node.type == "labeled_statement" for node in self._skipped)
        return not has_label and all(self._is_left_with(site) for site in self._releases)

    def _is_left_with(self, site: LockCall) -> bool:
        """Whether the function is left in the block in which the lock is let go of."""
        node = self._node.descendant_for_byte_range(site.start, site.end)
        while node is not None and node.type not in (
            "block",
            "expression_case",
            "default_case",
            "type_case",
            "communication_case",
        ):
            node = node.parent if node != self._node else None
        last = node.named_children[-1] if node is not None and node.named_children else None
        if last is not None and last.type == "statement_list":
            last = last.named_children[-1]
        return last is not None and last.type in _LEAVES


def _below(node: Node, kinds: frozenset[str], *, itself: bool = False) -> Iterator[Node]:
    """Return the outermost nodes of some kinds."""
    todo = [node] if itself else list(node.named_children)
    while todo:
        one = todo.pop()
        if one.type in kinds:
            yield one
        else:
            todo += one.named_children
