"""Removal never reaches outside: links, mounts, depth, and swaps in the middle."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.errdefs import System
from runtime.pkg import system
from runtime.pkg.mount import mounts_under
from runtime.volume.local import local
from runtime.volume.local.local import LocalVolume, Root

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    made = local.new(tmp_path / "engine")
    yield made
    made.close()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory with a file that must survive."""
    directory = tmp_path / "outside"
    directory.mkdir()
    (directory / "precious").write_text("kept")
    return directory


def data(volume: LocalVolume) -> Path:
    return Path(volume.path())


def own(volume: LocalVolume) -> Path:
    return data(volume).parent


def link_data_to(volume: LocalVolume, target: Path) -> None:
    data(volume).rmdir()
    data(volume).symlink_to(target)


def test_links_in_the_data_are_removed_and_not_followed(root: Root, outside: Path) -> None:
    volume = root.create("test")
    (data(volume) / "link").symlink_to(outside)
    (data(volume) / "deep").mkdir()
    (data(volume) / "deep" / "link").symlink_to(outside)
    (data(volume) / "deep" / "up").symlink_to("../../../../../outside")
    root.remove(volume)
    assert (outside / "precious").read_text() == "kept"
    assert not own(volume).exists()


def test_data_that_link_outside_are_refused(root: Root, outside: Path) -> None:
    volume = root.create("test")
    link_data_to(volume, outside)
    with pytest.raises(System) as error:
        root.remove(volume)
    assert str(error.value) == (
        f"Unable to remove a directory outside of the local volume root {root.base}: {outside}"
    )
    assert (outside / "precious").read_text() == "kept"
    assert root.get("test") is volume


def test_data_that_link_to_a_sibling_of_the_root_are_refused(root: Root) -> None:
    sibling = root.base / "volumes-evil"
    sibling.mkdir()
    volume = root.create("test")
    link_data_to(volume, sibling)
    with pytest.raises(System, match="Unable to remove a directory outside of the local volume root"):
        root.remove(volume)
    assert sibling.is_dir()


def test_data_that_link_to_another_volume_are_refused(root: Root) -> None:
    other = root.create("other")
    (data(other) / "precious").write_text("kept")
    volume = root.create("test")
    link_data_to(volume, data(other))
    with pytest.raises(System, match="Unable to remove a directory outside of the local volume root"):
        root.remove(volume)
    assert (data(other) / "precious").read_text() == "kept"


def test_data_that_link_to_a_volume_whose_name_begins_alike_are_refused(root: Root) -> None:
    other = root.create("test-more")
    volume = root.create("test")
    link_data_to(volume, data(other))
    with pytest.raises(System, match="Unable to remove"):
        root.remove(volume)
    assert data(other).is_dir()


def test_data_that_link_nowhere_are_removed(root: Root, tmp_path: Path) -> None:
    volume = root.create("test")
    link_data_to(volume, tmp_path / "nowhere")
    root.remove(volume)
    assert not own(volume).exists()


def test_data_that_link_within_the_volume_are_removed(root: Root) -> None:
    volume = root.create("test")
    (own(volume) / "real").mkdir()
    link_data_to(volume, own(volume) / "real")
    root.remove(volume)
    assert not own(volume).exists()


def test_a_volume_whose_directory_became_a_link_is_refused(root: Root, outside: Path) -> None:
    volume = root.create("test")
    own(volume).rename(root.base / "moved")
    own(volume).symlink_to(outside)
    with pytest.raises(System, match="Unable to remove"):
        root.remove(volume)
    assert (outside / "precious").read_text() == "kept"


def test_a_link_that_comes_after_the_check_is_removed_and_not_followed(root: Root, outside: Path) -> None:
    volume = root.create("test")
    hidden = root.base / "volumes" / ".-test"
    with root.removing(volume):
        hidden.rename(root.base / "moved")
        hidden.symlink_to(outside)
    assert (outside / "precious").read_text() == "kept"
    assert not hidden.is_symlink()


def test_a_directory_that_becomes_a_link_while_it_is_deleted_is_not_followed(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim" / "inner"
    victim.mkdir(parents=True)
    (victim / "file").write_text("x")
    opened = system.opened

    def swapping(name: str, parent: int | None = None) -> object:
        if name == "inner" and not victim.is_symlink():
            victim.rename(tmp_path / "away")
            victim.symlink_to(outside)
        return opened(name, parent)

    monkeypatch.setattr(system, "opened", swapping)
    with opened(tmp_path) as parent:
        system.remove_tree("victim", parent)
    assert (outside / "precious").read_text() == "kept"
    assert not victim.parent.exists()


def test_a_tree_that_is_deeper_than_any_path_is_removed(root: Root) -> None:
    volume = root.create("test")
    here = os.open(volume.path(), os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("deep", dir_fd=here)
        below = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    root.remove(volume)
    assert not own(volume).exists()


def test_names_that_look_like_those_of_moved_directories_are_no_hindrance(root: Root) -> None:
    volume = root.create("test")
    for name in (".0", ".1/x/y", ".2", "a/b/c/d", "a/.0/e/f"):
        (data(volume) / name).mkdir(parents=True, exist_ok=True)
        (data(volume) / name / "file").write_text("x")
    (own(volume) / ".0").write_text("a file")
    root.remove(volume)
    assert not own(volume).exists()


def test_all_kinds_of_entries_are_removed(root: Root) -> None:
    volume = root.create("test")
    os.mkfifo(data(volume) / "fifo")
    (data(volume) / "hard").write_text("x")
    (data(volume) / "link").hardlink_to(data(volume) / "hard")
    (data(volume) / os.fsdecode(b"\xff\n")).mkdir()
    (data(volume) / "locked").mkdir(0o000)
    root.remove(volume)
    assert not own(volume).exists()


@pytest.mark.parametrize("name", ["..", "../outside", "/etc"])
def test_a_volume_can_have_no_name_that_leads_out(root: Root, outside: Path, name: str) -> None:
    with pytest.raises(System, match="Unable to remove a directory outside"):
        root.remove(LocalVolume(name, root))
    assert (outside / "precious").read_text() == "kept"


@pytest.fixture
def bind(tmp_path: Path) -> Iterator[object]:
    """Mounts one directory at another for the time of the test, wherever that is moved."""
    yield lambda source, target: subprocess.run(["mount", "--bind", source, target], check=True)
    for target in mounts_under(str(tmp_path.resolve())):
        subprocess.run(["umount", "--lazy", target], check=True)


@as_root
@pytest.mark.parametrize("where", ["_data", "_data/deep/er"])
def test_what_is_mounted_inside_is_not_deleted(root: Root, outside: Path, bind: object, where: str) -> None:
    volume = root.create("test")
    (own(volume) / where).mkdir(parents=True, exist_ok=True)
    (data(volume) / "file").write_text("x")
    bind(outside, own(volume) / where)  # type: ignore[operator]  # the fixture's function
    with pytest.raises(System, match=r"error removing volume path '.*/test': something is mounted at"):
        root.remove(volume)
    assert (outside / "precious").read_text() == "kept"
    assert root.get("test") is volume


@as_root
def test_a_mount_that_comes_after_the_check_is_not_deleted(root: Root, outside: Path, bind: object) -> None:
    volume = root.create("test")
    (data(volume) / "late" / "sub").mkdir(parents=True)
    with pytest.raises(System, match="something is mounted at"), root.removing(volume):
        bind(outside, root.base / "volumes/.-test/_data/late/sub")  # type: ignore[operator]  # likewise
    assert (outside / "precious").read_text() == "kept"
    assert root.get("test") is volume


def test_nothing_is_lost_if_a_removal_is_taken_back(root: Root) -> None:
    volume = root.create("test")
    (data(volume) / "file").write_text("kept")
    with pytest.raises(KeyError), root.removing(volume):
        raise KeyError
    assert (data(volume) / "file").read_text() == "kept"
    assert root.list() == (volume,)
