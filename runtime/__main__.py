"""The program `python -m runtime`: loads the command line, which takes a moment."""

from __future__ import annotations

import os
import signal
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C ends the program quietly while it loads and when it is done."""
    interruptible = (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )  # else the caller ignores it
    if interruptible:
        signal.signal(signal.SIGINT, _end)
    from runtime import cli  # noqa: PLC0415 - see above

    try:
        if interruptible:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        cli.main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        if interruptible:
            signal.signal(signal.SIGINT, _end)


def _end(_number: int, _frame: object) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
