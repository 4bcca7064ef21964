"""Calls a function when files below some folders have changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

_QUIET = 0.2
"""Seconds without a change after which the files are taken to be at rest: editors write in several steps."""

_TELLING = frozenset({"created", "deleted", "modified", "moved"})
_OURS = frozenset({".css", ".jinja", ".js", ".json", ".md", ".py", ".svg", ".toml"})


class _Changes(FileSystemEventHandler):
    """Notes that a file of ours has changed."""

    def __init__(self) -> None:
        self.happened = threading.Event()

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.is_directory or event.event_type not in _TELLING:
            return
        for name in filter(None, (event.src_path, event.dest_path)):
            if Path(str(name)).suffix in _OURS:
                self.happened.set()


@contextmanager
def watching(folders: Iterable[Path], flat: Iterable[Path], changed: Callable[[], object]) -> Iterator[None]:
    """Call `changed`, in a thread of its own, whenever files in the folders have changed.

    Args:
        folders: What is watched with all that is below.
        flat: What is watched without its subfolders.
        changed: Called once for changes that come together; those meanwhile make it be called again.
    """
    changes, stopped = _Changes(), threading.Event()
    observer = Observer()
    for folder in folders:
        observer.schedule(changes, str(folder), recursive=True)
    for folder in flat:
        observer.schedule(changes, str(folder), recursive=False)
    thread = threading.Thread(target=_answer, args=(changes.happened, stopped, changed), daemon=True)
    observer.start()
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        changes.happened.set()
        observer.stop()
        observer.join()
        thread.join()


def _answer(happened: threading.Event, stopped: threading.Event, changed: Callable[[], object]) -> None:
    while True:
        happened.wait()
        while not stopped.is_set() and happened.is_set():
            happened.clear()
            happened.wait(_QUIET)
        if stopped.is_set():
            return
        changed()
