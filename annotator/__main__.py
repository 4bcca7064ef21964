"""The program `annotator`, also `python -m annotator`."""

from __future__ import annotations

import signal
import sys
from types import FrameType

INTERRUPTED = 130


def main() -> None:
    """Run the command line; SIGTERM ends it as Ctrl-C does."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # the parent process may want it ignored
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        from annotator import cli  # noqa: PLC0415 - so that Ctrl-C while it loads shows no traceback

        cli.main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
