"""When Python looks for garbage: not while what is made is to stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def postponed() -> Iterator[None]:
    """Look for no garbage within this block, and never again among what is made there.

    A start makes objects that stay; each search would go through all that there are by then.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
