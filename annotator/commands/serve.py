"""`serve`: serves the built site and rebuilds it when files change.

The server is a process of its own, `python -m annotator.commands.serve`, as mkdocs renders changed pages
within it.
"""

from __future__ import annotations

import functools
import hashlib
import http.server
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path

import msgspec
from mkdocs.commands import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, MkDocsException
from mkdocs.livereload import LiveReloadServer
from watchfiles import Change, watch

from annotator import subprocess_pool, terminal
from annotator.config import Project
from annotator.errors import AnnotatorError, InvalidInput, counted
from annotator.site import language, mkdocs_build, output
from annotator.site.fingerprint import generated, templates

_QUIETLY = "--quiet"

_STATE = ".state"
"""In a folder of HTML: the fingerprint of what it was rendered from."""

_SUFFIXES = frozenset({".css", ".jinja", ".js", ".json", ".md", ".po", ".py", ".svg", ".toml"})
_QUIET = 200
"""Milliseconds without a change after which a change is reported: editors write in several steps."""


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
    command = [sys.executable, "-m", __name__, str(settings), str(port), *project.config.languages]
    if quiet:
        command.append("--quiet")
    with watching(folders, made, lambda: _run(again)):
        return _run(command)


class _QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log no requests."""


def serve_versions(project: Project, port: int) -> None:
    """Serve the sites of several tags as they are, until the process is ended."""
    handler = functools.partial(_QuietFiles, directory=str(project.site / mkdocs_build.FOLDER))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.serve_forever()


def _run(command: list[str]) -> int:
    """Run a program that never outlives this process, and return its exit code."""
    with subprocess_pool.started(command) as process:
        return process.wait()


@contextmanager
def watching(
    folders: Iterable[Path], generated: Iterable[Path], changed: Callable[[], object]
) -> Iterator[None]:
    """Call `changed`, in another thread, whenever source files in the folders have changed.

    Args:
        folders: What is watched, with all folders below.
        generated: Folders below them whose files are ignored.
        changed: Called once for changes that come together; changes meanwhile make it be called again.
    """
    ignored, stopped = tuple(generated), threading.Event()

    def is_source(change: Change, name: str) -> bool:
        path = Path(name)
        if path.name == "__pycache__" or any(map(path.is_relative_to, ignored)):
            return False
        # Files that are written at once into a new folder are not reported, the folder is.
        return path.suffix in _SUFFIXES or (change is Change.added and path.is_dir())

    changes = watch(
        *folders,
        watch_filter=is_source,
        step=_QUIET,
        rust_timeout=_QUIET,
        yield_on_timeout=True,
        stop_event=stopped,
    )
    next(changes)  # begins to watch; without it a change that comes at once would be missed

    def report() -> None:
        for files in changes:
            if files:  # none after a timeout
                changed()

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


# ── The process that serves ──────────────────────────────────────────────────────────────────────
class _Rendered(logging.Handler):
    """Reports how many pages mkdocs has rendered."""

    def __init__(self, total: int) -> None:
        super().__init__(logging.DEBUG)
        self._done, self._total = 0, total

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("Building page"):
            self._done += 1
            terminal.report(f"rendering {counted(self._total, 'page')} with mkdocs", self._done, self._total)


class _Warnings(logging.Handler):
    """Prints the warnings of mkdocs, except that it renders changed pages only."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING and "'dirty' build" not in record.getMessage():
            terminal.clear()
            sys.stderr.write(f"annotator: mkdocs: {record.getMessage()}\n")


class _LanguagePages(msgspec.Struct, frozen=True):
    """The pages of one language: their settings, their folder, that of their HTML, and its address."""

    settings: Path
    documents: Path
    folder: Path
    address: str

    def config(self) -> MkDocsConfig:
        """Read the settings."""
        config = load_config(str(self.settings), site_dir=str(self.folder))
        config.site_url = self.address
        return config

    def state(self) -> str:
        """Return a fingerprint of the pages, the settings, the address and the versions of mkdocs."""
        tools = [f"{name} {version(name)}" for name in ("mkdocs", "mkdocs-material", "jieba")]
        lines = [output.folder_fingerprint(self.documents), self.address, *tools]
        digest = hashlib.sha256("\n".join(lines).encode())
        digest.update(self.settings.read_bytes())
        return digest.hexdigest()

    def render(self, function: Callable[[_LanguagePages], None]) -> None:
        """Render all pages with a function until their HTML is up to date; they may change meanwhile."""
        file = self.folder / _STATE
        while not _is_rendered(self.folder, state := self.state()):
            file.unlink(missing_ok=True)
            function(self)
            file.write_text(state, encoding="utf-8")

    def render_changed(self) -> None:
        """Render the pages that have changed."""
        config = self.config()
        build.build(config, serve_url=config.site_url, dirty=True)


def _serve_site(settings: Path, port: int, languages: Iterable[str], *, quiet: bool) -> None:
    """Serve a site until the process is ended; render pages again when they change.

    The English pages are served as soon as they are rendered, those of other languages then follow.
    """
    folder, address = settings.parent / output.WORK_FOLDER / "preview", f"http://127.0.0.1:{port}/"
    others = [
        _language_pages(
            settings.parent / mkdocs_build.settings_file(code), folder / code, f"{address}{code}/"
        )
        for code in languages
    ]
    english = _language_pages(settings, folder, address)
    config = english.config()
    config.plugins.on_startup(command="serve", dirty=False)
    with nullcontext() if quiet else terminal.progress():
        english.render(_render)
    background = _Background(others)

    def render_changed() -> None:
        english.render_changed()
        background.render_changed()

    server = LiveReloadServer(render_changed, "127.0.0.1", port, root=str(folder))
    server.error_handler = lambda code: _error_page(folder, code)
    for pages in (english, *others):
        server.watch(str(pages.documents))
        server.watch(str(pages.settings))
    server = config.plugins.on_serve(server, config=config, builder=render_changed)
    sys.stdout.write(f"{address} shows the site; Ctrl-C ends it\n")
    sys.stdout.flush()
    background.start()
    try:
        server.serve()  # type: ignore[no-untyped-call]  # mkdocs gives it no types
    finally:
        server.shutdown()


def _language_pages(settings: Path, folder: Path, address: str) -> _LanguagePages:
    return _LanguagePages(settings, Path(load_config(str(settings)).docs_dir), folder, address)


class _Background:
    """Renders the pages of other languages for the first time in a thread, later with the English ones."""

    def __init__(self, languages: Iterable[_LanguagePages]) -> None:
        self._missing, self._rendered = list(languages), list[_LanguagePages]()
        self._thread = threading.Thread()

    def start(self) -> None:
        """Render the missing pages in the background; do nothing if a thread does so already."""
        if self._missing and not self._thread.is_alive():
            self._thread = threading.Thread(target=self._render_missing, daemon=True)
            self._thread.start()

    def render_changed(self) -> None:
        """Render the pages that have changed, and what could not be rendered before."""
        for pages in tuple(self._rendered):
            pages.render_changed()
        self.start()

    def _render_missing(self) -> None:
        for pages in tuple(self._missing):
            try:
                # In another process, since this one answers requests.
                pages.render(lambda one: mkdocs_build.run_mkdocs(one.settings, one.folder))
            except (AnnotatorError, OSError) as error:  # tried again after the next change
                terminal.clear()
                sys.stderr.write(f"annotator: {pages.settings.name}: {error}\n")
                continue
            self._missing.remove(pages)
            self._rendered.append(pages)


def _render(pages: _LanguagePages) -> None:
    """Render all pages in this process and report the progress."""
    total = sum(1 for _ in pages.documents.rglob("*.md"))
    counter, logger = _Rendered(total), logging.getLogger("mkdocs.commands.build")
    config = pages.config()
    logger.addHandler(counter)
    logger.setLevel(logging.DEBUG)
    try:
        build.build(config, serve_url=config.site_url)
    finally:
        logger.removeHandler(counter)
        logger.setLevel(logging.NOTSET)


def _is_rendered(folder: Path, state: str) -> bool:
    try:
        return (folder / _STATE).read_text(encoding="utf-8") == state
    except (OSError, UnicodeDecodeError):
        return False


def _error_page(folder: Path, code: int) -> bytes | None:
    page = folder / f"{code}.html"
    return page.read_bytes() if page.is_file() else None


def _main(arguments: list[str]) -> None:
    """Serve the site that the arguments name."""
    os.environ.update(output.WITHOUT_BANNER)
    logging.getLogger("mkdocs").addHandler(_Warnings())
    settings, port, *languages = (one for one in arguments if one != _QUIETLY)
    try:
        _serve_site(Path(settings), int(port), languages, quiet=_QUIETLY in arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except (Abort, MkDocsException) as error:
        sys.exit(f"annotator: {error}")


if __name__ == "__main__":
    _main(sys.argv[1:])
