"""Parameters, results, calls and error texts of one function."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache

import msgspec
from tree_sitter import Node

from annotator.config import GoNames
from annotator.golang import syntax
from annotator.model.go import Declaration, Kind
from annotator.model.port import Parameter

_BODIES = frozenset({Kind.FUNC, Kind.METHOD, Kind.CLOSURE})

# Calls whose text argument is what the error says.
_ERROR_PACKAGES = ("errors", "fmt")
_ERROR_FUNCTION = r"\w*[eE]rr\w*"
_TEXTS = frozenset({"interpreted_string_literal", "raw_string_literal"})
_ESCAPE = re.compile(rb"\\([abfnrtv\\'\"]|x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})")
_ESCAPED = {
    b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v",
    b"\\": b"\\", b"'": b"'", b'"': b'"',
}  # fmt: skip


class FunctionFacts(msgspec.Struct, frozen=True):
    """Parameters and results in order, callees as written in order, and error texts in order."""

    params: tuple[Parameter, ...] = ()
    results: tuple[Parameter, ...] = ()
    callees: tuple[Callee, ...] = ()
    errors: tuple[str, ...] = ()


class Callee(msgspec.Struct, frozen=True):
    """A call as written, and the byte offset in the file at which the called name ends."""

    written: str
    end: int


def read_function(data: bytes, declaration: Declaration, names: GoNames) -> FunctionFacts:
    """Return the facts of one declaration of a file; empty ones for a kind that has none."""
    root = syntax.root_of(data)
    if root is None:
        return FunctionFacts()
    node = _node(root, declaration)
    if node is None:
        return FunctionFacts()
    params, results = _signature(data, node)
    if declaration.kind not in _BODIES:
        return FunctionFacts(params=params, results=results)
    calls = _calls(node)
    return FunctionFacts(
        params=params,
        results=results,
        callees=tuple(_callee(data, call) for call in calls),
        errors=tuple(_error_texts(data, node, declaration, calls, names)),
    )


_HEADS = frozenset(
    {"function_declaration", "method_declaration", "func_literal", "method_elem", "function_type"}
)


def _node(root: Node, declaration: Declaration) -> Node | None:
    """Return the node of a declared function: the first one at or below its span."""
    span = declaration.span
    node = root.descendant_for_byte_range(span.start, max(span.start, span.end - 1))
    pending = [node] if node is not None else []
    while pending:
        current = pending.pop(0)
        if current.type in _HEADS and current.start_byte >= span.start:
            return current
        pending.extend(current.named_children)
    return None


def _signature(data: bytes, node: Node) -> tuple[tuple[Parameter, ...], tuple[Parameter, ...]]:
    result = node.child_by_field_name("result")
    if result is not None and result.type != "parameter_list":
        results: tuple[Parameter, ...] = (Parameter("", syntax.written(data, result)),)
    else:
        results = tuple(_parameters(data, result))
    return tuple(_parameters(data, node.child_by_field_name("parameters"))), results


def _parameters(data: bytes, listed: Node | None) -> Iterator[Parameter]:
    for entry in listed.named_children if listed is not None else ():
        if entry.type not in ("parameter_declaration", "variadic_parameter_declaration"):
            continue
        written = syntax.written(data, entry.child_by_field_name("type"))
        dots = "..." if entry.type.startswith("variadic") else ""
        names = [syntax.text(data, name) for name in syntax.names_of(entry)] or [""]
        for name in names:
            yield Parameter(name, dots + written)


def _calls(node: Node) -> list[Node]:
    """Return every call below a node in execution order, as far as the text shows it.

    What a call is given is called before it; what is deferred runs at the end, the last one first.
    """
    found: list[tuple[bool, Node]] = []
    pending = [(node, False)]
    while pending:
        current, deferred = pending.pop()
        is_deferred = deferred or current.type == "defer_statement"
        if current.type == "call_expression":
            found.append((is_deferred, current))
        pending.extend((child, is_deferred) for child in current.named_children)
    found.sort(key=lambda each: (each[0], -each[1].end_byte if each[0] else each[1].end_byte))
    return [call for _, call in found]


def _callee(data: bytes, call: Node) -> Callee:
    function = call.child_by_field_name("function") or call
    return Callee(_name(syntax.written(data, function)), function.end_byte)


def _name(written: str) -> str:
    """Return the callee's dotted name, without an operand that is a call itself."""
    return re.split(r"[(){}\[\]\s]", written.rpartition(")")[2].lstrip(".") or "func")[0][:80]


def _error_texts(
    data: bytes, node: Node, declaration: Declaration, calls: list[Node], names: GoNames
) -> Iterator[str]:
    if declaration.name == "Error":
        yield from (text for found in _strings(node) if (text := _unquoted(data, found)))
        return
    makers = _error_makers(names)
    for call in calls:
        function = call.child_by_field_name("function")
        written = syntax.written(data, function)
        if not makers.fullmatch(written):
            continue
        arguments = call.child_by_field_name("arguments")
        texts = [a for a in arguments.named_children if a.type in _TEXTS] if arguments is not None else []
        yield from (text for found in texts[:1] if (text := _unquoted(data, found)))


@cache
def _error_makers(names: GoNames) -> re.Pattern[str]:
    """Return a pattern of the calls whose first text is what the error says."""
    packages = "|".join(map(re.escape, (*_ERROR_PACKAGES, *names.errors)))
    return re.compile(rf"(?:{packages})\.\w+|{_ERROR_FUNCTION}")


def _strings(node: Node) -> Iterator[Node]:
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type in _TEXTS:
            yield current
        else:
            pending.extend(reversed(current.named_children))


def _unquoted(data: bytes, node: Node) -> str:
    """Return the value of a string literal as Go's specification has it."""
    written = data[node.start_byte + 1 : node.end_byte - 1]
    if node.type == "raw_string_literal":
        return written.replace(b"\r", b"").decode("utf-8", "replace")
    return _ESCAPE.sub(_unescaped, written).decode("utf-8", "replace")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    written = escape[1]
    if written in _ESCAPED:
        return _ESCAPED[written]
    if written[:1] in b"uU":
        code = int(written[1:], 16)
        return chr(code).encode("utf-8", "replace") if code <= sys.maxunicode else b"\xef\xbf\xbd"
    value = int(written[1:], 16) if written[:1] == b"x" else int(written, 8)
    return bytes([value & 0xFF])
