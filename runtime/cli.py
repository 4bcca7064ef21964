"""The command line: `python -m runtime`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated, NoReturn

import typer

from runtime import examples
from runtime.errors import EngineError
from runtime.plugins import check as plugin_check
from runtime.volumes import inspection

FINDINGS = 1
WRONG_USAGE = 2

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="A working counterpart of Docker's volumes and plugins."
)


@app.command()
def example(
    name: Annotated[str, typer.Argument(help="Which one; without a name all are listed.")] = "",
) -> None:
    """List the examples of the documentation, or run one."""
    known = runnable()
    if not name:
        width = max(map(len, known))
        for key, module in known.items():
            typer.echo(f"{key:{width}}  {title(module)}")
    elif name in known:
        run: Callable[[], None] = known[name].main
        run()
    else:
        _refuse(f"no example is called {name!r}; `python -m runtime example` lists them")


@app.command()
def check(
    root: Annotated[Path, typer.Option(help="The engine's root; nothing in it is changed.")],
) -> None:
    """Look for what is wrong in the root of an engine that is stopped."""
    try:
        findings = [*map(str, plugin_check.check(root / "plugins")), *inspection.inspect(root)]
    except (EngineError, OSError) as error:
        _refuse(f"{root}: {error}")
    for finding in findings:
        typer.echo(finding)
    if findings:
        raise typer.Exit(FINDINGS)
    typer.echo(f"{root}: nothing is wrong")


def runnable() -> dict[str, ModuleType]:
    """The examples by name: the modules whose `main` needs nothing."""
    names = sorted(module.name for module in pkgutil.iter_modules(examples.__path__))
    modules = {name: importlib.import_module(f"{examples.__name__}.{name}") for name in names}
    return {name: module for name, module in modules.items() if _needs_nothing(module)}


def title(module: ModuleType) -> str:
    """The first line of a module's docstring."""
    return (module.__doc__ or "").strip().partition("\n")[0]


def main() -> None:
    """Run the command line."""
    app()


def _needs_nothing(module: ModuleType) -> bool:
    function = getattr(module, "main", None)
    return function is not None and not inspect.signature(function).parameters


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(WRONG_USAGE)
