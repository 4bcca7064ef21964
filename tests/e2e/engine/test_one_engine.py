"""A second engine on a root, or an exec root, that is in use changes nothing."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime import Config, Daemon
from runtime.daemon.root_lock import InUse

PROJECT = Path(__file__).parents[3]

pytestmark = pytest.mark.slow


def create_plugin(engine: Any, source: Path, name: str = "tiny") -> None:
    """Create and enable a managed plugin, and a volume of it."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        tar.add(source, ".")
    headers = {"Content-Type": "application/x-tar"}
    created = engine.ask("POST", f"/plugins/create?name={name}", context.getvalue(), headers)
    assert created.status == 204, created.body
    enabled = engine.ask("POST", f"/plugins/{name}/enable?timeout=0")
    assert enabled.status == 200, enabled.body
    made = engine.ask("POST", "/volumes/create", {"Name": "data", "Driver": name})
    assert made.status == 201, made.body


def start(engine: Any) -> tuple[int, str]:
    """The exit code and the output of an engine that should not start."""
    done = subprocess.run(engine.command, capture_output=True, timeout=60, check=False, cwd=PROJECT)
    return done.returncode, (done.stdout + done.stderr).decode()


def processes(root: Path) -> set[int]:
    """The plugins that run from a root."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if os.fsencode(root / "plugins") in command and b"rootfs" in command:
            found.add(int(path.parent.name))
    return found


def tree(root: Path) -> dict[str, int]:
    """Every path below a root, with its inode."""
    return {str(path): path.lstat().st_ino for path in sorted(root.rglob("*"))}


@pytest.fixture
def first(engines: Any, packed: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """An engine with a running managed plugin."""
    engine = engines.ours(*getattr(request, "param", ())).start()
    create_plugin(engine, packed)
    yield engine
    if engine.process is not None:
        engine.ask("POST", "/plugins/tiny/disable?force=1")


@pytest.mark.parametrize("first", [(), ("--live-restore",)], ids=["plain", "live"], indirect=True)
@pytest.mark.parametrize("exec_root", ["same", "other"])
def test_second_engine_leaves_a_running_plugin_alone(engines: Any, first: Any, exec_root: str) -> None:
    second = engines.ours(name="other", root=first.root)
    if exec_root == "same":
        second.command[second.command.index("--exec-root") + 1] = str(first.root.parent / "x")
    before = processes(first.root), tree(first.root), tree(first.root.parent / "x")
    assert len(before[0]) == 1
    assert start(second) == (2, f"another engine uses {first.root}\n")
    assert (processes(first.root), tree(first.root), tree(first.root.parent / "x")) == before
    assert not (engines.folder / "other" / "x").exists()
    answer = first.ask("GET", "/volumes/data")
    assert (answer.status, answer.json()["Driver"]) == (200, "tiny:latest")


def test_second_engine_in_a_library_is_refused_too(engines: Any, first: Any) -> None:
    before = processes(first.root), tree(first.root)
    with pytest.raises(InUse, match=f"^another engine uses {first.root}$"):
        Daemon(Config(root=str(first.root), exec_root=engines.folder / "elsewhere"))
    assert (processes(first.root), tree(first.root)) == before
    assert not (engines.folder / "elsewhere").exists()


def test_an_exec_root_belongs_to_one_root(engines: Any, first: Any) -> None:
    second = engines.ours(name="other")
    exec_root = first.root.parent / "x"
    second.command[second.command.index("--exec-root") + 1] = str(exec_root)
    before = processes(first.root), tree(exec_root)
    assert start(second) == (2, f"another engine uses {exec_root}/plugins\n")
    assert (processes(first.root), tree(exec_root)) == before


def test_a_killed_engine_leaves_no_lock(engines: Any, first: Any) -> None:
    first.stop(signal.SIGKILL)
    again = first.start()
    again.wait_until(lambda: again.ask("GET", "/volumes/data").status == 200)


@pytest.mark.skipif(os.geteuid() != 0, reason="dockerd needs root")
def test_engine_leaves_the_plugins_of_a_running_dockerd_alone(engines: Any) -> None:
    dockerd = engines.dockerd().start()
    mounted = dockerd.root / "plugins" / "abc" / "propagated-mount"
    mounted.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", str(mounted)], check=True)
    try:
        before = tree(dockerd.root)
        assert start(engines.ours(root=dockerd.root)) == (2, f"another engine uses {dockerd.root}\n")
        assert mounted.is_mount()
        assert tree(dockerd.root) == before
        assert dockerd.answers()
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
