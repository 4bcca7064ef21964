"""Directories that are swapped for links meanwhile: what is outside is neither deleted nor changed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import damage_root
import pytest

from runtime.daemon import initlayer
from runtime.errdefs import EngineError
from runtime.pkg import system
from runtime.plugin.backend import atomic_remove_all
from runtime.volume.local import local
from runtime.volume.local.local import Root


@pytest.fixture(params=[5, pytest.param(150, marks=pytest.mark.slow)])
def rounds(request: pytest.FixtureRequest) -> int:
    """How often it is tried."""
    return int(request.param)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory of somebody else, with names in it that an engine uses too."""
    directory = tmp_path / "outside"
    for name in ("hosts", "hostname", "mtab", "resolv.conf", "file", "sub/file", "pts/file", "_data/file"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("precious")
    directory.chmod(0o700)
    return directory


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    made = local.new(tmp_path / "engine")
    yield made
    made.close()


@contextmanager
def swapped(place: Path, outside: Path, aside: Path) -> Iterator[None]:
    """Have a directory be a link to the outside, and a directory again, as often as possible."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            with suppress(OSError):
                place.rename(aside)
                place.symlink_to(outside)
            with suppress(OSError):
                place.unlink()
            with suppress(OSError):
                aside.rename(place)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def fill(directory: Path) -> None:
    for number in range(5):
        (directory / f"sub/{number}/deep").mkdir(parents=True, exist_ok=True)
        (directory / f"sub/{number}/deep/file").touch()
    (directory / "sub/file").touch()


@pytest.mark.parametrize("place", ["_data", "_data/sub", "_data/sub/3"])
def test_a_swap_in_a_volume_leads_its_removal_nowhere(
    root: Root, tmp_path: Path, outside: Path, place: str, rounds: int
) -> None:
    before = damage_root.snapshot(outside)
    for number in range(rounds):
        volume = root.create(f"test{number}")
        fill(Path(volume.path()))
        hidden = Path(root.path) / f".-test{number}"
        with swapped(hidden / place, outside, tmp_path / "aside"), suppress(EngineError):
            root.remove(volume)
    assert damage_root.snapshot(outside) == before
    assert outside.stat().st_mode & 0o777 == 0o700


def test_a_swap_of_the_data_leads_the_making_of_a_volume_nowhere(
    root: Root, tmp_path: Path, outside: Path, rounds: int
) -> None:
    for number in range(rounds):
        place = Path(root.path) / f".+test{number}" / "_data"
        with swapped(place, outside, tmp_path / "aside"), suppress(EngineError):
            root.create(f"test{number}")
    assert outside.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("place", ["rootfs", "rootfs/sub", "rootfs/sub/3"])
def test_a_swap_in_a_plugin_leads_its_removal_nowhere(
    tmp_path: Path, outside: Path, place: str, rounds: int
) -> None:
    before = damage_root.snapshot(outside)
    for number in range(rounds):
        plugin = tmp_path / f"plugin{number}"
        fill(plugin / "rootfs")
        removing = plugin.with_name(f"{plugin.name}-removing")
        with swapped(removing / place, outside, tmp_path / "aside"), suppress(EngineError, OSError):
            atomic_remove_all(plugin)
    assert damage_root.snapshot(outside) == before


@pytest.mark.parametrize("place", ["etc", "dev"])
def test_a_swap_in_a_plugin_leads_its_start_nowhere(
    tmp_path: Path, outside: Path, place: str, rounds: int
) -> None:
    before = damage_root.snapshot(outside)
    for number in range(rounds):
        rootfs = tmp_path / f"rootfs{number}"
        (rootfs / place).mkdir(parents=True)
        for name in ("hosts", "hostname", "mtab", "pts"):
            os.symlink("nowhere", rootfs / place / name)  # noqa: PTH211 - beside its like above
        with swapped(rootfs / place, outside, tmp_path / "aside"), suppress(OSError):
            initlayer.setup(rootfs)
    assert damage_root.snapshot(outside) == before


def test_data_that_become_a_link_once_they_are_made_change_no_mode_outside(
    root: Root, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = os.mkdir

    def swapping(name: str, mode: int, *, dir_fd: int) -> None:
        mkdir(name, mode, dir_fd=dir_fd)
        if name == "_data":
            os.rmdir(name, dir_fd=dir_fd)
            os.symlink(outside, name, dir_fd=dir_fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", swapping)
        with pytest.raises(EngineError, match="error while creating volume path"):
            root.create("test")
    assert outside.stat().st_mode & 0o777 == 0o700
    assert root.list() == ()


def filling(monkeypatch: pytest.MonkeyPatch, target: str, times: int) -> None:
    """Have somebody put a file into a directory right before it is removed, so many times."""
    rmdir, left = os.rmdir, [None] * times

    def filled(name: str, *, dir_fd: int) -> None:
        if left and name == target:
            left.pop()
            os.close(os.open(f"{name}/late", os.O_CREAT | os.O_CLOEXEC, dir_fd=dir_fd))
        rmdir(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "rmdir", filled)


def test_a_directory_that_is_filled_again_meanwhile_is_emptied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tree/sub").mkdir(parents=True)
    with system.opened(tmp_path) as parent, monkeypatch.context() as patch:
        filling(patch, "tree", 7)
        system.remove_tree("tree", parent)
    assert list(tmp_path.iterdir()) == []


def test_what_of_a_failed_creation_cannot_be_removed_does_not_hide_why_it_failed(
    root: Root, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = os.stat

    def refused(name: str, **options: Any) -> os.stat_result:
        if name == "_data":
            raise PermissionError(1, "Operation not permitted")
        return found(name, **options)

    with monkeypatch.context() as patch:
        filling(patch, ".+test", system.ROUNDS)
        patch.setattr(os, "stat", refused)
        with pytest.raises(EngineError, match=r"error while creating volume path .*: .*not permitted"):
            root.create("test")
    assert ".+test: cannot be removed" in caplog.text
    assert root.list() == ()
    assert root.create("test").name == "test"


def test_a_root_file_system_that_is_a_link_is_not_filled(tmp_path: Path, outside: Path) -> None:
    before = damage_root.snapshot(outside)
    (tmp_path / "rootfs").symlink_to(outside)
    with pytest.raises(OSError, match="rootfs"):
        initlayer.setup(tmp_path / "rootfs")
    assert damage_root.snapshot(outside) == before


def test_a_folder_that_becomes_a_link_before_a_file_is_made_in_it_leads_nowhere(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = damage_root.snapshot(outside)
    etc = tmp_path / "rootfs" / "etc"
    etc.mkdir(parents=True)
    lstat = os.lstat

    def swapping(name: str, *, dir_fd: int) -> os.stat_result:
        if name == "hosts":
            etc.rename(tmp_path / "rootfs" / "moved")
            etc.symlink_to(outside)
        return lstat(name, dir_fd=dir_fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", swapping)
        with suppress(OSError):
            initlayer.setup(tmp_path / "rootfs")
    assert (tmp_path / "rootfs" / "moved" / "hosts").exists()
    assert damage_root.snapshot(outside) == before
