"""Go's syntax trees: made from hostile bytes, sliced back into text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter_go
from tree_sitter import Language, Node, Parser, Range

from annotator.model import Span

GO = Language(tree_sitter_go.language())

# Real Go files stay far below (moby's largest is under 1 MB); beyond it a tree would cost gigabytes.
MAX_BYTES = 8_000_000
# A file from here on is given up when its errors cost too much: steps are tree-sitter's, some 100 bytes each.
LARGE = 1_000_000
MAX_RECOVERY = 10_000
CHUNK = 65_536
# A signature is for reading; the longest of moby has some 300 characters.
MAX_WRITTEN = 2000
# Git takes a file with a NUL this early for binary, and so do we.
BINARY_PROBE = 8000
# A file that is broken in more places than this is not Go: its pieces are not tried one by one.
MAX_PIECES = 2000

_PARSER = Parser(GO)
# gofmt puts every top-level declaration at the margin, and nothing else that begins with these words.
_MARGIN = re.compile(rb"^(?:func|type|var|const)\b", re.MULTILINE)
_QUOTES = frozenset({"comment", "raw_string_literal", "raw_string_literal_content"})
_COMMENT_OR_STRING = re.compile(r'("(?:\\.|[^"\\\n])*"|`[^`]*`)|//[^\n]*|/\*.*?\*/', re.DOTALL)


def root_of(data: bytes) -> Node | None:
    """The tree's root, or None for bytes that cannot be Go source: binary, endless or garbage."""
    if len(data) > MAX_BYTES or b"\0" in data[:BINARY_PROBE]:
        return None
    return _PARSER.parse(data).root_node if len(data) < LARGE else _patient_root(data)


def _patient_root(data: bytes) -> Node | None:
    """A large file's root, or None once too much effort went into its errors.

    Recovering from errors takes more than linear time; a large file of nothing else would take minutes.
    """
    steps = 0

    def gives_up(_offset: int, broken: bool) -> bool:  # noqa: FBT001 - called by tree-sitter
        nonlocal steps
        steps += broken
        return steps > MAX_RECOVERY

    parser = Parser(GO)
    try:
        return parser.parse(
            lambda offset, _: data[offset : offset + CHUNK], progress_callback=gives_up
        ).root_node
    except ValueError:
        return None


def text(data: bytes, node: Node) -> str:
    """A node's text; bytes that are no UTF-8 become U+FFFD."""
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def one_line(data: bytes, start: int, end: int) -> str:
    """The text between two offsets on one line, without comments, cut at `MAX_WRITTEN` bytes."""
    raw = data[start : min(end, start + MAX_WRITTEN)].decode("utf-8", "replace")
    if "//" in raw or "/*" in raw:
        raw = _COMMENT_OR_STRING.sub(lambda match: match[1] or " ", raw)
    return " ".join(raw.split())


def written(data: bytes, node: Node | None) -> str:
    """A node's text on one line; empty for no node."""
    return one_line(data, node.start_byte, node.end_byte) if node is not None else ""


def span(node: Node) -> Span:
    """Where a node stands."""
    return Span(node.start_byte, node.end_byte, node.start_point[0] + 1, node.end_point[0] + 1)


def place(name: Node) -> tuple[int, int]:
    """A name's line and column, both 1-based, the column in bytes."""
    row, column = name.start_point
    return row + 1, column + 1


def names_of(spec: Node) -> list[Node]:
    """The names that a field, constant or variable is declared by, without their commas."""
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


def pieces(data: bytes, root: Node, start: int, end: int, line: int) -> Iterator[Node]:
    """Trees of the stretches of `[start, end)` that begin with a declaration at the margin.

    An unclosed brace takes everything after it into one broken node; read piece by piece, the
    declarations behind it are whole again. Offsets and rows are the whole file's. `root` is the
    whole file's broken tree, `line` the 0-based row of `start`.
    """
    found = [match.start() for match in _MARGIN.finditer(data, start, end)][:MAX_PIECES]
    starts = [_with_comment(data, at, start) for at in found if not _quoted(root, at)]
    parser = Parser(GO)
    at, row = start, line
    for begin, stop in zip(starts, [*starts[1:], end], strict=False):
        row += data.count(b"\n", at, begin)
        last = row + data.count(b"\n", begin, stop)
        parser.included_ranges = [
            Range((row, _column(data, begin)), (last, _column(data, stop)), begin, stop)
        ]
        yield parser.parse(data).root_node
        at = begin


def _quoted(root: Node, at: int) -> bool:
    """Whether the broken tree, too, takes what stands there for a string or comment."""
    node = root.descendant_for_byte_range(at, at + 1)
    return node is not None and node.type in _QUOTES


def _with_comment(data: bytes, at: int, floor: int) -> int:
    """The start of the line comments right above a declaration, no further up than `floor`."""
    while at > floor:
        above = max(data.rfind(b"\n", floor, at - 1) + 1, floor)
        if not data.startswith(b"//", above):
            break
        at = above
    return at


def _column(data: bytes, at: int) -> int:
    return at - (data.rfind(b"\n", 0, at) + 1)
