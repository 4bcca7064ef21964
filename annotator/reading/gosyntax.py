"""Go's syntax trees: made from hostile bytes, sliced back into text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter_go
from tree_sitter import Language, Node, Parser, Query, QueryCursor, Range

from annotator.model import Span

GO = Language(tree_sitter_go.language())

# Real Go files stay far below (moby's largest is under 1 MB); beyond it a tree would cost gigabytes.
MAX_BYTES = 8_000_000
# Git takes a file with a NUL this early for binary, and so do we.
BINARY_PROBE = 8000
# A file that is broken in more places than this is not Go: its pieces are not tried one by one.
MAX_PIECES = 2000

_PARSER = Parser(GO)
_BROKEN = Query(GO, "(ERROR) @broken (MISSING) @broken")
# gofmt puts every top-level declaration at the margin, and nothing else that begins with these words.
_MARGIN = re.compile(rb"^(?:func|type|var|const)\b", re.MULTILINE)
_NOT_PLAIN = re.compile(r'("(?:\\.|[^"\\\n])*"|`[^`]*`)|//[^\n]*|/\*.*?\*/', re.DOTALL)


def root_of(data: bytes) -> Node | None:
    """The tree's root, or None for bytes that cannot be Go source: binary, or beyond `MAX_BYTES`."""
    if len(data) > MAX_BYTES or b"\0" in data[:BINARY_PROBE]:
        return None
    return _PARSER.parse(data).root_node


def text(data: bytes, node: Node) -> str:
    """A node's text; bytes that are no UTF-8 become U+FFFD."""
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def one_line(data: bytes, start: int, end: int) -> str:
    """The text between two offsets on one line, without comments."""
    raw = data[start:end].decode("utf-8", "replace")
    if "//" in raw or "/*" in raw:
        raw = _NOT_PLAIN.sub(lambda match: match[1] or " ", raw)
    return " ".join(raw.split()) if "\n" in raw or "\t" in raw or "  " in raw else raw.strip()


def span(node: Node) -> Span:
    """Where a node stands."""
    return Span(node.start_byte, node.end_byte, node.start_point[0] + 1, node.end_point[0] + 1)


def broken_lines(root: Node) -> tuple[int, ...]:
    """1-based lines at which the parser had to skip or to invent something."""
    nodes = QueryCursor(_BROKEN).captures(root).get("broken", ())
    return tuple(sorted({node.start_point[0] + 1 for node in nodes}))


def pieces(data: bytes, start: int, end: int, line: int) -> Iterator[Node]:
    """Trees of the stretches of `[start, end)` that begin with a declaration's keyword at the margin.

    An unclosed brace takes everything after it into one broken node; read piece by piece, the
    declarations behind it are whole again. Offsets and rows are the whole file's. `line` is the
    0-based row of `start`.
    """
    starts = [match.start() for match in _MARGIN.finditer(data, start, end)][:MAX_PIECES]
    at, row = start, line
    parser = Parser(GO)
    for begin, stop in zip(starts, [*starts[1:], end], strict=False):
        row += data.count(b"\n", at, begin)
        column = begin - (data.rfind(b"\n", 0, begin) + 1)
        bottom = row + data.count(b"\n", begin, stop)
        edge = stop - (data.rfind(b"\n", 0, stop) + 1)
        parser.included_ranges = [Range((row, column), (bottom, edge), begin, stop)]
        yield parser.parse(data).root_node
        at = begin
