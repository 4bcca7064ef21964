"""Plugins that other people wrote, and containers, behind an engine of ours."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runtime import Config, Daemon
from runtime.checker import checks, client
from runtime.checker.rules import Report
from tests.sockets import accepts

pytestmark = pytest.mark.slow

START = 60.0
PROJECT = Path(__file__).parents[3]


def module(name: str, package: str) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"needs {package} from PyPI")


def program(name: str, package: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"needs Debian's package {package}")
    return found


def until(true: Callable[[], Any]) -> Any:
    """The first result that is true."""
    end = time.monotonic() + START
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


@contextmanager
def running(command: list[str], path: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """A plugin, as soon as its socket is there."""
    with path.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | environment, cwd=PROJECT)
    try:
        until(lambda: accepts(path) or process.poll() is not None)
        assert process.poll() is None, path.with_suffix(".log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(START)


@pytest.fixture
def folder(engines: Any) -> Path:
    """Where legacy plugins are looked for."""
    made: Path = engines.ours().host and engines.folder / "o" / "plugins"
    return made


@pytest.fixture
def rclone(folder: Path) -> Iterator[Path]:
    """rclone's plugin, keeping volumes in a directory beside it."""
    program("fusermount", "fuse3")
    path = folder / "rclone.sock"
    command = [
        program("rclone", "rclone"),
        "serve",
        "docker",
        "--socket-addr",
        str(path),
        "--no-spec",
        "--forget-state",
    ]
    command += ["--base-dir", str(folder.parent / "mounts"), "--cache-dir", str(folder.parent / "cache")]
    (folder.parent / "remote").mkdir()
    with running(command, path, {"RCLONE_CONFIG": str(folder.parent / "none.conf")}):
        yield path


@pytest.fixture
def buttervolume(folder: Path, disks: Any) -> Iterator[Path]:
    """buttervolume, on a file system of its own."""
    module("buttervolume", "buttervolume")
    with (
        disks.mounted(disks.made("btrfs", "btrfs-progs", 256 << 20)) as place,
        serving(folder, place) as path,
    ):
        yield path


@contextmanager
def serving(folder: Path, place: Path) -> Iterator[Path]:
    """buttervolume with its volumes in a place."""
    path = folder / "butter.sock"
    told = {
        "VOLUMES_PATH": f"{place}/volumes/",
        "SNAPSHOTS_PATH": f"{place}/snapshots/",
        "SCHEDULE": f"{folder.parent}/schedule.csv",
        "SOCKET": str(path),
        "TIMER": "1",
    }
    command = [sys.executable, "-c", "from buttervolume.cli import main; main()", "run"]
    with running(command, path, {f"BUTTERVOLUME_{key}": value for key, value in told.items()}):
        yield path


@pytest.fixture
def easyfuse(folder: Path) -> Iterator[Path]:
    """docker-volume-easyfuse."""
    module("easyfuse", "docker-volume-easyfuse")
    path = folder / "easy.sock"
    command = [
        sys.executable,
        "-m",
        "easyfuse",
        "-s",
        str(path),
        "-m",
        f"{folder.parent}/mounts",
        "-d",
        f"{folder.parent}/db/db.json",
    ]
    with running(command, path, {}):
        yield path


@pytest.fixture
def example(folder: Path) -> Iterator[Path]:
    """The plugin of the examples."""
    path = folder / "example.sock"
    with running([sys.executable, "-m", "runtime.examples.plugin", "--socket", str(path)], path, {}):
        yield path


OPTIONS: dict[str, tuple[str, ...]] = {"rclone": ("-o", "type=local", "-o", "path={}/remote")}


@pytest.mark.parametrize("name", ["rclone", "buttervolume", "easyfuse", "example"])
def test_a_plugin_s_volumes_are_made_listed_shown_and_removed(
    request: pytest.FixtureRequest, docker: Any, engines: Any, name: str
) -> None:
    path = request.getfixturevalue(name)
    engine, driver = engines.ours().start(), path.stem
    options = [word.format(path.parent.parent) for word in OPTIONS.get(name, ())]
    assert docker.says(engine.host, "volume", "create", "-d", driver, *options, "theirs") == ["theirs"]
    assert docker.says(engine.host, "volume", "ls", "-q", "-f", f"driver={driver}") == ["theirs"]
    [shown] = json.loads("".join(docker.says(engine.host, "volume", "inspect", "theirs")))
    assert (shown["Driver"], shown["Name"]) == (driver, "theirs")
    assert docker.says(engine.host, "volume", "rm", "theirs") == ["theirs"]
    assert docker.says(engine.host, "volume", "ls", "-q") == []


def test_what_is_written_into_a_mounted_volume_of_rclone_s_is_where_it_keeps_it(
    rclone: Path, tmp_path: Path
) -> None:
    remote = rclone.parent.parent / "remote"
    with Daemon(Config(root=tmp_path / "root", plugin_folders=[rclone.parent])) as daemon:
        options = {"type": "local", "path": str(remote)}
        volume = daemon.volumes.create("data", "rclone", options=options)
        first = daemon.volumes.mount(volume, "one")
        second = daemon.volumes.mount(volume, "two")
        assert first == second
        assert os.path.ismount(first)
        (Path(first) / "file").write_text("kept")
        daemon.volumes.unmount(volume, "one")
        assert (Path(second) / "file").read_text() == "kept"
        daemon.volumes.unmount(volume, "two")
        until(lambda: not os.path.ismount(first))
        daemon.volumes.remove("data")
    assert (remote / "file").read_text() == "kept"


TRUE: dict[str, set[str]] = {
    # It refuses to mount one ID twice, as `docker cp` does, and to create a volume that it has.
    "rclone": {"create-again-fails", "id-twice-refused"},
    # Unmount and options are not looked at, and a volume may be removed while it is used.
    "buttervolume": {
        "content-type",
        "unknown-volume-accepted",
        "bad-options-accepted",
        "removed-while-mounted",
    },
    # Without the option `device` a volume is made that cannot be mounted; every name has a path.
    "easyfuse": {
        "content-type",
        "unknown-volume-accepted",
        "create-again-fails",
        "bad-options-accepted",
        "mount-fails",
    },
    # Options are kept, whatever they are.
    "example": {"bad-options-accepted"},
}
"""What the checker has to say of each plugin."""


@pytest.mark.parametrize("name", TRUE)
def test_the_checker_says_what_is_true_of_a_plugin(request: pytest.FixtureRequest, name: str) -> None:
    path = request.getfixturevalue(name)
    options = {"type": "local", "path": str(path.parent.parent / "remote")} if name == "rclone" else {}
    assert rules(checked(path, options)) == TRUE[name]


def checked(path: Path, options: Mapping[str, str]) -> Report:
    with client.Plugin(f"unix://{path}", START) as plugin:
        return checks.check(plugin, options)


def rules(report: Report) -> set[str]:
    return {finding.rule for step in report.steps for finding in step.findings}


def test_the_command_tells_and_its_exit_code_does(example: Path) -> None:
    command = [sys.executable, "-m", "runtime", "check-plugin", f"unix://{example}"]
    lenient = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
    strict = subprocess.run([*command, "--strict"], capture_output=True, check=False, cwd=PROJECT)
    assert "bad-options-accepted" in lenient.stdout
    assert (lenient.returncode, strict.returncode) == (0, 1)


NAME = "our/plugin:1"


class Containers:
    """An engine with runc, and what runc says of it."""

    def __init__(self, engines: Any, docker: Any) -> None:
        if os.geteuid() != 0:
            pytest.skip("containers need root")
        self.runc = program("runc", "runc")
        self.docker = docker
        self.engine = engines.ours("--executor", "runc", "--live-restore")
        self.state = engines.folder / "o" / "x" / "plugins" / "runtime-runc" / "plugins.moby"
        self.engine.start()

    def listed(self) -> list[dict[str, Any]]:
        command = [self.runc, "--root", str(self.state), "list", "--format", "json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout) or []

    def pid(self) -> int:
        """The process of the one container that runs; 0 if there is none."""
        running_ones = [each["pid"] for each in self.listed() if each["status"] == "running"]
        return running_ones[0] if running_ones else 0

    def says(self, *words: str) -> list[str]:
        return self.docker.says(self.engine.host, *words)


def test_a_managed_plugin_is_a_container_that_survives_crashes_and_restarts(
    engines: Any, docker: Any, packed: Path
) -> None:
    there = Containers(engines, docker)
    there.says("plugin", "create", NAME, str(packed))
    there.says("plugin", "enable", NAME)
    [container] = there.listed()
    assert container["id"] == there.engine.ask("GET", f"/plugins/{NAME}/json").json()["Id"]
    assert there.says("volume", "create", "-d", NAME, "data") == ["data"]

    os.kill(before := there.pid(), signal.SIGKILL)
    crashed = until(lambda: (now := there.pid()) != before and now)
    assert there.says("volume", "ls", "-q") == ["data"]

    assert there.engine.stop() == 0
    assert there.pid() == crashed
    there.engine.start()
    assert there.pid() == crashed
    assert there.says("volume", "inspect", "-f", "{{.Driver}}", "data") == [NAME]

    there.says("volume", "rm", "data")
    until(lambda: docker(there.engine.host, "plugin", "disable", NAME).returncode == 0)
    assert there.listed() == []
    there.says("plugin", "rm", NAME)
    assert there.says("plugin", "ls", "-q") == []


NOBODY = 65534
LIBRARIES = sysconfig.get_path("purelib")
PYTHONS = (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}")
"""The second stands in where an ordinary user cannot enter the directory of the first."""


@pytest.fixture
def ordinary(engines: Any) -> dict[str, Any]:
    """How to run this package as an ordinary user; the tests' own user may be one already."""
    shutil.copytree(PROJECT / "runtime", engines.folder / "package" / "runtime")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{engines.folder}/package:{LIBRARIES}"}
    user = NOBODY if os.geteuid() == 0 else None
    (engines.folder / "o").mkdir()
    for path in (engines.folder, engines.folder / "o"):
        os.chown(path, -1 if user is None else user, -1)
    return {"cwd": engines.folder, "user": user, "group": user, "env": environment}


@pytest.fixture
def python(ordinary: dict[str, Any]) -> str:
    """A Python that an ordinary user can run, with the libraries that the engine needs."""
    for python in PYTHONS:
        try:
            subprocess.run(
                [python, "-c", "import runtime.cmd.dockerd.daemon"],
                check=True,
                capture_output=True,
                **ordinary,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip("an ordinary user can run no Python with these libraries")


def test_the_same_plugin_is_a_process_of_an_ordinary_user(
    engines: Any, docker: Any, ordinary: dict[str, Any], python: str
) -> None:
    engine = engines.ours()
    engine.command = [python, *engine.command[1:]]
    (engines.folder / "o" / "log").touch()
    packing = [python, "-m", "runtime.examples.plugin", "pack", f"{engines.folder}/o/packed"]
    subprocess.run(packing, check=True, capture_output=True, **ordinary)
    engine.start(**ordinary)
    docker.says(engine.host, "plugin", "create", NAME, f"{engines.folder}/o/packed")
    docker.says(engine.host, "plugin", "enable", NAME)
    assert docker.says(engine.host, "volume", "create", "-d", NAME, "data") == ["data"]
    docker.says(engine.host, "volume", "rm", "data")
    docker.says(engine.host, "plugin", "disable", NAME)
    assert docker.says(engine.host, "plugin", "rm", NAME) == [NAME]
