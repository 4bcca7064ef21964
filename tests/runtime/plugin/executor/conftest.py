"""Both executors, with programs in a root file system that has this machine's Python."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runtime import oci
from runtime.plugin.executor import process, runc
from runtime.plugin.executor.executor import Executor

PYTHON = os.path.realpath(sys.executable)
NO_CONTAINERS = os.geteuid() != 0 or shutil.which("runc") is None
CONTAINERS = (pytest.mark.slow, pytest.mark.skipif(NO_CONTAINERS, reason="containers need root and runc"))


@dataclass
class Exits:
    """Told of every end."""

    seen: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def handle_exit_event(self, plugin_id: str, end: str = "") -> None:
        with self.changed:
            self.seen.append(plugin_id)
            self.ends.append(end)
            self.changed.notify_all()

    def wait(self, count: int = 1) -> list[str]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.seen) >= count, 30), "nobody was told of the end"
            return list(self.seen)


@dataclass
class Sink:
    """Keeps what is printed."""

    data: bytes = b""
    closed: bool = False

    def write(self, data: bytes, /) -> int:
        self.data += data
        return len(data)

    def close(self) -> None:
        self.closed = True


def until(holds: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


class Bench:
    """One kind of executor, the programs it runs and where they leave their traces."""

    def __init__(self, kind: str, path: Path) -> None:
        self.kind = kind
        self.path = path
        self.exec_root = path / "exec"
        self.out = path / "out"
        self.rootfs = path / "rootfs"
        self.out.mkdir()
        self.stdout, self.stderr = Sink(), Sink()
        self._executors: list[Executor] = []
        for place in ("out", "usr", "proc", "sys", "dev", *_links()):
            target = self.rootfs / place
            target.parent.mkdir(parents=True, exist_ok=True)
            link = Path("/", place)
            target.symlink_to(link.readlink()) if link.is_symlink() else target.mkdir()
        self.exits = Exits()
        self.executor = self.new()

    def new(self) -> Executor:
        """An executor as after a start of the engine; the one before watches no longer."""
        for before in self._executors:
            before.close()
        self.exits = Exits()
        make = {"process": process.new, "runc": runc.new}[self.kind]
        self.executor = make(self.exec_root, self.exits)
        self._executors.append(self.executor)
        return self.executor

    def spec(self, code: str, *args: str) -> oci.Spec:
        """A spec whose process runs some Python; `/out` is shared with the test."""
        (self.rootfs / "program.py").write_text(code)
        spec = oci.default_spec()
        spec.root = oci.Root(str(self.rootfs))
        spec.process.args = [PYTHON, "/program.py", *args]
        spec.process.env = [f"PATH={oci.DEFAULT_PATH_ENV}"]
        spec.process.cwd = "/"
        spec.mounts.append(oci.Mount("/out", "bind", str(self.out), ["rbind", "rw"]))
        for place in ("/usr", sys.base_prefix):
            if place == "/usr" or not place.startswith("/usr"):
                spec.mounts.append(oci.Mount(place, "bind", place, ["rbind", "ro"]))
        return spec

    def create(self, code: str, plugin_id: str = "one") -> None:
        self.executor.create(plugin_id, self.spec(code, "/out"), self.stdout, self.stderr)

    def restore(self, plugin_id: str = "one") -> bool:
        return self.executor.restore(plugin_id, self.stdout, self.stderr)

    def pid(self, plugin_id: str = "one") -> int:
        return self.executor._watched[plugin_id].process.pid

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in (self.exec_root / "plugins.moby").glob("*"))

    def close(self) -> None:
        for plugin_id in list(self.executor._watched):
            self.executor.signal(plugin_id, signal.SIGKILL)
        until(lambda: not self.executor._watched)
        self.executor.close()


def _links() -> list[str]:
    return [name for name in ("bin", "sbin", "lib", "lib32", "lib64") if Path("/", name).is_symlink()]


@pytest.fixture(params=["process", pytest.param("runc", marks=CONTAINERS)])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    path = Path(tempfile.mkdtemp(prefix="e"))
    made = Bench(request.param, path)
    yield made
    made.close()
    shutil.rmtree(path)
