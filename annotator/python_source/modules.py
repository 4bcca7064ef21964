"""Python files of a project's packages: modules, classes, functions, and what names refer to."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from annotator.errors import InvalidInput

Function = ast.FunctionDef | ast.AsyncFunctionDef

# What statements stand in, in the order of Python's grammar; a lambda's body is an expression.
_BODIES = ("body", "cases", "handlers", "orelse", "finalbody")


class Type(msgspec.Struct, frozen=True):
    """The type of a value: its class's dotted name, and for a container the type of its items.

    `of_class` says that the value is the class itself, not one of its instances.
    """

    name: str = ""
    element: Type | None = None
    of_class: bool = False


class Attribute(msgspec.Struct, frozen=True):
    """An attribute of a class: where it is set, and its type."""

    name: str
    line: int
    type: Type
    written: str = ""


class Class:
    """A class of the packages: its bases, methods and attributes."""

    def __init__(self, name: str, module: Module, node: ast.ClassDef) -> None:
        self.name = name
        self.module = module
        self.node = node
        self.methods: dict[str, Function] = {
            entry.name: entry for entry in node.body if isinstance(entry, Function)
        }
        self.attributes: dict[str, Attribute] = {}


class Module:
    """A module: its tree, its definitions, and the dotted names of its imports."""

    def __init__(self, file: SourceFile) -> None:
        self.name = file.module
        self.path = file.path
        self.data = file.data
        self.tree = file.tree
        is_package = file.path.rpartition("/")[2] == "__init__.py"
        self._package = self.name if is_package else self.name.rpartition(".")[0]
        self.imported: dict[str, str] = {}
        self.defined: dict[str, ast.AST] = {}
        for node in _statements(self.tree):
            self._import(node)
        for entry in _unconditional(self.tree.body):
            match entry:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    self.defined[name] = entry
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    self.defined[name] = entry
                case _:
                    pass

    def _import(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                self.imported[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            package = self._package.split(".")
            above = package[: len(package) - node.level + 1] if node.level else []
            for alias in node.names:
                dotted = ".".join([*above, *([node.module] if node.module else []), alias.name])
                self.imported[alias.asname or alias.name] = dotted


def _unconditional(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a module, those under `if` and `try` too."""
    for entry in body:
        yield entry
        if isinstance(entry, ast.If):
            yield from _unconditional([*entry.body, *entry.orelse])
        elif isinstance(entry, ast.Try):
            yield from _unconditional(entry.body)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield every statement of a file and every node that holds statements, in the order of `ast.walk`."""
    todo: deque[ast.AST] = deque([tree])
    while todo:
        node = todo.popleft()
        yield node
        for name in _BODIES:
            todo.extend(getattr(node, name, ()))


def docstrings_of(tree: ast.Module) -> list[ast.Expr]:
    """Return the docstrings of a file and its other statements that are a string alone, in order."""
    found = [
        node
        for node in _statements(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


class Packages:
    """All modules of some packages, and every class and function in them by dotted name."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.modules: dict[str, Module] = {}
        self.classes: dict[str, Class] = {}
        self.functions: dict[str, tuple[Module, Function, Class | None]] = {}
        self._nodes: dict[ast.AST, list[ast.AST]] = {}
        for file in files:
            module = Module(file)
            self.modules[module.name] = module
            for entry in module.defined.values():
                self._register(entry, module.name, module)

    def nodes(self, node: ast.AST) -> Sequence[ast.AST]:
        """Return a node and every node below it, in the order of the text.

        Functions are walked once: their names, types, calls and texts are read one after the other.
        """
        if node not in self._nodes:
            found, pending = [], [node]
            while pending:
                current = pending.pop()
                found.append(current)
                pending += reversed(children(current))
            self._nodes[node] = found
        return self._nodes[node]

    def _register(self, entry: ast.AST, prefix: str, module: Module) -> None:
        if isinstance(entry, ast.ClassDef):
            name = f"{prefix}.{entry.name}"
            found = Class(name, module, entry)
            self.classes[name] = found
            for method in found.methods.values():
                self.functions[f"{name}.{method.name}"] = (module, method, found)
            for inner in entry.body:
                if isinstance(inner, ast.ClassDef):
                    self._register(inner, name, module)
        elif isinstance(entry, Function):
            self.functions[f"{prefix}.{entry.name}"] = (module, entry, None)

    def canonical(self, name: str) -> str:
        """Return the name under which something is defined, following re-exports."""
        for _ in range(8):
            if name in self.classes or name in self.functions or name in self.modules:
                return name
            owner, _, last = name.rpartition(".")
            module = self.modules.get(self.canonical(owner)) if owner else None
            if module is None or last not in module.imported or last in module.defined:
                return name
            name = module.imported[last]
        return name

    def bases(self, found: Class) -> Iterator[Class]:
        """Return a class and its known bases, nearest first."""
        seen: set[str] = set()
        pending = [found]
        while pending:
            current = pending.pop(0)
            if current.name in seen:
                continue
            seen.add(current.name)
            yield current
            names = [self.resolve(base, current.module) for base in current.node.bases]
            pending.extend(self.classes[name] for name in names if name in self.classes)

    def method(self, class_name: str, name: str) -> str | None:
        """Return the dotted name of a method of a class or of its known bases."""
        owners = (each for each in self._with_bases(class_name) if name in each.methods)
        owner = next(owners, None)
        return f"{owner.name}.{name}" if owner is not None else None

    def attribute(self, class_name: str, name: str) -> tuple[Class, Attribute] | None:
        """Return an attribute of a class or of its known bases, with the class that has it."""
        owners = (each for each in self._with_bases(class_name) if name in each.attributes)
        owner = next(owners, None)
        return (owner, owner.attributes[name]) if owner is not None else None

    def member(self, class_name: str, name: str) -> str | None:
        """Return the dotted name of a method or attribute of a class or of its known bases."""
        if method := self.method(class_name, name):
            return method
        found = self.attribute(class_name, name)
        return f"{found[0].name}.{name}" if found is not None else None

    def _with_bases(self, class_name: str) -> Iterator[Class]:
        return self.bases(self.classes[class_name]) if class_name in self.classes else iter(())

    def is_defined(self, name: str) -> bool:
        """Return whether a dotted name is a class, a function, or a name at a module's top level."""
        module, _, last = name.rpartition(".")
        own = self.modules.get(module)
        return name in self.classes or name in self.functions or (own is not None and last in own.defined)

    def resolve(self, expression: ast.expr, module: Module) -> str:
        """Return the dotted name that a name or dotted expression means in a module, or an empty string."""
        match expression:
            case ast.Name(id=name) if name in module.defined:
                return f"{module.name}.{name}"
            case ast.Name(id=name) if name in module.imported:
                return self.canonical(module.imported[name])
            case ast.Attribute(value=value, attr=attribute):
                owner = self.resolve(value, module)
                return self.canonical(f"{owner}.{attribute}") if owner else ""
            case ast.Subscript(value=value):
                return self.resolve(value, module)
            case ast.Constant(value=str() as text):
                try:
                    return self.resolve(ast.parse(text, mode="eval").body, module)
                except SyntaxError:
                    return ""
            case _:
                return ""


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes directly below one, without those that mark a name as loaded or stored."""
    return [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)]


class SourceFile(msgspec.Struct, frozen=True):
    """A Python file: its path from the project's root, its module's dotted name, and its content."""

    path: str
    module: str
    data: bytes
    tree: ast.Module


def read_packages(root: Path, folders: Iterable[str]) -> tuple[SourceFile, ...]:
    """Read the files of some packages, whose folders lie below a root; nothing is imported or run.

    Raises:
        InvalidInput: There is no such package, or a file of it is not Python.
    """
    return tuple(iterate_packages(root, folders))


def iterate_packages(root: Path, folders: Iterable[str]) -> Iterator[SourceFile]:
    """Read the files of some packages one by one, for what does not need all their trees at once.

    The arguments and errors are those of `read_packages`.
    """
    for folder in (root / name for name in folders):
        if not folder.is_dir():
            raise InvalidInput(f"{folder}: no such Python package; correct `packages` in the settings")
        for path in sorted(folder.rglob("*.py")):
            data = path.read_bytes()
            name = dotted_name(path.relative_to(folder.parent).as_posix())
            yield SourceFile(path.relative_to(root).as_posix(), name, data, parse(path, data))


def dotted_name(path: str) -> str:
    """Return the dotted name of the module in a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def parse(path: Path | str, data: bytes) -> ast.Module:
    """Parse a file.

    Raises:
        InvalidInput: It is not Python.
    """
    try:
        return ast.parse(data.decode("utf-8-sig"))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise InvalidInput(f"{path}:{line}: not Python that can be read: {error}") from error
