"""Doc comments and build-constraint comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from annotator.model.go import Span

# go/ast.CommentGroup.Text drops these lines too: they speak to tools.
_DIRECTIVE = re.compile(r"//(?:line |extern |export |[a-z0-9]+:[a-z0-9])")
_GO_BUILD = re.compile(rb"//go:build[ \t]+(.*)")
_PLUS_BUILD = re.compile(rb"//[ \t]*\+build[ \t]+(.*)")


def documented(children: Iterable[Node], opening_row: int = -1) -> Iterator[tuple[Node, Span | None]]:
    """Every child that is no comment, with the comment block that ends on the line above it.

    A comment on the line of the code before it (or of the brace in `opening_row`, 0-based) belongs
    to that code and documents nothing below.
    """
    first: Node | None = None
    code_row = opening_row
    end_row = end = 0
    for node in children:
        row = node.start_point[0]
        if node.type != "comment":
            yield (
                node,
                Span(first.start_byte, end, first.start_point[0] + 1, row)
                if (first is not None and end_row + 1 == row)
                else None,
            )
            first, code_row = None, node.end_point[0]
        elif row != code_row:
            if first is None or row > end_row + 1:
                first = node
            end_row, end = node.end_point[0], node.end_byte


def doc_text(data: bytes, span: Span | None) -> str:
    """Return a comment block's text as go/ast does: no marks, no directives, no trailing blanks."""
    if span is None:
        return ""
    lines: list[str] = []
    block = False
    for raw in data[span.start : span.end].decode("utf-8", "replace").split("\n"):
        line = raw.strip()
        if block or line.startswith("/*"):
            content = raw if block else line[2:]
            block = not content.rstrip().endswith("*/")
            lines.append(content.rstrip().removesuffix("*/").rstrip())
        elif not _DIRECTIVE.match(line):
            lines.append(line[2:].removeprefix(" ").rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def constraint(data: bytes, comments: list[Node], package_row: int) -> str:
    """Return the build constraint as written: the expression of `//go:build`, else the `+build` lines.

    `comments` are those before the package clause, whose 0-based row is `package_row`; several
    `+build` lines are joined by newlines.
    """
    plus: list[bytes] = []
    for number, node in enumerate(comments):
        if written := _GO_BUILD.match(data, node.start_byte, node.end_byte):
            return _decoded(written[1])
        if (written := _PLUS_BUILD.match(data, node.start_byte, node.end_byte)) and _stands_apart(
            comments[number:], package_row
        ):
            plus.append(written[1])
    return "\n".join(map(_decoded, plus))


def _stands_apart(comments: list[Node], package_row: int) -> bool:
    """Whether a blank line follows the block that the first comment is in."""
    row = comments[0].start_point[0]
    for node in comments:
        if node.start_point[0] > row:
            return True
        row = node.end_point[0] + 1
    return package_row > row


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip()
