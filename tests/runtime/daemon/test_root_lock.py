"""The lock on a root: whom it keeps off, and what it leaves alone."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

import pytest

from runtime.daemon.root_lock import InUse, RootLock, locked_directory
from runtime.errdefs import EngineError


def lock(root: Path, *, create: bool = True) -> RootLock:
    return RootLock(root, wait=0, retry=0, create=create)


def test_second_lock_is_refused_until_release(tmp_path: Path) -> None:
    with lock(tmp_path), pytest.raises(InUse, match=f"^another engine uses {tmp_path}$"):
        lock(tmp_path)
    lock(tmp_path).release()


def test_lock_is_held_until_its_last_holder_releases_it(tmp_path: Path) -> None:
    first = lock(tmp_path)
    second = first.hold()
    first.release()
    with pytest.raises(InUse):
        lock(tmp_path)
    second.release()
    lock(tmp_path).release()


def test_a_link_to_a_root_is_the_same_root(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "link").symlink_to("r")
    with lock(tmp_path / "r"), pytest.raises(InUse):
        lock(tmp_path / "link")


@pytest.mark.parametrize(
    "database",
    [
        "volumes/metadata.db",
        "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db",
        "buildkit/cache.db",
        "network/files/local-kv.db",
    ],
)
def test_a_database_that_dockerd_has_locked_refuses_the_root(tmp_path: Path, database: str) -> None:
    (tmp_path / database).parent.mkdir(parents=True)
    with (tmp_path / database).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InUse):
            lock(tmp_path)
    lock(tmp_path).release()


@pytest.mark.parametrize("odd", ["directory", "pipe", "link", "nothing"])
def test_odd_database_is_no_obstacle(tmp_path: Path, odd: str) -> None:
    path = tmp_path / "volumes" / "metadata.db"
    path.parent.mkdir()
    if odd == "directory":
        path.mkdir()
    elif odd == "pipe":
        os.mkfifo(path)
    elif odd == "link":
        path.symlink_to("/nowhere")
    with lock(tmp_path), pytest.raises(InUse):
        lock(tmp_path)
    assert not Path("/nowhere").exists()


def test_looking_makes_nothing(tmp_path: Path) -> None:
    with lock(tmp_path, create=False):
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(EngineError, match="No such file"):
        lock(tmp_path / "r", create=False)
    with suppress(EngineError):
        lock(tmp_path / "r", create=False)
    assert not (tmp_path / "r").exists()


def test_a_directory_is_locked_once(tmp_path: Path) -> None:
    with locked_directory(tmp_path, 0, 0), pytest.raises(InUse), locked_directory(tmp_path, 0, 0):
        pass
    with locked_directory(tmp_path, 0, 0):
        pass
