"""The output of examples: a line for each step, and the engine's log."""

from __future__ import annotations

import inspect
import logging
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Final

from runtime.errdefs import EngineError

_FOLDER: Final = re.compile(rf"{re.escape(tempfile.gettempdir())}/[^/\s'\":]+")


def with_fixed_folder(text: str) -> str:
    """Return a text in which the folder that this run works in has the same name in every run."""
    return _FOLDER.sub("/tmp/example", text)  # noqa: S108 -- no file has that name


def say(what: str, shown: object = None) -> None:
    """Print a line that is the same in every run."""
    line = what if shown is None else f"{what}: {shown}"
    print(with_fixed_folder(line))  # noqa: T201 -- an example shows what it does


def show_error(what: str, attempt: Callable[[], object]) -> None:
    """Print the error of a call that must fail."""
    try:
        attempt()
    except EngineError as error:
        say(what, error)
    else:
        raise AssertionError(f"{what}: was not refused")


@contextmanager
def show_log() -> Iterator[None]:
    """Print the engine's warnings and errors."""

    class Shown(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(f"  the log, {record.levelname.lower()}", record.getMessage())

    log, handler = logging.getLogger("runtime"), Shown(logging.WARNING)
    before, propagated = log.handlers[:], log.propagate
    log.handlers, log.propagate = [handler], False
    try:
        yield
    finally:
        log.handlers, log.propagate = before, propagated


RUNTIME: Final = str(Path(__file__).parents[1])
SECTION: Final = "Go:"


@contextmanager
def steps(tell: Callable[[int, str, str], object]) -> Iterator[None]:
    """Call a function for each call in this thread, with its depth, its name and its Go original."""
    depth = 0

    def watch(frame: FrameType, event: str, _: object) -> None:
        nonlocal depth
        go = counterpart(frame.f_code) if event in ("call", "return") else ""
        if go and event == "call":
            tell(depth, frame.f_code.co_qualname, go)
        depth += {"call": 1, "return": -1}.get(event, 0) if go else 0

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)


def counterpart(code: CodeType) -> str:
    """Return the Go original of a function, or its file, or an empty text.

    A docstring names the original if name or file differ; else the module names the file.
    """
    if not code.co_filename.startswith(RUNTIME) or code.co_name.startswith("<"):
        return ""
    docstring = code.co_consts[0] if code.co_consts else None
    if isinstance(docstring, str) and SECTION in docstring:
        return docstring.partition(SECTION)[2].split()[0].rstrip(",")
    if code.co_name.startswith("_") and code.co_name != "__init__":
        return ""
    module = inspect.getmodule(code)
    files = (module.__doc__ or "").partition(SECTION)[2].split() if module else []
    return files[0].rstrip(",") if files else ""
