"""The command line: `moby-engine`, or `python -m runtime`."""

from __future__ import annotations

import difflib
import importlib
import inspect
import logging
import pkgutil
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal, NoReturn

import typer

import runtime
from runtime import examples
from runtime.api import DEFAULT_VERSION, ENGINE_VERSION
from runtime.cmd.dockerd import logs
from runtime.daemon.root_lock import InUse, RootLock
from runtime.errdefs import EngineError
from runtime.pkg import signal
from runtime.stdout import survive_closed_pipe

FINDINGS = 1
REFUSED = 2
"""Wrong usage, or the root is in use."""
INTERNAL = 4

ENGINE_PACKAGES = frozenset({"httpcore", "httptools", "httpx", "re2", "starlette", "uvicorn", "uvloop"})
"""The packages of the extra `engine`, by import name; only the commands that need them import them."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A working counterpart of Docker's volumes and plugins.",
)

_debug = False
"""Whether an internal error shows its traceback."""


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if not wanted:
        return
    from importlib import metadata  # noqa: PLC0415 - only this option needs it

    version = metadata.version("moby-annotated")
    typer.echo(f"moby-engine {version}, API {DEFAULT_VERSION}, after moby {ENGINE_VERSION}")
    raise typer.Exit


@app.callback()
def callback(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an internal error.")] = False,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Run a working counterpart of Docker's volumes and plugins."""
    global _debug  # noqa: PLW0603 - `main` needs it after the command has failed
    _debug = debug


@app.command()
def example(
    name: Annotated[str, typer.Argument(help="Which one; without a name all are listed.")] = "",
    *,
    step: Annotated[
        bool,
        typer.Option(
            "--step", help="Stop at each function that has a counterpart in Go, and show the state."
        ),
    ] = False,
) -> None:
    """List the examples of the documentation, or run one."""
    examples = runnable()
    if not name:
        width = max(map(len, examples))
        for key, module in examples.items():
            typer.echo(f"{key:{width}}  {title(module)}")
    elif name in examples:
        signal.unwinding()
        run: Callable[[], None] = examples[name].main
        if not step:
            run()
            return
        from runtime.examples._stepper import stepping  # noqa: PLC0415 - needs all of the engine

        with stepping(typer.echo):
            run()
    else:
        close = difflib.get_close_matches(name, examples, 1)
        hint = f"did you mean {close[0]}?" if close else "`python -m runtime example` lists them"
        _refuse(f"no example is called {name!r}; {hint}")


@app.command()
def check(
    root: Annotated[Path, typer.Option(readable=False, help="The engine's root; nothing in it is changed.")],
) -> None:
    """Report damage in the root of a stopped engine."""
    from runtime import check as inspection  # noqa: PLC0415 - see `ENGINE_PACKAGES`

    plugins = root / "plugins"
    try:
        root.stat()
        if not plugins.is_dir() and not (root / "volumes").is_dir():
            _refuse(f"{root} is not an engine's root: it has neither a directory plugins nor one of volumes")
        with RootLock(root, create=False):
            findings = [*map(str, inspection.check(plugins))] if plugins.is_dir() else []
            findings += inspection.inspect(root)
    except InUse as error:
        _refuse(f"{error}; stop it first")
    except EngineError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"cannot check {root}: {error.filename or root}: {error.strerror or error}")
    for finding in findings:
        typer.echo(finding)
    if findings:
        raise typer.Exit(FINDINGS)
    typer.echo(f"{root}: nothing is wrong")


@app.command()
def serve(  # noqa: PLR0913 - one for each option
    *,
    root: Annotated[Path, typer.Option(readable=False, help="Where the engine keeps what must last.")] = Path(
        "~/.local/share/moby-annotated"
    ),
    exec_root: Annotated[
        Path | None,
        typer.Option(
            readable=False, help="Where it keeps sockets and state of plugins; ROOT/run by default."
        ),
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="Where to listen: unix://PATH or tcp://127.0.0.1:PORT.")
    ] = None,
    group: Annotated[str, typer.Option(help="The group that may use the unix socket.")] = "",
    executor: Annotated[
        Literal["process", "runc"], typer.Option(help="Who runs managed plugins.")
    ] = "process",
    plugins_dir: Annotated[
        list[Path] | None,
        typer.Option(readable=False, help="Where to look for legacy plugins, instead of moby's folders."),
    ] = None,
    live_restore: Annotated[
        bool, typer.Option("--live-restore", help="Let plugins run on while the engine is stopped.")
    ] = False,
    log_format: Annotated[Literal["text", "json"], typer.Option(help="How the log looks.")] = "text",
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(help="What the log shows.")
    ] = "info",
) -> None:
    """Be an engine for volumes and plugins, which `docker` and other clients can talk to."""
    from runtime.cmd.dockerd.daemon import DaemonCli  # noqa: PLC0415 - see `ENGINE_PACKAGES`

    logs.set_up(log_format, log_level)
    try:
        config = runtime.Config(
            root=root.expanduser(),
            exec_root=exec_root.expanduser() if exec_root else None,
            executor=executor,
            plugin_folders=[folder.expanduser() for folder in plugins_dir] if plugins_dir else None,
            live_restore_enabled=live_restore,
        ).absolute()
        config = replace(config, hosts=host or [f"unix://{config.root}/docker.sock"])
        DaemonCli(config, group).start()
    except RuntimeError as error:  # `expanduser` knows no home
        _refuse(f"{error}: give the paths without ~, as in --root /var/lib/engine")
    except EngineError as error:
        _refuse(str(error))


@app.command()
def check_plugin(  # noqa: PLR0913 - one for each option
    *,
    address: Annotated[
        str, typer.Argument(help="unix://PATH or tcp://HOST:PORT of a running volume plugin.")
    ],
    opt: Annotated[
        list[str] | None,
        typer.Option(help="KEY=VALUE that volumes are created with, for plugins that need some."),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds that an answer may take.", min=0.1)] = 10.0,
    restart: Annotated[
        str, typer.Option(metavar="COMMAND", help="Shell command that restarts the plugin, to check that.")
    ] = "",
    engine: Annotated[
        str,
        typer.Option(
            metavar="SOCKET",
            help="Free path of a unix socket at which the plugin looks for the engine, to check call-backs.",
        ),
    ] = "",
    output: Annotated[
        Literal["text", "json", "junit"], typer.Option("--format", help="How the report looks.")
    ] = "text",
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the check too.")] = False,
) -> None:
    """Drive a volume plugin as the engine would, and say what the engine would make of it."""
    from runtime.checker import checks, client, reports, rules  # noqa: PLC0415 - see `ENGINE_PACKAGES`

    logging.getLogger("runtime").setLevel(logging.CRITICAL)  # the report says what is wrong
    options = dict(_pair(option) for option in opt or ())
    stops = signal.Stops()
    try:
        with stops, client.Plugin(address, timeout) as plugin:
            report = checks.check(plugin, options, restart=restart, engine=engine, stops=stops)
    except EngineError as error:
        _refuse(str(error))
    except signal.Stopped:
        raise typer.Exit(stops.exit_code) from None
    typer.echo(reports.FORMATS[output](report, strict=strict), nl=False)
    if stops.number:
        raise typer.Exit(stops.exit_code)
    if report.count(rules.Severity.ERROR) or (strict and report.count(rules.Severity.WARNING)):
        raise typer.Exit(FINDINGS)


def main() -> None:
    """Run the command line; an unexpected error ends it with one sentence and exit code 4."""
    survive_closed_pipe()
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the last place to report it
        if _debug:
            traceback.print_exc()
        package = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
        if package in ENGINE_PACKAGES:
            remedy = "run `pip install 'moby-annotated[engine]'`"
            typer.echo(f"runtime: the engine needs the package {package}; {remedy}", err=True)
            sys.exit(REFUSED)
        summary = " ".join(f"{type(error).__name__}: {error}".split())
        typer.echo(f"internal error: {summary}; put --debug before the command to see where", err=True)
        sys.exit(INTERNAL)


def runnable() -> dict[str, ModuleType]:
    """Return the examples by name: the modules with a `main` without parameters."""
    names = sorted(module.name for module in pkgutil.iter_modules(examples.__path__))
    modules = {name: importlib.import_module(f"{examples.__name__}.{name}") for name in names}
    return {name: module for name, module in modules.items() if _is_example(module)}


def title(module: ModuleType) -> str:
    """Return the first line of a module's docstring."""
    return (module.__doc__ or "").strip().partition("\n")[0]


def _is_example(module: ModuleType) -> bool:
    function = getattr(module, "main", None)
    return function is not None and not inspect.signature(function).parameters


def _pair(option: str) -> tuple[str, str]:
    key, separator, value = option.partition("=")
    if not separator or not key:
        _refuse(f"--opt {option}: expected KEY=VALUE")
    return key, value


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(REFUSED)
