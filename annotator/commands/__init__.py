"""One module for each command; each calls the domain packages.

`commands.verify` is loaded when it is first used: a command does not wait for what only others need.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from annotator.commands import (
        affected,
        build,
        date,
        diff,
        github,
        init,
        manifest,
        parity,
        record,
        serve,
        symbols,
        track,
        update,
        verify,
        walk,
    )

__all__ = [
    "affected",
    "build",
    "date",
    "diff",
    "github",
    "init",
    "manifest",
    "parity",
    "record",
    "serve",
    "symbols",
    "track",
    "update",
    "verify",
    "walk",
]


def __getattr__(name: str) -> ModuleType:
    """Load a command's module."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")
