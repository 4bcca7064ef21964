"""Roots that were tampered with: each starts, lists what is intact, says what is not, and loses nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtime import Config, Daemon

NAMES = ("emptymaps", "fullvol", "labelvol", "nfsvol", "plainvol")
OPTS = '{"MountType":"tmpfs","MountOpts":"size=10m,uid=1000","MountDevice":"tmpfs","Quota":{"Size":0}}'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An engine's root with five volumes, two of them with options, one with labels."""
    made = tmp_path / "root"
    with Daemon(Config(root=made, plugin_folders=())) as daemon:
        for name in NAMES:
            daemon.volumes.create(name, "local", labels={"of": name} if name == "labelvol" else None)
    for name in ("fullvol", "nfsvol"):
        (made / "volumes" / name / "opts.json").write_text(OPTS)
    return made


def gone(path: str) -> Callable[[Path], None]:
    return lambda root: shutil.rmtree(root / path) if (root / path).is_dir() else (root / path).unlink()


def written(path: str, content: bytes) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)

    return write


def made(path: str) -> Callable[[Path], None]:
    return lambda root: (root / path).mkdir(parents=True)


def link(path: str, target: str) -> Callable[[Path], None]:
    return lambda root: (root / path).symlink_to(target)


V = "volumes/"
ALL = set(NAMES)
DAMAGE: dict[str, tuple[Callable[[Path], None], set[str], str]] = {
    "baseline": (lambda _: None, ALL, ""),
    "db-garbage": (written(f"{V}metadata.db", b"garbage" * 999), ALL, "metadata.db"),
    "db-empty": (written(f"{V}metadata.db", b""), ALL, ""),
    "db-gone": (gone(f"{V}metadata.sqlite3"), ALL, ""),
    "our-db-garbage": (written(f"{V}metadata.sqlite3", b"garbage" * 999), ALL, "damaged"),
    "our-db-empty": (written(f"{V}metadata.sqlite3", b""), ALL, ""),
    "vol-bad-name": (made(f"{V}-bad name/_data"), ALL | {"-bad name"}, ""),
    "vol-one-letter": (made(f"{V}y/_data"), ALL | {"y"}, ""),
    "vol-dir-not-in-db": (made(f"{V}adopted/_data"), ALL | {"adopted"}, ""),
    "vol-dir-not-in-db-no-data": (made(f"{V}adopted"), ALL | {"adopted"}, "adopted"),
    "vol-no-_data": (gone(f"{V}plainvol/_data"), ALL, "plainvol"),
    "vol-dir-gone": (gone(f"{V}plainvol"), ALL - {"plainvol"}, "plainvol"),
    "vol-opts-emptyobj": (written(f"{V}fullvol/opts.json", b"{}"), ALL, ""),
    "vol-opts-null": (written(f"{V}fullvol/opts.json", b"null"), ALL, ""),
    "vol-opts-empty": (written(f"{V}fullvol/opts.json", b""), ALL, "fullvol"),
    "vol-opts-gone": (gone(f"{V}fullvol/opts.json"), ALL, ""),
    "vol-opts-malformed": (written(f"{V}fullvol/opts.json", b'{"MountType":'), ALL, "fullvol"),
    "vol-opts-wrong-type": (written(f"{V}fullvol/opts.json", b'{"MountType":[]}'), ALL, "fullvol"),
    "vol-opts-binary": (written(f"{V}fullvol/opts.json", os.urandom(512)), ALL, "fullvol"),
    "vol-opts-on-plain": (written(f"{V}plainvol/opts.json", OPTS.encode()), ALL, ""),
    "vol-opts-a-directory": (made(f"{V}plainvol/opts.json"), ALL, "plainvol"),
    "vol-opts-a-link": (link(f"{V}plainvol/opts.json", "/etc/passwd"), ALL, "plainvol"),
    "vol-regular-file": (written(f"{V}stray", b"x"), ALL, ""),
    "vol-link": (link(f"{V}link", "/etc"), ALL, ""),
    "vol-data-a-file": (
        lambda root: (gone(f"{V}plainvol/_data")(root), written(f"{V}plainvol/_data", b"x")(root))[1],
        ALL,
        "volume plainvol: its directory _data is no directory",
    ),
    "vol-data-a-link": (
        lambda root: (gone(f"{V}plainvol/_data")(root), link(f"{V}plainvol/_data", "/etc")(root))[1],
        ALL,
        "volume plainvol: its directory _data is a link",
    ),
    "volumes-dir-gone": (gone("volumes"), set(), ""),
    "lost+found": (made(f"{V}lost+found"), ALL | {"lost+found"}, "lost+found"),
    "plug-storage-gone": (gone("plugins"), ALL, ""),
    "plug-nonhex-dir": (made("plugins/notes"), ALL, ""),
    "plug-hex-no-config": (made("plugins/" + "a" * 64), ALL, ""),
    "plug-config-malformed": (written(f"plugins/{'a' * 64}/config.json", b'{"plugin":'), ALL, ""),
    "plug-tmp-leftover": (made("plugins/tmp/123/rootfs"), ALL, ""),
    "unreadable": (lambda root: (root / V / "plainvol").chmod(0), ALL, ""),
}


def contents(root: Path) -> dict[str, Any]:
    """What must not be lost: the files and directories of volumes and plugins, with their contents."""
    kept = [path for path in root.rglob("*") if not path.name.startswith("metadata.")]
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() and not path.is_symlink() else None
        for path in kept
        if "plugins/tmp/" not in str(path)
    }


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_root_starts_twice_lists_what_is_intact_and_loses_nothing(root: Path, case: str) -> None:
    damage, expected, told = DAMAGE[case]
    damage(root)
    before = contents(root)
    seen = []
    for _ in range(2):
        with Daemon(Config(root=root, plugin_folders=())) as daemon:
            volumes, warnings = daemon.volumes.list()
            assert {volume.name for volume in volumes} == expected
            assert daemon.volumes.create("probe", "local").name == "probe"
            daemon.volumes.remove("probe")
            seen.append(warnings)
    assert any(told in warning for warning in seen[0]) if told else seen[0] == ()
    assert seen[1] == seen[0]
    assert before.items() <= contents(root).items()
