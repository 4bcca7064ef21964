"""Finds and runs the example programs."""

from __future__ import annotations

import ast
import shlex
import sys
from collections.abc import Iterable, Iterator

import msgspec

from annotator.errors import InvalidInput
from annotator.python_source.modules import SourceFile
from annotator.subprocess_pool import Finished

_MOST = 200_000
"""Characters of output that are kept."""


class Program(msgspec.Struct, frozen=True):
    """An example: its name, its file from the project's root, its title, and the command that runs it."""

    name: str
    path: str
    title: str
    command: str


def find(files: Iterable[SourceFile], folder: str, command: str) -> Iterator[Program]:
    """Find the examples among Python files: those in the folder that run a `main` without arguments.

    A file that reads a command line is a tool of the examples, not one of them. In `command`, which runs one,
    `{name}` stands for its name.
    """
    for file in files:
        if folder and file.path.rpartition("/")[0] == folder and _is_example(file.tree):
            name = file.path.rpartition("/")[2].removesuffix(".py")
            title = (ast.get_docstring(file.tree) or name).partition("\n\n")[0].replace("\n", " ")
            yield Program(name, file.path, title, command.replace("{name}", name))


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
            f"{finished.complaint}; `{program.command}` shows it all"
        )
    return finished.output.decode("utf-8", "replace")[:_MOST]
