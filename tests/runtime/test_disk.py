"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path

import pytest

from runtime import disk


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    disk.atomic_write_file(path, b"new", 0o600)
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
        disk.atomic_write_file(path, b"new", 0o600)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("busy", [3, disk.REMOVE_RETRIES + 1])
def test_what_is_busy_is_tried_again_so_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy: int
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    naps: list[float] = []
    remove = shutil.rmtree

    def sometimes(path: Path) -> None:
        if len(naps) < busy:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path))
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", sometimes)
    if busy > disk.REMOVE_RETRIES:
        with pytest.raises(OSError, match="busy"):
            disk.ensure_remove_all(tree, sleep=naps.append)
        assert naps == [disk.REMOVE_WAIT] * disk.REMOVE_RETRIES
    else:
        disk.ensure_remove_all(tree, sleep=naps.append)
        assert naps == [disk.REMOVE_WAIT] * busy
        assert not tree.exists()
