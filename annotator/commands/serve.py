"""`serve`: serves the built site and rebuilds it when files change."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable

from annotator import subprocess_pool
from annotator.config import Project
from annotator.errors import InvalidInput
from annotator.site import dev_server, language
from annotator.site.dev_server import watching
from annotator.site.fingerprint import generated, templates


def check_port(port: int) -> None:
    """Raise InvalidInput if a port of 127.0.0.1 cannot be used."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise InvalidInput(
                f"port {port} of 127.0.0.1 cannot be used ({error.strerror}); give another `--port`"
            ) from error


def serve(project: Project, port: int, rebuild: Iterable[str], *, quiet: bool) -> int:
    """Serve the pages until interrupted, and build them again whenever a file of theirs changes.

    Args:
        project: The project.
        port: The port on 127.0.0.1.
        rebuild: The arguments of the `annotator` command that builds the pages again.
        quiet: Whether no progress is shown.

    Returns:
        The exit code of the server.
    """
    again = [sys.executable, "-m", "annotator", *rebuild]
    packages = (project.root / package for package in project.config.packages)
    folders = (project.site, templates(), language.CATALOGUES, *packages)
    made = (project.site / name for name in generated())
    settings = project.site / "mkdocs.yml"
    command = [sys.executable, "-m", dev_server.__name__, str(settings), str(port), *project.config.languages]
    if quiet:
        command.append("--quiet")
    with watching(folders, made, lambda: _run(again)):
        return _run(command)


def serve_versions(project: Project, port: int) -> None:
    """Serve the sites of several tags as they are."""
    dev_server.serve_files(project.site / "html", port)


def _run(command: list[str]) -> int:
    """Run a program that never outlives this process, and return its exit code."""
    with subprocess_pool.started(command) as process:
        return process.wait()
