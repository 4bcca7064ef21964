"""A working Python counterpart of the plugin and volume start-up of Docker's engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.daemon.config import Config, Timings
    from runtime.daemon.daemon import Daemon

__all__ = ["Config", "Daemon", "Timings"]


def __getattr__(name: str) -> object:
    """Load the module behind one of the library's names when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from runtime.daemon import config, daemon  # noqa: PLC0415 - a part alone does not need the whole

    return getattr(daemon if name == "Daemon" else config, name)
