"""A real plugin, packed with its Python, in real containers and as a plain process of an ordinary user."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.api.types.plugin import PluginCreateOptions
from runtime.check import check
from runtime.examples import packing
from runtime.pkg.plugins.client import Client
from runtime.plugin.defs import ManagerConfig, Timings
from runtime.plugin.executor import executor, process, runc
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store

pytestmark = pytest.mark.slow

NO_CONTAINERS = os.geteuid() != 0 or shutil.which("runc") is None
CONTAINERS = pytest.mark.skipif(NO_CONTAINERS, reason="containers need root and runc")


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """A plugins' root with the packed example, disabled; each test has a copy."""
    path = Path(tempfile.mkdtemp(prefix="c"))
    packed = packing.pack(path / "packed")
    root = path / "plugins"
    config = ManagerConfig(Store(), root, path / "exec", create_executor=lambda _: None)
    Manager(config).create_from_directory(packed, PluginCreateOptions("example"))
    yield root
    shutil.rmtree(path)


class Engine:
    """One engine after the other on the same root."""

    def __init__(self, kind: str, path: Path) -> None:
        self.make = {"process": process.new, "runc": runc.new}[kind]
        self.path = path
        self.enabled = threading.Event()
        self.manager = self._start()

    def _start(self) -> Manager:
        store = Store()
        store.handle("VolumeDriver", lambda _name, _client: self.enabled.set())
        root, exec_root = self.path / "plugins", self.path / "exec"
        return Manager(
            ManagerConfig(
                store=store,
                root=root,
                exec_root=exec_root,
                create_executor=lambda handler: self.make(exec_root, handler),
                live_restore_enabled=True,
                timings=Timings(start=60),
            )
        )

    def restart(self) -> None:
        self.manager.shutdown()
        self.manager = self._start()

    def call(self, method: str, **arguments: str) -> dict[str, Any]:
        client = self.manager.get("example").client
        assert isinstance(client, Client)
        return client.call(f"VolumeDriver.{method}", arguments, dict)

    def pid(self) -> int:
        executor: Any = self.manager.executor
        return int(executor._watched[self.manager.get("example").id].process.pid)

    def files(self) -> list[Path]:
        return [path for path in self.path.rglob("*") if not path.is_dir()]

    def close(self) -> None:
        for plugin in self.manager.list():
            if plugin.enabled:
                self.manager.disable(plugin.id)
        self.manager.shutdown()


@pytest.fixture(params=["process", pytest.param("runc", marks=CONTAINERS)])
def engine(request: pytest.FixtureRequest, prepared: Path) -> Iterator[Engine]:
    path = Path(tempfile.mkdtemp(prefix="c"))
    shutil.copytree(prepared, path / "plugins", symlinks=True)
    made = Engine(request.param, path)
    yield made
    made.close()
    shutil.rmtree(path)


def listed(engine: Engine) -> list[dict[str, Any]]:
    """What runc itself says."""
    root = engine.path / "exec" / "runtime-runc" / "plugins.moby"
    answer = subprocess.run(
        ["runc", "--root", str(root), "list", "--format", "json"], check=True, capture_output=True
    )
    return json.loads(answer.stdout) or []


def until(holds: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_its_socket_answers_and_its_paths_are_found_on_the_host(engine: Engine) -> None:
    engine.manager.enable("example")
    assert not engine.call("Create", Name="v").get("Err")
    mountpoint = engine.call("Mount", Name="v", ID="1")["Mountpoint"]
    host = Path(engine.manager.get("example").scoped_path(mountpoint))
    assert host.is_dir()
    assert host.is_relative_to(engine.path / "plugins")


def test_killed_it_is_restarted_with_what_it_had_written(engine: Engine) -> None:
    engine.manager.enable("example")
    engine.call("Create", Name="v")
    engine.enabled.clear()
    before = engine.pid()
    os.kill(before, signal.SIGKILL)
    assert engine.enabled.wait(30)
    assert engine.pid() != before
    assert [volume["Name"] for volume in engine.call("List")["Volumes"]] == ["v"]


def test_an_engine_that_starts_again_finds_the_same_process(engine: Engine) -> None:
    engine.manager.enable("example")
    before = engine.pid()
    engine.restart()
    assert engine.pid() == before
    assert engine.call("List")["Volumes"] == []


def test_disabling_ends_it_and_removing_leaves_nothing_behind(engine: Engine) -> None:
    engine.manager.enable("example")
    pidfd = os.pidfd_open(engine.pid())
    engine.manager.disable("example")
    ended = executor.has_ended(pidfd)
    os.close(pidfd)
    assert ended
    engine.manager.remove("example")
    until(lambda: engine.files() == [])
    assert check(engine.path / "plugins", engine.manager.config.store) == []
    assert str(engine.path) not in Path("/proc/self/mountinfo").read_text()


@CONTAINERS
@pytest.mark.parametrize("engine", ["runc"], indirect=True)
def test_runc_knows_it_while_it_runs_and_forgets_it_then(engine: Engine) -> None:
    engine.manager.enable("example")
    (container,) = listed(engine)
    assert container["id"] == engine.manager.get("example").id
    assert container["status"] == "running"
    assert container["pid"] == engine.pid()
    engine.manager.disable("example")
    assert listed(engine) == []


@CONTAINERS
@pytest.mark.parametrize("engine", ["runc"], indirect=True)
def test_what_runc_refuses_is_said_in_its_own_words(engine: Engine) -> None:
    plugin = engine.manager.get("example")
    (engine.path / "plugins" / plugin.id / "rootfs" / "plugin").unlink()
    with pytest.raises(Exception, match=r"error creating plugin process: runc run: .*/plugin"):
        engine.manager.enable("example")
    assert listed(engine) == []
    assert not engine.manager.inspect("example").enabled


AS_NOBODY = """
import os, sys
from pathlib import Path
from runtime.api.types.plugin import PluginCreateOptions
from runtime.plugin.defs import ManagerConfig
from runtime.plugin.executor import process
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store

assert os.geteuid() != 0
root = Path(sys.argv[1]).resolve()
exec_root = root / "exec"
manager = Manager(ManagerConfig(
    store=Store(), root=root / "plugins", exec_root=exec_root,
    create_executor=lambda handler: process.new(exec_root, handler),
))
plugin = manager.create_from_directory(Path(sys.argv[2]), PluginCreateOptions("example"))
manager.enable("example")
print(plugin.client.call("VolumeDriver.Create", {"Name": "v"}, dict).get("Err", ""))
print(os.stat(plugin.scoped_path("/data/v")).st_uid == os.geteuid())
manager.disable("example")
manager.remove("example")
manager.shutdown()
"""


NOBODY = 65534
LIBRARIES = sysconfig.get_path("purelib")
PYTHONS = (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}")
"""The second stands in where an ordinary user cannot enter the directory of the first."""


def as_an_ordinary_user(*command: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a directory, with the package that is there and the libraries of the tests."""
    environment = {"PATH": os.defpath, "PYTHONPATH": f"{path}:{LIBRARIES}", "PYTHONDONTWRITEBYTECODE": "1"}
    other: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=path, env=environment, **other
    )


@pytest.fixture
def readable() -> Iterator[Path]:
    """A directory with the package in it, which everybody can read and write."""
    path = Path(tempfile.mkdtemp(prefix="n"))
    path.chmod(0o777)
    shutil.copytree(Path(__file__).parents[3] / "runtime", path / "runtime")
    (path / "script.py").write_text(AS_NOBODY)
    yield path
    shutil.rmtree(path)


def usable_python(path: Path) -> str:
    for python in filter(os.path.exists, PYTHONS):
        try:
            if (
                as_an_ordinary_user(python, "-c", "import httpcore, msgspec, runtime", path=path).returncode
                == 0
            ):
                return python
        except PermissionError:
            continue
    pytest.skip("there is no Python that an ordinary user can run")


def test_the_same_plugin_runs_as_an_ordinary_user(readable: Path) -> None:
    python = usable_python(readable)
    packs = as_an_ordinary_user(python, "-m", "runtime.examples.plugin", "pack", "packed", path=readable)
    assert packs.returncode == 0, packs.stderr
    done = as_an_ordinary_user(python, "script.py", "root", "packed", path=readable)
    assert (done.stdout, done.returncode) == ("\nTrue\n", 0), done.stderr
