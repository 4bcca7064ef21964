"""Work in a thread is called off when the task that waits for it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.api.backends import Cancellable


@contextmanager
def cancelling(ctx: Cancellable) -> Iterator[Cancellable]:
    """Within this block, being cancelled calls off the work that was given `ctx`."""
    try:
        yield ctx
    except asyncio.CancelledError:
        ctx.cancel()
        raise
