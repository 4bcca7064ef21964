"""The modes of all that the engine writes: nobody but its owner reads what may hold a password."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from runtime import Config, Daemon
from runtime.api.types.plugin import PluginCreateOptions
from runtime.daemon.listeners import Listener
from runtime.examples.enable import write_source
from runtime.volume.service import db

OPTIONS = {"type": "tmpfs", "device": "tmpfs", "o": "uid=1000,size=1m"}

READABLE = {
    "root": 0o711,  # as moby's: plugins find their mounts below it
    "root/volumes/data/_data": 0o755,  # what users mount
    "root/volumes/options/_data": 0o755,
}
"""What others may enter; all else is 0700 or 0600."""

PLUGINS_OWN = ("/rootfs", "/propagated-mount", "/propagated-mount/.unfinished", "/tiny.sock")
"""Ends of names of what a plugin brings or makes, in directories that nobody else can enter."""


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=["umask 000", "umask 022", "umask 077"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def base() -> Iterator[Path]:
    """A directory with a short path, as sockets need it."""
    with TemporaryDirectory(prefix="m") as made:
        yield Path(made)


def modes(base: Path) -> dict[str, int]:
    """The mode of each file and directory, but for those inside a plugin's root file system."""
    found = {}
    for path in base.rglob("*"):
        name = path.relative_to(base).as_posix()
        if "/rootfs/" not in name and "source" not in name and not path.is_symlink():
            found[name] = stat.S_IMODE(path.lstat().st_mode)
    return found


def too_open(found: dict[str, int]) -> dict[str, str]:
    return {
        name: oct(mode)
        for name, mode in found.items()
        if mode & 0o077 & ~READABLE.get(name, 0) and not name.endswith(PLUGINS_OWN)
    }


def test_engine_writes_nothing_that_others_can_read(base: Path, umask: int) -> None:
    config = Config(root=base / "root", exec_root=base / "x", plugin_folders=())
    with Daemon(config) as daemon, Listener(f"unix://{base / 'api.sock'}"):
        daemon.volumes.create("data", "local", labels={"secret": "label"})
        daemon.volumes.create("options", "local", options=OPTIONS)
        source = PluginCreateOptions(repo_name="tiny")
        daemon.plugins.create_from_directory(write_source(base / "source"), source)
        daemon.plugins.enable("tiny")
        running = modes(base)
        daemon.plugins.disable("tiny")
    stopped = modes(base)
    assert {name for name in running if "metadata" in name} > {"root/volumes/metadata.sqlite3-wal"}
    assert "root/volumes/options/opts.json" in running
    assert running.pop("api.sock") == 0o660
    assert too_open(running) == {}
    assert too_open(stopped) == {}
    assert running["root/volumes/data/_data"] == 0o755  # whatever the umask


def test_records_are_private_in_directory_that_others_may_enter(base: Path, umask: int) -> None:
    volumes = base / "root" / "volumes"
    volumes.mkdir(parents=True)
    volumes.chmod(0o701)  # as dockerd's
    with Daemon(Config(root=base / "root", exec_root=base / "x", plugin_folders=())) as daemon:
        daemon.volumes.create("data", "local", labels={"secret": "label"})
        found = modes(volumes)
    assert {name: mode for name, mode in found.items() if "metadata" in name and mode != 0o600} == {}


def test_records_of_earlier_versions_are_narrowed(base: Path, umask: int) -> None:
    volumes = base / "root" / "volumes"
    volumes.mkdir(parents=True)
    kept = sqlite3.connect(volumes / db.FILE)
    kept.execute("pragma journal_mode = wal")
    kept.executescript(db.SCHEMA)
    (volumes / f"{db.FILE}{db.ASIDE}1").write_text("the damaged database of long ago")
    for path in volumes.iterdir():
        path.chmod(0o644)
    with Daemon(Config(root=base / "root", exec_root=base / "x", plugin_folders=())):
        found = modes(volumes)
    kept.close()
    assert {name: mode for name, mode in found.items() if mode != 0o600} == {}


def test_link_at_place_of_records_keeps_mode_of_its_target(base: Path) -> None:
    volumes = base / "root" / "volumes"
    volumes.mkdir(parents=True)
    target = base / "other"
    target.touch(0o644)
    target.chmod(0o644)
    (volumes / db.FILE).symlink_to(target)
    with Daemon(Config(root=base / "root", exec_root=base / "x", plugin_folders=())):
        assert stat.S_IMODE(target.stat().st_mode) == 0o644
