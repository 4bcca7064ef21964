"""Which definitions the names in Python files are proven to mean, with their places."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import accumulate

import msgspec

from annotator.model import PythonObject, Use
from annotator.reading.pymodules import Class, Function, Module, Packages
from annotator.reading.pytypes import Scope


def uses(
    packages: Packages,
    objects: Mapping[str, PythonObject],
    data: Mapping[str, bytes],
    known: Mapping[str, tuple[Use, ...]] = {},
) -> Mapping[str, tuple[Use, ...]]:
    """By file, every name that is proven to mean one of the objects, in the order of the text.

    A use's `path` is the file in which the object is defined, its `symbol` the dotted name. Files
    that are `known` are not looked at again.
    """
    paths = {module.path: module for module in packages.modules.values()}
    return {
        path: known[path] if path in known else tuple(_uses(module, packages, objects, data[path]))
        for path, module in paths.items()
    }


def placed(known: tuple[Use, ...], data: bytes) -> tuple[Use, ...]:
    """The uses of a file that has become these bytes, each in the line and column in which it was."""
    starts = _starts(data)
    if all(starts[use.line - 1] + use.column - 1 == use.start for use in known):
        return known
    return tuple(_moved(use, starts[use.line - 1] + use.column - 1) for use in known)


def _moved(use: Use, start: int) -> Use:
    return msgspec.structs.replace(use, start=start, end=start + use.end - use.start)


def _starts(data: bytes) -> list[int]:
    """The offset at which each line begins, and the end."""
    return [0, *accumulate(len(text) for text in data.splitlines(keepends=True))]


def _uses(
    module: Module, packages: Packages, objects: Mapping[str, PythonObject], data: bytes
) -> Iterator[Use]:
    starts = _starts(data)
    found = set(_named(module.tree, Scope(packages, module, None)))
    for line, column, length, target in sorted(found):
        known = objects.get(target)
        if known is not None:
            start = starts[line - 1] + column
            yield Use(start, start + length, line, column + 1, call=False, path=known.path, symbol=target)


_Name = tuple[int, int, int, str]
"""Line, column and length in bytes, and what is meant."""


def _named(node: ast.AST, scope: Scope) -> Iterator[_Name]:
    """The names below a node, each in the scope of the function that it stands in."""
    for inner in ast.iter_child_nodes(node):
        match inner:
            case ast.ClassDef():
                owner = _class(inner, scope)
                yield from _named(inner, Scope(scope.packages, scope.module, owner, scope.names))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _named(inner, _inside(inner, scope))
            case ast.ImportFrom():
                yield from _imported(inner, scope)
            case ast.Name() | ast.Attribute():
                yield from _name(inner, scope)
                yield from _named(inner, scope)
            case _:
                yield from _named(inner, scope)


def _class(node: ast.ClassDef, scope: Scope) -> Class | None:
    prefix = scope.owner.name if scope.owner else scope.module.name
    found = scope.packages.classes.get(f"{prefix}.{node.name}")
    return found if found is not None and found.node is node else None


def _inside(function: Function, scope: Scope) -> Scope:
    inner = Scope(scope.packages, scope.module, scope.owner, scope.names)
    inner.enter(function)
    for below in ast.walk(function):
        if isinstance(below, ast.Lambda):
            inner.enter(below)
    return inner


def _name(node: ast.Name | ast.Attribute, scope: Scope) -> Iterator[_Name]:
    target = scope.target(node)
    if not target or node.end_lineno is None or node.end_col_offset is None:
        return
    length = len((node.id if isinstance(node, ast.Name) else node.attr).encode())
    yield node.end_lineno, node.end_col_offset - length, length, target


def _imported(node: ast.ImportFrom, scope: Scope) -> Iterator[_Name]:
    for alias in node.names:
        meant = scope.module.imported.get(alias.asname or alias.name, "")
        target = scope.packages.canonical(meant)
        if scope.packages.is_defined(target):
            yield alias.lineno, alias.col_offset, len(alias.name.encode()), target
