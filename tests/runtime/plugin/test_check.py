"""The check finds what does not hold, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.api.types.plugin import PluginCreateOptions
from runtime.check import check
from runtime.plugin.manager import Manager

if TYPE_CHECKING:
    from conftest import Home


@pytest.fixture
def manager(home: Home, source: Path) -> Manager:
    made = home.start()
    made.create_from_directory(source, PluginCreateOptions("test"))
    return made


def directory(manager: Manager) -> Path:
    return manager.config.root / manager.get("test").id


def layer(manager: Manager) -> Path:
    (blobsum,) = manager.get("test").blobsums or ()
    return manager.blob_store.path / "sha256" / blobsum.removeprefix("sha256:")


DAMAGE: dict[str, tuple[Callable[[Manager], object], str]] = {
    "broken config": (
        lambda manager: (directory(manager) / "config.json").write_text("{"),
        "no plugin can be loaded from it",
    ),
    "no rootfs": (
        lambda manager: shutil.rmtree(directory(manager) / "rootfs"),
        "the root file system is no directory",
    ),
    "no blob": (lambda manager: layer(manager).unlink(), "the blob is missing"),
    "other blob": (lambda manager: layer(manager).write_bytes(b"x"), "the blob holds something else"),
    "half a creation": (
        lambda manager: (manager.config.root / "tmp" / ".rootfs1").mkdir(),
        "left over from something that was not finished",
    ),
    "half a removal": (
        lambda manager: (manager.config.root / ("a" * 64 + "-removing")).mkdir(),
        "left over from something that was not finished",
    ),
    "half a save": (
        lambda manager: (directory(manager) / ".tmp-config.json1").touch(),
        "left over from something that was not finished",
    ),
    "half a blob": (
        lambda manager: (manager.blob_store.path / "tmp" / ".insertion1").touch(),
        "left over from something that was not finished",
    ),
    "forgotten": (
        lambda manager: manager.config.store.set_all({}),
        "the disk has it, the store does not know it",
    ),
    "gone": (
        lambda manager: shutil.rmtree(directory(manager)),
        "the store knows it, the disk does not",
    ),
    "not saved": (
        lambda manager: manager.get("test").set(["DEBUG=1"]),
        "its settings on disk are others than in memory",
    ),
    "twice": (
        lambda manager: _copy_as_another(directory(manager)),
        "2 plugins have this name",
    ),
}


def _copy_as_another(path: Path) -> None:
    other = path.with_name("e" * 64)
    shutil.copytree(path, other)
    config = (other / "config.json").read_text()
    (other / "config.json").write_text(config.replace(path.name, other.name))


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_damage_is_found(manager: Manager, damage: str) -> None:
    do, what = DAMAGE[damage]
    do(manager)
    assert what in "\n".join(str(finding) for finding in check(manager.config.root, manager.config.store))


def test_a_whole_root_has_no_findings_and_is_not_changed(manager: Manager) -> None:
    before = {path: path.lstat().st_mtime_ns for path in manager.config.root.rglob("*")}
    assert check(manager.config.root, manager.config.store) == []
    assert {path: path.lstat().st_mtime_ns for path in manager.config.root.rglob("*")} == before
