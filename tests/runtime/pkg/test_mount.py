"""What is mounted where, and detaching it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.pkg import mount
from runtime.pkg.system import ensure_remove_all

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Path, Path, Path]]:
    """Three mounts: `a`, one below it whose name has a space, and `ab` beside it."""
    found = (tmp_path / "a", tmp_path / "a" / "in side", tmp_path / "ab")
    for place in found:
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], check=True)
    yield found
    mount.recursive_unmount(tmp_path)


@ROOT
def test_mounts_below_go_and_one_whose_name_begins_the_same_stays(places: tuple[Path, Path, Path]) -> None:
    above, below, beside = places
    assert mount.mounted(below)
    mount.recursive_unmount(above)
    assert [mount.mounted(place) for place in (above, below, beside)] == [False, False, True]


@ROOT
def test_removing_a_tree_detaches_what_is_mounted_in_it(tmp_path: Path) -> None:
    inside = tmp_path / "tree" / "mounted"
    inside.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(inside)], check=True)
    ensure_remove_all(tmp_path / "tree")
    assert list(tmp_path.iterdir()) == []


@ROOT
def test_a_shared_directory_becomes_a_mount_point_of_its_own(tmp_path: Path) -> None:
    mount.make_r_shared(tmp_path)
    mount.make_r_shared(tmp_path)
    assert mount.get_mounts().count(str(tmp_path)) == 1
    mount.unmount(tmp_path)
    assert not mount.mounted(tmp_path)


def test_what_is_not_mounted_need_not_be_detached(tmp_path: Path) -> None:
    mount.recursive_unmount(tmp_path)
    assert not mount.mounted(tmp_path)
