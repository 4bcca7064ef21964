"""Contexts, by which a caller cancels its call."""

from __future__ import annotations

import threading

from runtime.errdefs import EngineError


class ContextCanceled(EngineError):
    """The caller cancelled before the work began."""

    def __init__(self) -> None:
        super().__init__("context canceled")


class Context:
    """A caller's handle to cancel a call, which checks it before each step."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Cancel: a step in progress is completed, no further one begins."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether the caller has cancelled."""
        return self._cancelled.is_set()


def check(ctx: Context | None) -> None:
    """Raise ContextCanceled if the caller has cancelled."""
    if ctx is not None and ctx.cancelled:
        raise ContextCanceled
