"""Finds and runs the example programs."""

from __future__ import annotations

import ast
import hashlib
import shlex
import sys
from collections.abc import Iterator, Mapping

import msgspec

from annotator.errors import InvalidInput, printable
from annotator.programs import Finished

_MOST = 200_000
"""Characters of output that are kept."""


class Program(msgspec.Struct, frozen=True):
    """An example: its name, its file from the project's root, what it shows, and what runs it."""

    name: str
    path: str
    title: str
    command: str


def find(files: Mapping[str, bytes], folder: str, command: str) -> Iterator[Program]:
    """Find the examples among Python files: those in the folder that run a `main` without arguments.

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


class CodeFingerprint(msgspec.Struct, frozen=True):
    """Fingerprints of Python files: of their code without docstrings, and of that code with its lines."""

    code: str
    placed: str


def code_fingerprint(files: Mapping[str, bytes]) -> CodeFingerprint:
    """Return fingerprints that change with what files do, not with what their docstrings say."""
    code, placed = hashlib.sha256(sys.version.encode()), hashlib.sha256(sys.version.encode())
    for path, data in files.items():
        tree = _without_docstrings(ast.parse(data))
        code.update(f"{path}\0{ast.dump(tree)}\0".encode())
        placed.update(f"{path}\0{ast.dump(tree, include_attributes=True)}\0".encode())
    return CodeFingerprint(code.hexdigest(), placed.hexdigest())


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            body[0] = ast.Pass()
    return tree


def _is_text(statement: ast.stmt) -> bool:
    is_expression = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_expression and isinstance(statement.value.value, str)  # type: ignore[attr-defined] # an Expr has one
