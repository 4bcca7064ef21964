"""Checks the plugins and volumes of a root for damage."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime.errdefs import EngineError
from runtime.pkg.stringid import VALID_FULL_ID
from runtime.plugin import backend
from runtime.plugin.blobstore import BasicBlobStore
from runtime.plugin.defs import ROOTFS_FILE_NAME
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store
from runtime.plugin.v2.plugin import Plugin
from runtime.volume.local import local_unix
from runtime.volume.local.crash import CREATING, REMOVING, aside
from runtime.volume.local.local import VOLUMES_PATH_NAME, Root
from runtime.volume.local.local_unix import VOLUME_DATA_PATH_NAME, BrokenOptions
from runtime.volume.service import bolt, db
from runtime.volume.volume import DEFAULT_DRIVER_NAME

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, with its place."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def check(root: Path, store: Store | None = None) -> list[Finding]:
    """Return the faults in a directory of plugins, and in a store that was loaded from it.

    Nothing is changed. Creations and removals in progress are reported as leftovers.

    Raises:
        OSError: the root cannot be read.
    """
    plugins, findings = _read_all(root)
    findings += _same_names(plugins)
    for plugin in plugins:
        findings += _check_plugin(root, plugin)
    findings += _leftovers(root)
    if store is not None:
        findings += _check_store(store, plugins)
    return findings


def _read_all(root: Path) -> tuple[list[Plugin], list[Finding]]:
    plugins, findings = [], []
    for entry in sorted(root.iterdir()):
        if not VALID_FULL_ID.fullmatch(entry.name):
            continue
        try:
            plugins.append(Manager.load_plugin(root, entry.name))
        except EngineError as error:
            findings.append(Finding(str(entry), f"no plugin can be loaded from it: {error}"))
    return plugins, findings


def _same_names(plugins: list[Plugin]) -> Iterator[Finding]:
    for name, count in Counter(plugin.name for plugin in plugins).items():
        if count > 1:
            yield Finding(name, f"{count} plugins have this name")


def _check_plugin(root: Path, plugin: Plugin) -> Iterator[Finding]:
    rootfs = root / plugin.id / ROOTFS_FILE_NAME
    if rootfs.is_symlink() or not rootfs.is_dir():
        yield Finding(str(rootfs), "the root file system is no directory")
    blobs = BasicBlobStore(root / "storage" / "blobs")
    for digest in (plugin.config, *(plugin.blobsums or ())):
        problem = _blob_problem(blobs, digest)
        if problem:
            yield Finding(f"{plugin.name} {digest}", problem)


def _blob_problem(blobs: BasicBlobStore, digest: str) -> str:
    """Return the fault of a blob, or an empty text if its content has its digest."""
    try:
        with blobs.get(digest) as blob:
            content = hashlib.sha256()
            while data := blob.read(_CHUNK):
                content.update(data)
    except FileNotFoundError:
        return "the blob is missing"
    except (OSError, EngineError) as error:
        return f"the blob cannot be read: {error}"
    return "" if digest == f"sha256:{content.hexdigest()}" else "the blob holds something else"


def _leftovers(root: Path) -> Iterator[Finding]:
    temporary = (*(root / "tmp").glob(".rootfs*"), *(root / "storage" / "blobs" / "tmp").glob(".insertion*"))
    halves = (
        entry
        for entry in root.iterdir()
        if VALID_FULL_ID.fullmatch(entry.name.removesuffix(backend.REMOVING))
    )
    for path in (
        *temporary,
        *(half for half in halves if half.name.endswith(backend.REMOVING)),
        *root.glob("*/.tmp-*"),
    ):
        yield Finding(str(path), "left over from something that was not finished")


def _check_store(store: Store, on_disk: list[Plugin]) -> Iterator[Finding]:
    loaded, written = store.get_all(), {plugin.id: plugin for plugin in on_disk}
    for plugin_id, plugin in loaded.items():
        if plugin_id != plugin.id:
            yield Finding(plugin_id, f"the store has a plugin with the id {plugin.id} under it")
        if plugin.ref_count < 0:
            yield Finding(plugin.name, "its count of users is below zero")
        if plugin_id not in written:
            yield Finding(plugin.name, "the store knows it, the disk does not")
        elif plugin.plugin_obj.settings != written[plugin_id].plugin_obj.settings:
            yield Finding(plugin.name, "its settings on disk are others than in memory")
    for plugin_id, plugin in written.items():
        if plugin_id not in loaded:
            yield Finding(plugin.name, "the disk has it, the store does not know it")


def inspect(root: Path) -> tuple[str, ...]:
    """Return one sentence for each fault of the volumes under a root.

    Raises:
        OSError: The root cannot be read.
    """
    directory = root / VOLUMES_PATH_NAME
    return (*_inspect(root, directory),) if directory.is_dir() else ()


def _inspect(root: Path, directory: Path) -> Iterator[str]:
    records, problems = _records(directory)
    yield from problems
    drivers: dict[str, str] = {}
    for name, value in records.items():
        try:
            drivers[name] = db.decode(value).driver if value else ""
        except EngineError as error:
            yield f"volume {name}: its record cannot be understood: {error}"
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield from _directories(Root(root.absolute(), descriptor), drivers)
    finally:
        os.close(descriptor)


def _directories(root: Root, drivers: Mapping[str, str]) -> Iterator[str]:
    names, leftovers = root.on_disk()
    for leftover in sorted(leftovers):
        yield f"{root.path}/{leftover}: left by a crash; the next start ends what was begun"
    for name in sorted(names):
        yield from _directory(root, name)
    recorded = {name for name, driver in drivers.items() if driver == DEFAULT_DRIVER_NAME}
    for name in sorted(recorded - names):
        if leftovers.isdisjoint({aside(CREATING, name), aside(REMOVING, name)}):
            yield f"volume {name}: it is recorded, and has no directory"


def _directory(root: Root, name: str) -> Iterator[str]:
    try:
        local_unix.read(f"{name}/{local_unix.FILE}", root.descriptor)
    except BrokenOptions as error:
        yield f"volume {name}: its options cannot be understood: {error}"
    if not os.access(f"{name}/{VOLUME_DATA_PATH_NAME}", os.F_OK, dir_fd=root.descriptor):
        yield f"volume {name}: its directory {VOLUME_DATA_PATH_NAME} is missing"


def _records(directory: Path) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Read the records of our database, or else of dockerd's file."""
    path = directory / db.FILE
    if path.exists():
        return _rows(path)
    if (directory / db.BOLT_FILE).is_file() and (directory / db.BOLT_FILE).stat().st_size:
        snapshot = bolt.read(directory / db.BOLT_FILE)
        return {
            key.decode(errors="replace"): value for key, value in snapshot.records.items()
        }, snapshot.problems
    return {}, ()


def _rows(path: Path) -> tuple[dict[str, bytes], tuple[str, ...]]:
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        problems = [row[0] for row in database.execute("pragma integrity_check") if row[0] != "ok"]
        rows = dict(database.execute("select name, value from volumes"))
    except sqlite3.Error as error:
        return {}, (f"{path}: {error}",)
    finally:
        database.close()
    return rows, tuple(f"{path}: {problem}" for problem in problems)
