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
                calls = tuple(_functions(node, LocalTypes(packages, module, None)))
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
    params = _params(packages.functions[constructor][1]) if constructor else _declared(found)
    attributes = [
        Parameter(each.name, each.written or each.type.name, each.line)
        for current in packages.bases(found)
        for each in current.attributes.values()
    ]
    methods = [
        Parameter(method, "method", node.lineno)
        for current in packages.bases(found)
        for method, node in current.methods.items()
    ]
    bases = [
        Parameter(each.name.rpartition(".")[2], "base", found.node.lineno)
        for each in list(packages.bases(found))[1:]
    ]
    unique = {each.name: each for each in [*bases, *methods, *attributes]}
    return PythonObject(
        name=name,
        kind="class",
        path=found.module.path,
        line=_first_line(found.node),
        end_line=found.node.end_lineno or found.node.lineno,
        params=params,
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
    plain = [*arguments.posonlyargs, *arguments.args]
    starred = [each for each in (arguments.vararg,) if each is not None]
    every = [*plain, *starred, *arguments.kwonlyargs]
    return tuple(
        Parameter(each.arg, ast.unparse(each.annotation) if each.annotation else "", each.lineno)
        for number, each in enumerate(every)
        if number or each.arg not in ("self", "cls")
    )


def _functions(node: ast.stmt, scope: LocalTypes) -> Iterator[Parameter]:
    """Return the functions in a module-level value: a table of functions is used to call them."""
    used = (each for each in _used([node], scope) if each.name in scope.packages.functions)
    return (each for each in used if not each.name.endswith(".__init__"))


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
    for used, how in _uses(body):
        target = scope.spelled(used) if isinstance(used, ast.Call) else scope.target(used)
        if target:
            yield from _targets(target, used.lineno, how, scope)


def _uses(body: list[ast.stmt]) -> Iterator[tuple[ast.Name | ast.Attribute | ast.Call, str]]:
    """Return the names and calls that run with the body, and how each is used; annotations do not run."""
    pending: list[tuple[ast.AST, str]] = [(statement, "") for statement in reversed(body)]
    while pending:
        current, how = pending.pop()
        if isinstance(current, ast.Name | ast.Attribute) and isinstance(current.ctx, ast.Load):
            yield current, how
        elif isinstance(current, ast.Call):
            yield current, ""
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
        case ast.AnnAssign(target=target, value=value):
            yield target, ""
            yield from ((each, "") for each in (value,) if each is not None)
        case ast.Tuple() | ast.BinOp():
            yield from ((child, how) for child in children(node))
        case ast.arg():
            return
        case ast.FunctionDef(returns=returns) | ast.AsyncFunctionDef(returns=returns):
            yield from ((child, "") for child in children(node) if child is not returns)
        case _:
            yield from ((child, "") for child in children(node))


def _targets(target: str, line: int, how: str, scope: LocalTypes) -> Iterator[Parameter]:
    """Return the uses of a target: calling a class uses its constructor, catching one its bases."""
    packages = scope.packages
    if target in packages.classes:
        if how == CAUGHT:
            yield from (Parameter(e.name, CAUGHT, line) for e in packages.bases(packages.classes[target]))
        elif how != _OWNER:
            yield Parameter(target, "", line)
            constructor = packages.method(target, "__init__")
            yield from (Parameter(each, "", line) for each in (constructor,) if each is not None)
        return
    is_called = target in packages.functions and not scope.is_property(target)
    yield Parameter(target, "" if is_called else READ, line)


def _all_texts(node: ast.AST, packages: Packages) -> Iterator[str]:
    """Return the string literals below a node except docstrings, with placeholders as `{}`."""
    skipped: set[int] = set()
    for current in packages.nodes(node):
        if (
            isinstance(current, Function | ast.ClassDef)
            and ast.get_docstring(current, clean=False) is not None
        ):
            skipped.add(id(current.body[0].value))  # type: ignore[attr-defined] # a docstring is an Expr
        if id(current) in skipped:
            continue
        if isinstance(current, ast.JoinedStr):
            skipped.update(id(part) for part in current.values)
            yield "".join(_part(part) for part in current.values)
        elif isinstance(current, ast.Constant) and isinstance(current.value, str):
            yield current.value


def _part(part: ast.expr) -> str:
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "{}"


def uses_of(packages: Packages, objects: Mapping[str, PythonObject]) -> Mapping[str, tuple[ResolvedUse, ...]]:
    """By file, every name that is proven to mean one of the objects, in the order of the text.

    A use's `path` is the file in which the object is defined, its `symbol` the dotted name.
    """
    return {
        module.path: tuple(_resolved_uses(module, packages, objects)) for module in packages.modules.values()
    }


def _starts(data: bytes) -> list[int]:
    """Return the offset of each line, and of the end."""
    return [0, *accumulate(len(text) for text in data.splitlines(keepends=True))]


def _resolved_uses(
    module: Module, packages: Packages, objects: Mapping[str, PythonObject]
) -> Iterator[ResolvedUse]:
    starts = _starts(module.data)
    found = set(_named(module.tree, LocalTypes(packages, module, None)))
    for line, column, length, target in sorted(found):
        known = objects.get(target)
        if known is not None:
            start = starts[line - 1] + column
            yield ResolvedUse(
                start, start + length, line, column + 1, call=False, path=known.path, symbol=target
            )


_Name = tuple[int, int, int, str]
"""Line, column and length in bytes, and what is meant."""


def _named(node: ast.AST, scope: LocalTypes) -> Iterator[_Name]:
    """Return the names below a node, each in the scope of its function."""
    for inner in children(node):
        match inner:
            case ast.ClassDef():
                owner = _class_uses(inner, scope)
                yield from _named(inner, LocalTypes(scope.packages, scope.module, owner, scope.names))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _named(inner, _inside(inner, scope))
            case ast.ImportFrom():
                yield from _imported(inner, scope)
            case ast.Name() | ast.Attribute():
                yield from _name(inner, scope)
                yield from _named(inner, scope)
            case _:
                yield from _named(inner, scope)


def _class_uses(node: ast.ClassDef, scope: LocalTypes) -> Class | None:
    prefix = scope.owner.name if scope.owner else scope.module.name
    found = scope.packages.classes.get(f"{prefix}.{node.name}")
    return found if found is not None and found.node is node else None


def _inside(function: Function, scope: LocalTypes) -> LocalTypes:
    inner = LocalTypes(scope.packages, scope.module, scope.owner, scope.names)
    inner.enter(function)
    for below in scope.packages.nodes(function):
        if isinstance(below, ast.Lambda):
            inner.enter(below)
    return inner


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
