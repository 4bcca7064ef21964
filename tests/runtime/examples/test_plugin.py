"""The example plugin, run as a user runs it: by its command, over its socket."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.examples import packing
from runtime.pkg.plugins.client import Client, new_client
from runtime.pkg.plugins.discovery import LocalRegistry
from runtime.pkg.plugins.errors import StatusError
from runtime.pkg.plugins.plugins import Plugins

AS_MODULE = (sys.executable, "-m", "runtime.examples.plugin")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="rt") as made:
        yield Path(made)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the plugin and returns once it answers."""
    running: list[subprocess.Popen[str]] = []

    def run(*command: str, path: Path = folder / "example.sock") -> subprocess.Popen[str]:
        given = (*(command or AS_MODULE), "--socket", str(path), "--root", str(folder / "volumes"))
        process = subprocess.Popen(given, stdout=subprocess.PIPE, text=True)
        running.append(process)
        wait_for(path, process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def client(start: Callable[..., Any], folder: Path) -> Iterator[Client]:
    start()
    made = connect(folder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def lasting() -> Iterator[Client]:
    """A plugin that answers all the tests that leave it as it was."""
    with tempfile.TemporaryDirectory(prefix="rt") as made:
        path = Path(made) / "example.sock"
        process = subprocess.Popen([*AS_MODULE, "--socket", str(path)], stdout=subprocess.DEVNULL)
        wait_for(path, process)
        client = new_client(f"unix://{path}", None, name="example")
        yield client
        client.close()
        process.kill()
        process.wait()


def connect(folder: Path) -> Client:
    return new_client(f"unix://{folder / 'example.sock'}", None, name="example")


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    never = threading.Event()
    while process.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                return
        never.wait(0.01)
    raise AssertionError("the plugin ended at once")


def call(client: Client, method: str, **request: object) -> dict[str, Any]:
    return client.call(f"VolumeDriver.{method}", request, dict[str, Any])


def test_it_is_discovered_and_activated_as_a_volume_driver(client: Client, folder: Path) -> None:
    plugins = Plugins(LocalRegistry.of_folders([folder]))
    assert [plugin.name for plugin in plugins.get_all("VolumeDriver")] == ["example"]
    assert call(client, "Capabilities")["Capabilities"] == {"Scope": "local"}
    plugins.close()


def test_a_volume_lives_from_create_to_remove(client: Client, folder: Path) -> None:
    data = str(folder / "volumes" / "web" / "data")
    call(client, "Create", Name="web", Opts={"size": "1g"})
    call(client, "Create", Name="web", Opts={"size": "2g"})
    assert call(client, "Path", Name="web")["Mountpoint"] == data
    assert call(client, "Mount", Name="web", ID="one")["Mountpoint"] == data
    (Path(data) / "file").write_text("kept")
    with pytest.raises(StatusError, match=r"^VolumeDriver\.Remove: volume web is mounted$"):
        call(client, "Remove", Name="web")
    described = call(client, "Get", Name="web")["Volume"]
    assert described["Status"] == {"options": {"size": "1g"}, "mounts": 1}
    assert call(client, "List")["Volumes"] == [described]
    call(client, "Unmount", Name="web", ID="one")
    call(client, "Remove", Name="web")
    assert call(client, "List")["Volumes"] == []
    assert [path.name for path in (folder / "volumes").rglob("*")] == [".unfinished"]


def test_what_is_no_volume_in_its_root_is_neither_listed_nor_removed(
    start: Callable[..., Any], folder: Path
) -> None:
    for name in ("Documents", ".ssh"):
        (folder / "volumes" / name).mkdir(parents=True)
        (folder / "volumes" / name / "file").write_text("precious")
    start()
    client = connect(folder)
    assert call(client, "List")["Volumes"] == []
    with pytest.raises(StatusError, match="no volume Documents"):
        call(client, "Remove", Name="Documents")
    with pytest.raises(StatusError, match="not empty"):
        call(client, "Create", Name="Documents")
    client.close()
    assert [path.read_text() for path in (folder / "volumes").rglob("file")] == ["precious"] * 2


@pytest.mark.parametrize("name", ["../evil", "", ".", "..", "a/b", None, 5, "x" * 300, "-x", "a\0"])
def test_a_name_that_could_lead_elsewhere_is_refused(lasting: Client, name: object) -> None:
    with pytest.raises(StatusError, match="a volume cannot be called"):
        call(lasting, "Create", Name=name)
    assert call(lasting, "List")["Volumes"] == []


@pytest.mark.parametrize("method", ["Get", "Path", "Mount", "Unmount", "Remove"])
def test_a_volume_that_is_not_there_is_an_error(lasting: Client, method: str) -> None:
    with pytest.raises(StatusError, match=rf"^VolumeDriver\.{method}: no volume gone$"):
        call(lasting, method, Name="gone", ID="one")


def test_a_method_that_it_does_not_have_is_not_found(lasting: Client) -> None:
    with pytest.raises(StatusError) as raised:
        call(lasting, "Fly")
    assert raised.value.status == 404


@pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 100_000, b"\xff", b" " * 2_000_000])
def test_a_request_that_is_none_is_answered_and_harms_nothing(lasting: Client, body: bytes) -> None:
    with pytest.raises(StatusError), lasting.call_with_retry("VolumeDriver.List", body):
        pass
    assert call(lasting, "List")["Volumes"] == []


def test_after_kill_minus_nine_it_starts_again_with_its_volumes(
    start: Callable[..., subprocess.Popen[str]], folder: Path
) -> None:
    first = start()
    client = connect(folder)
    call(client, "Create", Name="kept")
    (folder / "volumes" / ".unfinished" / "half" / "data").mkdir(parents=True)
    first.kill()
    first.wait()
    start()
    assert [volume["Name"] for volume in call(client, "List")["Volumes"]] == ["kept"]
    assert list((folder / "volumes" / ".unfinished").iterdir()) == []
    client.close()


def test_sigterm_ends_it_and_the_socket_goes(
    start: Callable[..., subprocess.Popen[str]], folder: Path
) -> None:
    process = start()
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    assert not (folder / "example.sock").exists()


def test_a_file_in_the_socket_s_place_is_left_alone(folder: Path) -> None:
    path = folder / "example.sock"
    path.write_text("precious")
    assert refused(path) == "runtime.examples.plugin: [Errno 98] Address already in use\n"
    assert path.read_text() == "precious"


def test_a_socket_on_which_somebody_listens_is_left_alone(
    start: Callable[..., subprocess.Popen[str]], folder: Path
) -> None:
    start()
    assert refused(folder / "example.sock") == "runtime.examples.plugin: [Errno 98] Address already in use\n"
    client = connect(folder)
    assert call(client, "List")["Volumes"] == []
    client.close()


def refused(path: Path) -> str:
    ended = subprocess.run([*AS_MODULE, "--socket", str(path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    return ended.stderr


def test_it_prints_what_it_was_asked_and_answered(
    start: Callable[..., subprocess.Popen[str]], folder: Path
) -> None:
    process = start()
    client = connect(folder)
    call(client, "Create", Name="web")
    client.close()
    assert process.stdout
    assert process.stdout.readline() == '/VolumeDriver.Create {"Name":"web"} -> {}\n'


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("packed") / "example"
    subprocess.run([*AS_MODULE, "pack", str(directory)], check=True, capture_output=True)
    return directory


def test_packed_it_is_a_config_and_a_root_file_system(packed: Path) -> None:
    config = json.loads((packed / "config.json").read_text())
    assert config["interface"] == {"types": ["docker.volumedriver/1.0"], "socket": "example.sock"}
    assert os.access(packed / "rootfs" / config["entrypoint"][0].lstrip("/"), os.X_OK)
    assert sorted(path.name for path in packed.iterdir()) == ["config.json", "rootfs"]
    assert sum(path.lstat().st_size for path in packed.rglob("*")) < 100_000_000


def test_packed_it_runs_without_a_container(
    packed: Path, start: Callable[..., subprocess.Popen[str]], folder: Path
) -> None:
    start(str(packed / "rootfs" / "plugin"))
    client = connect(folder)
    call(client, "Create", Name="web")
    client.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change its root")
def test_packed_it_needs_nothing_but_its_root_file_system(packed: Path, folder: Path) -> None:
    rootfs = folder / "rootfs"
    shutil.copytree(packed / "rootfs", rootfs, symlinks=True)
    command = ("chroot", str(rootfs), "/plugin", "--socket", "/run/docker/plugins/x.sock", "--root", "/data")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    path = rootfs / "run/docker/plugins/x.sock"
    wait_for(path, process)
    client = new_client(f"unix://{path}", None, name="example")
    call(client, "Create", Name="web")
    call(client, "Mount", Name="web", ID="one")
    with pytest.raises(StatusError, match="volume web is mounted"):
        call(client, "Remove", Name="web")
    client.close()
    process.terminate()
    assert process.wait() == 0
    assert (rootfs / "data" / "web" / "data").is_dir()


def test_packing_over_something_is_refused_and_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("precious")
    with pytest.raises(OSError, match="not empty"):
        packing.pack(tmp_path / "taken")
    assert [path.name for path in tmp_path.rglob("*")] == ["taken", "file"]
