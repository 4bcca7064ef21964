"""Finds and runs the example programs."""

from __future__ import annotations

import ast
import hashlib
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from annotator.errors import InvalidInput, printable

_MOST = 200_000
"""Characters of output that are kept."""


class Values(Protocol):
    """Where outputs are kept, by key."""

    def get_values(self, kind: str, keys: Iterable[str]) -> Mapping[str, bytes]:
        """Those that are kept."""
        ...

    def put_values(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep them."""
        ...


class Finished(Protocol):
    """How a program ended."""

    @property
    def code(self) -> int:
        """Its exit code."""
        ...

    @property
    def output(self) -> bytes:
        """What it wrote."""
        ...

    @property
    def last_error(self) -> str:
        """The last line of its error stream."""
        ...


class Program(msgspec.Struct, frozen=True):
    """An example: its name, its file from the project's root, what it shows, and what runs it."""

    name: str
    path: str
    title: str
    command: str


def find(files: Mapping[str, bytes], folder: str, command: str) -> Iterator[Program]:
    """The examples among some Python files: those in the folder that run a `main` without arguments.

    A file that reads a command line is a tool of the examples, not one of them.

    Args:
        files: Python files by path from the project's root.
        folder: The folder of the examples.
        command: What runs one, `{name}` standing for its name.
    """
    for path, data in files.items():
        if folder and path.rpartition("/")[0] == folder and _is_example(ast.parse(data)):
            name = path.rpartition("/")[2].removesuffix(".py")
            title = (ast.get_docstring(ast.parse(data)) or name).partition("\n\n")[0].replace("\n", " ")
            yield Program(name, path, title, command.replace("{name}", name))


def _is_example(tree: ast.Module) -> bool:
    mains = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "main"]
    guarded = any(isinstance(one, ast.If) and "__main__" in ast.unparse(one.test) for one in tree.body)
    imported = {alias.name for one in ast.walk(tree) if isinstance(one, ast.Import) for alias in one.names}
    takes = any(ast.unparse(main.args) for main in mains)
    return bool(mains) and guarded and not takes and "argparse" not in imported


def arguments(program: Program) -> list[str]:
    """Return the words of an example's command; `python` is the Python that runs this."""
    words = shlex.split(program.command)
    return [sys.executable if word in ("python", "python3") else word for word in words]


def output(program: Program, finished: Finished) -> str:
    """Return what an example printed.

    Raises:
        InvalidInput: It failed.
    """
    if finished.code:
        raise InvalidInput(
            f"{program.path}: the example ended with exit code {finished.code}: "
            f"{printable(finished.last_error) or 'it says nothing'}; run `{program.command}` to see it all"
        )
    return finished.output.decode("utf-8", "replace")[:_MOST]


class State(msgspec.Struct, frozen=True):
    """Names for what Python files do: their code without docstrings, and that code with its places."""

    code: str
    placed: str


class _Code(msgspec.Struct, frozen=True, array_like=True):
    code: bytes
    placed: bytes


def state(files: Mapping[str, bytes], kept: Values) -> State:
    """Names that change with what some files do, not with what they say of it."""
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    known = {
        key: msgspec.msgpack.decode(value, type=_Code)
        for key, value in kept.get_values("placed code", hashes.values()).items()
    }
    fresh = {hashes[path]: _code(data) for path, data in files.items() if hashes[path] not in known}
    kept.put_values("placed code", {key: msgspec.msgpack.encode(code) for key, code in fresh.items()})
    known |= fresh
    code, placed = hashlib.sha256(sys.version.encode()), hashlib.sha256(sys.version.encode())
    for path, name in hashes.items():
        code.update(path.encode() + b"\0" + known[name].code)
        placed.update(path.encode() + b"\0" + known[name].placed)
    return State(code.hexdigest(), placed.hexdigest())


def _code(data: bytes) -> _Code:
    tree = ast.parse(data)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            body[0] = ast.Pass()
    texts = (ast.dump(tree), ast.dump(tree, include_attributes=True))
    return _Code(*(hashlib.sha256(text.encode()).digest() for text in texts))


def _is_text(statement: ast.stmt) -> bool:
    is_expression = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_expression and isinstance(statement.value.value, str)  # type: ignore[attr-defined] # an Expr has one
