"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from pathlib import Path

import pytest

from runtime.pkg import ioutils, system


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    ioutils.atomic_write_file(path, b"new", 0o600)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        ioutils.atomic_write_file(path, b"new", 0o600)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("busy", [3, system.REMOVE_RETRIES + 1])
def test_what_is_busy_is_tried_again_so_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy: int
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    naps: list[float] = []
    remove = system.remove_tree

    def sometimes(name: str, parent: int) -> None:
        if len(naps) < busy:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), name)
        remove(name, parent)

    monkeypatch.setattr(system, "remove_tree", sometimes)
    if busy > system.REMOVE_RETRIES:
        with pytest.raises(OSError, match="busy"):
            system.ensure_remove_all(tree, sleep=naps.append)
        assert naps == [system.REMOVE_WAIT] * system.REMOVE_RETRIES
    else:
        system.ensure_remove_all(tree, sleep=naps.append)
        assert naps == [system.REMOVE_WAIT] * busy
        assert not tree.exists()


def deepen(directory: Path, levels: int) -> None:
    """Make directories in directories, deeper than a path can name."""
    descriptor = os.open(directory, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)


@pytest.mark.parametrize("levels", [1, 1100])
def test_deep_tree_is_removed(tmp_path: Path, levels: int) -> None:
    tree = tmp_path / "real" / "tree"
    tree.mkdir(parents=True)
    deepen(tree, levels)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    system.ensure_remove_all(tmp_path / "link" / "tree")
    assert list((tmp_path / "real").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_mount_deep_in_tree_is_detached_not_deleted(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "tree" / "a" / "b"
    outside.mkdir()
    inside.mkdir(parents=True)
    (outside / "precious").touch()
    subprocess.run(["mount", "--bind", outside, inside], check=True)
    system.ensure_remove_all(tmp_path / "tree")
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert (outside / "precious").exists()
