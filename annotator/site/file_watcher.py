"""Calls a function when source files of a site have changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from watchfiles import Change, watch

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
