"""Stop the parts of an engine in the right order, all of them."""

import tempfile
from pathlib import Path

from runtime import Config, Daemon

stopped = []


def stop(parts) -> list[Exception]:
    """Stop all parts, given in the order of their start, and return the errors. Change this function."""
    errors = []
    for _, shut_down in reversed(parts):
        try:
            shut_down()
        except Exception as error:
            errors.append(error)
    return errors


def noted(name, shut_down):
    """Return a part that notes when it is stopped."""

    def run() -> None:
        stopped.append(name)
        shut_down()

    return name, run


def failing() -> None:
    """Fail, as a plugin that hangs."""
    raise TimeoutError("a plugin does not end")


with tempfile.TemporaryDirectory() as temporary:
    daemon = Daemon(Config(root=Path(temporary) / "root", plugin_folders=()))
    parts = [
        noted("events", daemon.events_service.close),
        noted("plugins", failing),
        noted("volumes", daemon.volumes.shutdown),
    ]
    try:
        errors = stop(parts)
    except TimeoutError:
        errors = "one error ended it all"
    daemon.shutdown()

print("Stopped", stopped)
print("Errors", errors)
assert stopped == ["volumes", "plugins", "events"], "last started, first stopped, and all of them"
assert [str(error) for error in errors] == ["a plugin does not end"], "the errors must be returned"
print("Solved: those who use go first, and nobody is left out.")
