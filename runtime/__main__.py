"""The program `python -m runtime`: loads the command line, which takes a moment."""

from __future__ import annotations

import os
import signal
import sys

INTERRUPTED = 130
WRONG_USAGE = 2

# What the extra `engine` installs, by the names that are imported.
_ENGINE = frozenset({"httpcore", "httptools", "httpx", "re2", "starlette", "uvicorn", "uvloop"})


def main() -> None:
    """Run the command line; Ctrl-C while it is loaded, and once it is done, just ends the program."""
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else it is to be ignored
    if heard:
        signal.signal(signal.SIGINT, _end)
    from runtime import collecting  # noqa: PLC0415 - see above

    with collecting.postponed():
        from runtime import cli  # noqa: PLC0415 - see above

    try:
        if heard:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        cli.main()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _ENGINE:
            raise
        sys.exit(_say_what_to_install(package))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        if heard:
            signal.signal(signal.SIGINT, _end)


def _say_what_to_install(package: str) -> int:
    sys.stderr.write(
        f"runtime: the engine needs the package {package}; run `pip install 'moby-annotated[engine]'`\n"
    )
    return WRONG_USAGE


def _end(_number: int, _frame: object) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
