"""A way for a caller to give up."""

from __future__ import annotations

import threading

from runtime.errdefs import EngineError


class ContextCanceled(EngineError):
    """The caller gave up before the work was begun."""

    def __init__(self) -> None:
        super().__init__("context canceled")


class Context:
    """What a caller keeps to call off work that it asked for; work looks here before each step."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Call off the work: what was begun is ended, nothing new is begun."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether the caller gave up."""
        return self._cancelled.is_set()


def check(ctx: Context | None) -> None:
    """Go on, or not.

    Raises:
        ContextCanceled: The caller gave up.
    """
    if ctx is not None and ctx.cancelled:
        raise ContextCanceled
