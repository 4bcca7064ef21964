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

import msgspec
from mkdocs.commands import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.livereload import LiveReloadServer
from watchfiles import Change, watch

from annotator import terminal
from annotator.errors import counted
from annotator.site import html, output

_STATE = ".state"
_QUIETLY = "--quiet"


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
    """The pages of one language: their settings, where their HTML is, and the address of that."""

    settings: Path
    folder: Path
    address: str

    @property
    def documents(self) -> Path:
        """The folder of the pages."""
        return Path(self.config().docs_dir)

    def config(self) -> MkDocsConfig:
        """Read the settings."""
        config = load_config(str(self.settings), site_dir=str(self.folder))
        config.site_url = self.address
        return config

    def state(self) -> str:
        """Return a fingerprint of the pages, the settings, the address and the versions of mkdocs."""
        tools = [f"{name} {version(name)}" for name in ("mkdocs", "mkdocs-material")]
        lines = [output.folder_fingerprint(self.documents), self.address, *tools]
        digest = hashlib.sha256("\n".join(lines).encode())
        digest.update(self.settings.read_bytes())
        return digest.hexdigest()

    def render(self, how: Callable[[_LanguagePages], None]) -> None:
        """Render all pages with a function, unless their HTML is up to date."""
        state, file = self.state(), self.folder / _STATE
        if not _is_rendered(self.folder, state):
            file.unlink(missing_ok=True)
            how(self)
            file.write_text(state, encoding="utf-8")

    def render_changed(self) -> None:
        """Render the pages that have changed."""
        config = self.config()
        build.build(config, serve_url=config.site_url, dirty=True)


def serve(settings: Path, port: int, languages: Iterable[str], *, quiet: bool) -> None:
    """Serve a site until the process is ended; render pages again when they change.

    The English pages are served as soon as they are rendered, those of other languages then follow.
    """
    folder, address = settings.parent / output.WORK_FOLDER / "preview", f"http://127.0.0.1:{port}/"
    english = _LanguagePages(settings, folder, address)
    others = [
        _LanguagePages(settings.parent / html.settings_file(code), folder / code, f"{address}{code}/")
        for code in languages
    ]
    config = english.config()
    config.plugins.on_startup(command="serve", dirty=False)
    with nullcontext() if quiet else terminal.progress():
        english.render(_render)
    others_are_rendered = threading.Event()

    def render_others() -> None:
        for pages in others:
            # In another process, since this one answers requests.
            pages.render(lambda pages: html.run_mkdocs(pages.settings, pages.folder))
        others_are_rendered.set()

    def render_changed() -> None:
        english.render_changed()
        if others_are_rendered.is_set():
            for pages in others:
                pages.render_changed()

    server = LiveReloadServer(render_changed, "127.0.0.1", port, root=str(folder))
    server.error_handler = lambda code: _error_page(folder, code)
    for pages in (english, *others):
        server.watch(str(pages.documents))
        server.watch(str(pages.settings))
    server = config.plugins.on_serve(server, config=config, builder=render_changed)
    sys.stdout.write(f"{address} shows the site; Ctrl-C ends it\n")
    sys.stdout.flush()
    threading.Thread(target=render_others, daemon=True).start()
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


def main(arguments: list[str]) -> None:
    """Serve the site that the arguments name."""
    os.environ.update(output.WITHOUT_BANNER)
    logging.getLogger("mkdocs").addHandler(_Warnings())
    settings, port, *languages = (one for one in arguments if one != _QUIETLY)
    try:
        serve(Path(settings), int(port), languages, quiet=_QUIETLY in arguments)
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
