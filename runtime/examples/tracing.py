"""Watches which functions run that have a counterpart in moby."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Final

RUNTIME: Final = str(Path(__file__).parents[1])
SECTION: Final = "Go:"


@contextmanager
def steps(tell: Callable[[int, str, str], object]) -> Iterator[None]:
    """Tell of each function that begins, in this thread: how deep it is, its name, and its Go original."""
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
    """The Go function that a function stands for, according to its docstring; empty if for none."""
    docstring = code.co_consts[0] if code.co_consts else None
    if not code.co_filename.startswith(RUNTIME) or not isinstance(docstring, str) or SECTION not in docstring:
        return ""
    return docstring.partition(SECTION)[2].split()[0]
