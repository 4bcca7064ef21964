"""Definitions and uses in Python files."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from annotator.model.go import ResolvedUse
from annotator.model.port import Parameter, PythonObject
from annotator.python_source.modules import Class, Function, Module, Packages, SourceFile, children
from annotator.python_source.type_inference import LocalTypes, learn_attributes


def read(files: Iterable[SourceFile]) -> Mapping[str, PythonObject]:
    """Return every function, class and module-level name in some files, by dotted name."""
    return facts(load(files))


def load(files: Iterable[SourceFile]) -> Packages:
    """Return the modules and classes in some files, with the types of the classes' attributes."""
    packages = Packages(files)
    learn_attributes(packages)
    return packages


def facts(packages: Packages) -> Mapping[str, PythonObject]:
    """Return every function, class and module-level name of packages, by dotted name."""
    found: dict[str, PythonObject] = {}
    for name, module in packages.modules.items():
        last = max((getattr(node, "end_lineno", 1) or 1 for node in module.tree.body), default=1)
        found[name] = PythonObject(name, "module", module.path, 1, last)
        for defined, node in module.defined.items():
            if isinstance(node, ast.Assign | ast.AnnAssign):
                dotted = f"{name}.{defined}"
                end = node.end_lineno or node.lineno
                used = _used([node], LocalTypes(packages, module, None))
                calls = tuple(  # a table of functions is used to call them
                    each
                    for each in used
                    if each.name in packages.functions and not each.name.endswith(".__init__")
                )
                found[dotted] = PythonObject(dotted, "attribute", module.path, node.lineno, end, calls=calls)
    for name, entry in packages.classes.items():
        found[name] = _class(name, entry, packages)
        for each in entry.attributes.values():
            dotted = f"{name}.{each.name}"
            found[dotted] = PythonObject(dotted, "attribute", entry.module.path, each.line, each.line)
    for name, (module, node, owner) in packages.functions.items():
        found[name] = _function(name, module, node, owner, packages)
    return found


def _class(name: str, found: Class, packages: Packages) -> PythonObject:
    constructor = packages.method(name, "__init__")
    lineage = list(packages.bases(found))
    attributes = [
        Parameter(each.name, each.written or each.type.name, each.line)
        for current in lineage
        for each in current.attributes.values()
    ]
    methods = [
        Parameter(method, "method", node.lineno)
        for current in lineage
        for method, node in current.methods.items()
    ]
    bases = [Parameter(each.name.rpartition(".")[2], "base", found.node.lineno) for each in lineage[1:]]
    unique = {each.name: each for each in [*bases, *methods, *attributes]}
    return PythonObject(
        name=name,
        kind="class",
        path=found.module.path,
        line=_first_line(found.node),
        end_line=found.node.end_lineno or found.node.lineno,
        params=_params(packages.functions[constructor][1]) if constructor else _declared(found),
        members=tuple(sorted(unique.values(), key=lambda each: each.line)),
        texts=tuple(_all_texts(found.node, packages)),
    )


def _declared(found: Class) -> tuple[Parameter, ...]:
    """Return the parameters of a class whose fields are its constructor: a dataclass or Struct."""
    return tuple(
        Parameter(entry.target.id, ast.unparse(entry.annotation), entry.lineno)
        for entry in found.node.body
        if isinstance(entry, ast.AnnAssign) and isinstance(entry.target, ast.Name)
    )


def _function(
    name: str, module: Module, node: Function, owner: Class | None, packages: Packages
) -> PythonObject:
    return PythonObject(
        name=name,
        kind="signature" if _is_signature(node) else "function",
        path=module.path,
        line=_first_line(node),
        end_line=node.end_lineno or node.lineno,
        params=_params(node),
        returns=ast.unparse(node.returns) if node.returns is not None else "",
        calls=tuple(_calls(node, module, owner, packages)),
        texts=tuple(_all_texts(node, packages)),
    )


def _is_signature(node: Function) -> bool:
    """Return whether the body is `...` alone, as in a Protocol."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return bool(body) and all(
        isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) and each.value.value is ...
        for each in body
    )


def _first_line(node: Function | ast.ClassDef) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _params(node: Function) -> tuple[Parameter, ...]:
    arguments = node.args
    starred = [arguments.vararg] if arguments.vararg else []
    every = [*arguments.posonlyargs, *arguments.args, *starred, *arguments.kwonlyargs]
    return tuple(
        Parameter(each.arg, ast.unparse(each.annotation) if each.annotation else "", each.lineno)
        for number, each in enumerate(every)
        if number or each.arg not in ("self", "cls")
    )


# How a function uses what it names, beside calling it or handing it on to be called.
READ = "read"
CAUGHT = "caught"
_OWNER = "owner"
_TYPE_TESTS = frozenset({"isinstance", "issubclass"})


def _calls(node: Function, module: Module, owner: Class | None, packages: Packages) -> Iterator[Parameter]:
    """Return what the function calls, passes as a callback, reads and catches, in the order of its text."""
    scope = LocalTypes(packages, module, owner)
    scope.enter(node)
    for inner in packages.nodes(node):
        if isinstance(inner, Function | ast.Lambda) and inner is not node:
            scope.enter(inner)
    yield from _used(node.body, scope)


def _used(body: list[ast.stmt], scope: LocalTypes) -> Iterator[Parameter]:
    """Return what the names and calls that run with the body mean; annotations do not run."""
    pending: list[tuple[ast.AST, str]] = [(statement, "") for statement in reversed(body)]
    while pending:
        current, how = pending.pop()
        match current:
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                yield from _targets(scope.target(current), current.lineno, how, scope)
            case ast.Call():
                yield from _targets(scope.spelled(current), current.lineno, "", scope)
            case _:
                pass
        pending.extend(reversed(list(_parts(current, how))))


def _parts(node: ast.AST, how: str) -> Iterator[tuple[ast.AST, str]]:
    match node:
        case ast.Attribute(value=value):
            yield value, _OWNER
        case ast.ExceptHandler(type=ast.expr() as caught, body=body):
            yield caught, CAUGHT
            yield from ((statement, "") for statement in body)
        case ast.MatchClass(cls=matched, patterns=patterns, kwd_patterns=keyed):
            yield matched, CAUGHT
            yield from ((pattern, "") for pattern in (*patterns, *keyed))
        case ast.Call(func=ast.Name(id=name), args=[tested, *types]) if name in _TYPE_TESTS:
            yield tested, ""
            yield from ((each, CAUGHT) for each in types)
        case (
            ast.AnnAssign(annotation=left_out)
            | ast.FunctionDef(returns=left_out)
            | ast.AsyncFunctionDef(returns=left_out)
        ):
            yield from ((child, "") for child in children(node) if child is not left_out)
        case ast.Tuple() | ast.BinOp():
            yield from ((child, how) for child in children(node))
        case ast.arg():
            return
        case _:
            yield from ((child, "") for child in children(node))


def _targets(target: str, line: int, how: str, scope: LocalTypes) -> Iterator[Parameter]:
    """Return the uses of a target: calling a class uses its constructor, catching one its bases."""
    packages = scope.packages
    if not target:
        return
    if target in packages.classes:
        if how == CAUGHT:
            yield from (Parameter(e.name, CAUGHT, line) for e in packages.bases(packages.classes[target]))
        elif how != _OWNER:
            yield Parameter(target, "", line)
            if constructor := packages.method(target, "__init__"):
                yield Parameter(constructor, "", line)
        return
    is_called = target in packages.functions and not scope.is_property(target)
    yield Parameter(target, "" if is_called else READ, line)


def _all_texts(node: ast.AST, packages: Packages) -> Iterator[str]:
    """Return the string literals below a node except docstrings, with placeholders as `{}`."""
    skipped: set[ast.AST] = set()
    for current in packages.nodes(node):
        match current:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                if ast.get_docstring(current, clean=False) is not None:
                    skipped.update(children(current.body[0]))
            case ast.JoinedStr(values=parts):
                skipped.update(parts)
                yield "".join(
                    part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "{}"
                    for part in parts
                )
            case ast.Constant(value=str() as text) if current not in skipped:
                yield text
            case _:
                pass


def uses_of(packages: Packages, objects: Mapping[str, PythonObject]) -> Mapping[str, tuple[ResolvedUse, ...]]:
    """By file, every name that is proven to mean one of the objects, in the order of the text.

    A use's `path` is the file in which the object is defined, its `symbol` the dotted name.
    """
    found: dict[str, tuple[ResolvedUse, ...]] = {}
    for module in packages.modules.values():
        lengths = (len(text) for text in module.data.splitlines(keepends=True))
        starts = [0, *accumulate(lengths)]  # the offset of each line
        uses: list[ResolvedUse] = []
        for line, column, length, target in sorted(
            set(_named(module.tree, LocalTypes(packages, module, None)))
        ):
            if target in objects:
                start = starts[line - 1] + column
                path = objects[target].path
                uses.append(ResolvedUse(start, start + length, line, call=False, path=path, symbol=target))
        found[module.path] = tuple(uses)
    return found


_Name = tuple[int, int, int, str]
"""Line, column and length in bytes, and what is meant."""


def _named(node: ast.AST, scope: LocalTypes) -> Iterator[_Name]:
    """Return the names below a node, each in the scope of its function."""
    packages, module = scope.packages, scope.module
    for inner in children(node):
        match inner:
            case ast.ClassDef():
                outer = scope.owner.name if scope.owner else module.name
                found = packages.classes.get(f"{outer}.{inner.name}")
                owner = found if found is not None and found.node is inner else None
                yield from _named(inner, LocalTypes(packages, module, owner, scope.names))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                inside = LocalTypes(packages, module, scope.owner, scope.names)
                inside.enter(inner)
                for below in packages.nodes(inner):
                    if isinstance(below, ast.Lambda):
                        inside.enter(below)
                yield from _named(inner, inside)
            case ast.ImportFrom():
                yield from _imported(inner, scope)
            case ast.Name() | ast.Attribute():
                yield from _name(inner, scope)
                yield from _named(inner, scope)
            case _:
                yield from _named(inner, scope)


def _name(node: ast.Name | ast.Attribute, scope: LocalTypes) -> Iterator[_Name]:
    target = scope.target(node)
    if not target or node.end_lineno is None or node.end_col_offset is None:
        return
    length = len((node.id if isinstance(node, ast.Name) else node.attr).encode())
    yield node.end_lineno, node.end_col_offset - length, length, target


def _imported(node: ast.ImportFrom, scope: LocalTypes) -> Iterator[_Name]:
    for alias in node.names:
        meant = scope.module.imported.get(alias.asname or alias.name, "")
        target = scope.packages.canonical(meant)
        if scope.packages.is_defined(target):
            yield alias.lineno, alias.col_offset, len(alias.name.encode()), target
