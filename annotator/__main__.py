"""The program `annotator`, also `python -m annotator`: loads the command line, which takes a moment."""

from __future__ import annotations

import gc
import os
import signal
import sys

INTERRUPTED = 130

# Many values are made and few circles of them: looking for these more often costs a tenth of all time.
_ALLOCATED = 20_000


def main() -> None:
    """Run the command line; Ctrl-C while it is loaded, and once it is done, just ends the program."""
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else it is to be ignored
    if heard:
        signal.signal(signal.SIGINT, _end)
    from annotator import cli  # noqa: PLC0415 - see above

    gc.freeze()
    gc.set_threshold(_ALLOCATED)
    try:
        if heard:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        cli.main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        if heard:
            signal.signal(signal.SIGINT, _end)


def _end(_number: int, _frame: object) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
