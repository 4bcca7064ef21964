"""The command line: `python -m runtime`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from runtime.errors import EngineError

FINDINGS = 1
WRONG_USAGE = 2

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="A working counterpart of Docker's volumes and plugins."
)


@app.callback()
def callback() -> None:
    """A working counterpart of Docker's volumes and plugins."""


@app.command()
def serve(  # noqa: PLR0913 - one for each option
    root: Annotated[Path, typer.Option(help="Where the engine keeps what must last.")] = Path(
        "~/.local/share/moby-annotated"
    ),
    exec_root: Annotated[
        Path | None, typer.Option(help="Where it keeps sockets and the like; ROOT/run by default.")
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="Where to listen: unix://PATH or tcp://127.0.0.1:PORT.")
    ] = None,
    group: Annotated[str, typer.Option(help="The group that may use the unix socket.")] = "",
    executor: Annotated[
        Literal["process", "runc"], typer.Option(help="Who runs managed plugins.")
    ] = "process",
    plugins_dir: Annotated[
        list[Path] | None, typer.Option(help="Where to look for legacy plugins, instead of moby's folders.")
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
    from runtime import logs, serving  # noqa: PLC0415 - only this command needs them
    from runtime.config import Config  # noqa: PLC0415

    logs.set_up(log_format, log_level)
    root = root.expanduser().absolute()
    config = Config(
        root=root,
        exec_root=exec_root.absolute() if exec_root else None,
        executor=executor,
        plugin_folders=[folder.absolute() for folder in plugins_dir] if plugins_dir else None,
        live_restore_enabled=live_restore,
    )
    try:
        serving.run(config, host or [f"unix://{root}/docker.sock"], group)
    except EngineError as error:
        _refuse(str(error))


def main() -> None:
    """Run the command line."""
    app()


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(WRONG_USAGE)
