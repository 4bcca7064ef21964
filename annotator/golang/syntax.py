"""tree-sitter parser with limits, and helpers for nodes."""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import count, islice

import tree_sitter_go
from tree_sitter import Language, Node, Parser, Range

from annotator.model.go import Span

GO = Language(tree_sitter_go.language())

# Real Go files stay far below (moby's largest is under 1 MB); beyond it a tree would cost gigabytes.
MAX_BYTES = 8_000_000

# A file from here on is given up once it took this long for each of its bytes, in seconds of this process.
# Sound Go takes 0.2 to 1 µs; recovery from errors 2 to 10 µs, and more the longer it goes on.
LARGE = 200_000
PATIENCE = 3e-6
CHUNK = 65_536

# The parser asks more often than a look at the clock is worth.
SELDOM = 32

# A signature is for reading; the longest of moby has some 300 characters.
MAX_WRITTEN = 2000

# Git takes a file with a NUL this early for binary, and so do we.
BINARY_PROBE = 8000

# A file that is broken in more places than this is not Go: its pieces are not tried one by one.
MAX_PIECES = 2000

DECLARATIONS = frozenset(
    {f"{kind}_declaration" for kind in ("function", "method", "type", "const", "var")},
)

_PARSER = Parser(GO)

_QUOTE = rb"\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.|[^'\\\n])*'|//[^\n]*|/\*.*?(?:\*/|\Z)"
"""A string or a comment."""

# gofmt puts every top-level declaration at the margin, and nothing else that begins with these words.
_MARGIN_OR_QUOTE = re.compile(rb"^(func|type|var|const)\b|" + _QUOTE, re.MULTILINE | re.DOTALL)
_BRACE_OR_QUOTE = re.compile(rb"[{}]|" + _QUOTE, re.DOTALL)
_COMMENT_OR_STRING = re.compile(r'("(?:\\.|[^"\\\n])*"|`[^`]*`)|//[^\n]*|/\*.*?\*/', re.DOTALL)


def root_of(data: bytes, clock: Callable[[], float] = time.process_time) -> Node | None:
    """Return the tree's root, or None for bytes that cannot be Go source: binary, endless or garbage.

    Args:
        data: The file's bytes.
        clock: Seconds of work done so far, by which garbage in a large file is given up.
    """
    if len(data) > MAX_BYTES or b"\0" in data[:BINARY_PROBE]:
        return None
    return _PARSER.parse(data).root_node if len(data) < LARGE else _patient_root(data, clock)


def _patient_root(data: bytes, clock: Callable[[], float]) -> Node | None:
    until, asked = clock() + PATIENCE * len(data), count(1)
    try:
        return (
            Parser(GO)
            .parse(
                lambda offset, _: data[offset : offset + CHUNK],
                progress_callback=lambda _offset, _broken: next(asked) % SELDOM == 0 and clock() > until,
            )
            .root_node
        )
    except ValueError:
        return None


def first_margin(data: bytes) -> int:
    """Return the offset of the first declaration at the margin, or the end."""
    found = (match.start() for match in _MARGIN_OR_QUOTE.finditer(data) if match[1])
    return next(found, len(data))


def text(data: bytes, node: Node) -> str:
    """Return a node's text; bytes that are no UTF-8 become U+FFFD."""
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def one_line(data: bytes, start: int, end: int) -> str:
    """Return the text between two offsets on one line, without comments, cut at `MAX_WRITTEN` bytes."""
    raw = data[start : min(end, start + MAX_WRITTEN)].decode("utf-8", "replace")
    if "//" in raw or "/*" in raw:
        raw = _COMMENT_OR_STRING.sub(lambda match: match[1] or " ", raw)
    return " ".join(raw.split())


def written(data: bytes, node: Node | None) -> str:
    """Return a node's text on one line; empty for no node."""
    return one_line(data, node.start_byte, node.end_byte) if node is not None else ""


def span(node: Node) -> Span:
    """Where a node stands."""
    return Span(node.start_byte, node.end_byte, node.start_point[0] + 1, node.end_point[0] + 1)


def position(name: Node) -> tuple[int, int]:
    """Return a name's line and column, both 1-based, the column in bytes."""
    row, column = name.start_point
    return row + 1, column + 1


def names_of(spec: Node) -> list[Node]:
    """Return the names that a field, constant or variable is declared by, without their commas."""
    names = spec.children_by_field_name("name")
    return [name for name in names if name.is_named and not name.is_missing]


def broken_lines(root: Node) -> tuple[int, ...]:
    """1-based lines at which the parser had to skip or to invent something."""
    lines: set[int] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if node.is_error or node.is_missing:
            lines.add(node.start_point[0] + 1)
        if node.has_error:
            todo += node.children
    return tuple(sorted(lines))


def pieces(data: bytes, gaps: list[tuple[int, int]]) -> Iterator[Node]:
    """Trees of the stretches, in a broken file, that begin with a declaration at the margin.

    An unclosed brace takes everything after it into one broken node; read piece by piece, the
    declarations behind it are whole again. `gaps` are the ascending ranges of offsets in which to
    look; offsets and rows of the trees are the whole file's.
    """
    parser = Parser(GO)
    at = row = 0
    for begin, stop in islice(_pieces(data, gaps), MAX_PIECES):
        row += data.count(b"\n", at, begin)
        yield _stretch(parser, data, begin, stop, row)
        at = begin


def function_at(data: bytes, start: int) -> Node | None:
    """Parse the head of the function that begins at an offset at the margin, with the comment lines above it.

    Returns:
        The root of its tree, with the offsets and rows of the whole file and with an empty body; None if it
        cannot be told where the function ends, or its head is broken.
    """
    begin, body = _with_comment(data, start, 0), _body(data, start)
    if body is None or data.endswith(b"*/\n", 0, begin):
        return None
    parser = Parser(GO)
    row = data.count(b"\n", 0, begin)
    parser.included_ranges = [
        _range(data, begin, body[0] + 1, row),
        _range(data, body[1], body[1] + 1, row + data.count(b"\n", begin, body[1])),
    ]
    root = parser.parse(data).root_node
    return None if root.has_error else root


def _body(data: bytes, start: int) -> tuple[int, int] | None:
    """Return the offsets of the braces around a function's body; the closing brace begins its line."""
    depth = opening = 0
    for match in _BRACE_OR_QUOTE.finditer(data, start):
        if match[0] == b"{":
            opening = opening if depth else match.start()
            depth += 1
        elif match[0] == b"}":
            depth -= 1
            if depth < 0:
                return None
            if not depth and data.startswith(b"\n}\n", match.start() - 1):
                return opening, match.start()
    return None


def _stretch(parser: Parser, data: bytes, begin: int, stop: int, row: int) -> Node:
    parser.included_ranges = [_range(data, begin, stop, row)]
    return parser.parse(data).root_node


def _range(data: bytes, begin: int, stop: int, row: int) -> Range:
    last = row + data.count(b"\n", begin, stop)
    return Range((row, _column(data, begin)), (last, _column(data, stop)), begin, stop)


def _pieces(data: bytes, gaps: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    margins = [match.start() for match in _MARGIN_OR_QUOTE.finditer(data) if match[1]]
    for start, end in gaps:
        inside = margins[bisect_left(margins, start) : bisect_left(margins, end)]
        starts = [_with_comment(data, at, start) for at in inside]
        ends = [*starts[1:], end]
        yield from (piece for piece in zip(starts, ends, strict=False) if piece[1] - piece[0] < LARGE)


def _with_comment(data: bytes, at: int, floor: int) -> int:
    """Return the start of the line comments right above a declaration, no further up than `floor`."""
    while at > floor:
        above = max(data.rfind(b"\n", floor, at - 1) + 1, floor)
        if not data.startswith(b"//", above):
            break
        at = above
    return at


def _column(data: bytes, at: int) -> int:
    return at - (data.rfind(b"\n", 0, at) + 1)


def callee(call: Node) -> Node:
    """Return the node that names what a call expression calls, or the expression that it calls."""
    function = call.child_by_field_name("function")
    while function is not None and function.type == "parenthesized_expression" and function.named_child_count:
        function = function.named_child(0)
    if function is not None and function.type == "selector_expression":
        function = function.child_by_field_name("field")
    return function if function is not None else call
