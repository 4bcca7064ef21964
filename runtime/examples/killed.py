"""Survive a kill: each volume that the engine had acknowledged is there, and none by halves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from runtime import Config, Daemon
from runtime.check import inspect
from runtime.examples._story import say

CHILD = """
import sys
from pathlib import Path
from runtime import Config, Daemon
daemon = Daemon(Config(root=Path(sys.argv[1]), plugin_folders=()))
number = 0
while True:
    daemon.volumes.create(f"volume-{number}", "local", labels={"number": str(number)})
    print(number, flush=True)
    number += 1
"""


def main() -> None:
    """Kill an engine while it creates volumes, and list them with another one."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "root"
        acknowledged = killed_in_the_middle(root)
        with Daemon(Config(root=root, plugin_folders=())) as daemon:
            there = {volume.name: volume.labels for volume in daemon.volumes.list().volumes}
        wanted = {f"volume-{number}": {"number": str(number)} for number in range(acknowledged)}
        say("All that it had acknowledged are there", wanted.items() <= there.items())
        say("Not one is there by halves", all(labels for labels in there.values()))
        say("And nothing is wrong on disk", inspect(root) == ())


def killed_in_the_middle(root: Path) -> int:
    """Kill an engine that creates volumes, and return the number of acknowledged ones."""
    command = [sys.executable, "-c", CHILD, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:  # noqa: S603 - our own program
        output = child.stdout
        assert output is not None  # noqa: S101 - a pipe was asked for
        for _ in range(10):
            output.readline()
        os.kill(child.pid, signal.SIGKILL)
        return 10 + len(output.read().splitlines())


if __name__ == "__main__":
    main()
