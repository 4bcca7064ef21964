"""Calls a function when source files of a site have changed."""

from __future__ import annotations

import functools
import hashlib
import http.server
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path

from mkdocs.commands import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.livereload import LiveReloadServer
from watchfiles import Change, watch

from annotator import terminal
from annotator.errors import counted
from annotator.site import output

_STATE = ".state"


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


def serve(settings: Path, port: int, *, quiet: bool) -> None:
    """Serve a site until the process is ended; render pages again when they change."""
    folder = settings.parent / output.WORK_FOLDER / "preview"
    config = _config(settings, port, folder)
    docs = Path(config.docs_dir)
    state = _state(settings, docs, port)
    config.plugins.on_startup(command="serve", dirty=False)

    def render_changed() -> None:
        fresh = _config(settings, port, folder)
        build.build(fresh, serve_url=fresh.site_url, dirty=True)

    if not _is_rendered(folder, state):
        with nullcontext() if quiet else terminal.progress():
            _render(config, folder, sum(1 for _ in docs.rglob("*.md")))
        (folder / _STATE).write_text(state, encoding="utf-8")
    server = LiveReloadServer(render_changed, "127.0.0.1", port, root=str(folder))
    server.error_handler = lambda code: _error_page(folder, code)
    server.watch(str(docs))
    server.watch(str(settings))
    server = config.plugins.on_serve(server, config=config, builder=render_changed)
    sys.stdout.write(f"http://127.0.0.1:{port}/ shows the site; Ctrl-C ends it\n")
    sys.stdout.flush()
    try:
        server.serve()  # type: ignore[no-untyped-call]  # mkdocs gives it no types
    finally:
        server.shutdown()


class _QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log no requests."""


def serve_files(folder: Path, port: int) -> None:
    """Serve the files of a folder until the process is ended."""
    handler = functools.partial(_QuietFiles, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.serve_forever()


def _config(settings: Path, port: int, folder: Path) -> MkDocsConfig:
    config = load_config(str(settings), site_dir=str(folder))
    config.site_url = f"http://127.0.0.1:{port}/"
    return config


def _render(config: MkDocsConfig, folder: Path, pages: int) -> None:
    """Render all pages; until that is done the folder has no state."""
    (folder / _STATE).unlink(missing_ok=True)
    counter, logger = _Rendered(pages), logging.getLogger("mkdocs.commands.build")
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


def _state(settings: Path, docs: Path, port: int) -> str:
    """Return a fingerprint of the pages, the settings and the versions of mkdocs."""
    tools = [f"{name} {version(name)}" for name in ("mkdocs", "mkdocs-material")]
    digest = hashlib.sha256("\n".join([output.folder_fingerprint(docs), str(port), *tools]).encode())
    digest.update(settings.read_bytes())
    return digest.hexdigest()


def _error_page(folder: Path, code: int) -> bytes | None:
    page = folder / f"{code}.html"
    return page.read_bytes() if page.is_file() else None


def main(arguments: list[str]) -> None:
    """Serve the site that the arguments name."""
    os.environ.update(output.WITHOUT_BANNER)
    logging.getLogger("mkdocs").addHandler(_Warnings())
    settings, port = arguments[:2]
    try:
        serve(Path(settings), int(port), quiet="--quiet" in arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except Abort as error:
        sys.exit(f"annotator: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])

_SUFFIXES = frozenset({".css", ".jinja", ".js", ".json", ".md", ".py", ".svg", ".toml"})
_QUIET = 200
"""Milliseconds without a change after which a change is reported: editors write in several steps."""


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
