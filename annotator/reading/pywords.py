"""What of a Python file its code does not tell: its docstring, and words that stand where none is one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import msgspec

_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Words(msgspec.Struct, frozen=True):
    """The words of a file.

    Attributes:
        doc: Its docstring, empty if it has none.
        bare: Texts that open other bodies than those that can have a docstring, in no order of meaning.
        last: The line in which its last statement ends, which may be the docstring.
    """

    doc: str
    bare: tuple[str, ...]
    last: int


def words(tree: ast.Module) -> Words:
    """The words of a file by its tree."""
    last = max((getattr(node, "end_lineno", 1) or 1 for node in tree.body), default=1)
    return Words(ast.get_docstring(tree) or "", tuple(_bare(tree)), last)


def _bare(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and not isinstance(node, _DOCUMENTED):
            match body[0]:
                case ast.Expr(value=ast.Constant(value=str() as text)):
                    yield text
                case _:
                    pass
