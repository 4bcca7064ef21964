"""What must always hold of the plugins on disk and in memory, and what does not hold now."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import EngineError
from runtime.plugins import records
from runtime.plugins.blobs import BasicBlobStore
from runtime.plugins.identity import VALID_FULL_ID
from runtime.plugins.plugin import Plugin
from runtime.plugins.removal import REMOVING
from runtime.plugins.store import Store

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold: where, and what is wrong."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def check(root: Path, store: Store | None = None) -> list[Finding]:
    """What is wrong below a plugins' root, and with a store that was loaded from it.

    Nothing is changed. Creations and removals that are under way show up as leftovers.

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
            plugins.append(records.load_plugin(root, entry.name))
        except EngineError as error:
            findings.append(Finding(str(entry), f"no plugin can be loaded from it: {error}"))
    return plugins, findings


def _same_names(plugins: list[Plugin]) -> Iterator[Finding]:
    for name, count in Counter(plugin.name for plugin in plugins).items():
        if count > 1:
            yield Finding(name, f"{count} plugins have this name")


def _check_plugin(root: Path, plugin: Plugin) -> Iterator[Finding]:
    rootfs = root / plugin.get_id() / records.ROOTFS_FILE_NAME
    if rootfs.is_symlink() or not rootfs.is_dir():
        yield Finding(str(rootfs), "the root file system is no directory")
    blobs = BasicBlobStore(root / "storage" / "blobs")
    for digest in (plugin.config, *(plugin.blobsums or ())):
        problem = _blob_problem(blobs, digest)
        if problem:
            yield Finding(f"{plugin.name} {digest}", problem)


def _blob_problem(blobs: BasicBlobStore, digest: str) -> str:
    """What is wrong with a blob; nothing if its content has the digest that names it."""
    try:
        with blobs.get(digest) as blob:
            found = hashlib.sha256()
            while data := blob.read(_CHUNK):
                found.update(data)
    except FileNotFoundError:
        return "the blob is missing"
    except (OSError, EngineError) as error:
        return f"the blob cannot be read: {error}"
    return "" if digest == f"sha256:{found.hexdigest()}" else "the blob holds something else"


def _leftovers(root: Path) -> Iterator[Finding]:
    aside = (*(root / "tmp").glob(".rootfs*"), *(root / "storage" / "blobs" / "tmp").glob(".insertion*"))
    halves = (entry for entry in root.iterdir() if VALID_FULL_ID.fullmatch(entry.name.removesuffix(REMOVING)))
    for path in (*aside, *(half for half in halves if half.name.endswith(REMOVING)), *root.glob("*/.tmp-*")):
        yield Finding(str(path), "left over from something that was not finished")


def _check_store(store: Store, on_disk: list[Plugin]) -> Iterator[Finding]:
    known, written = store.get_all(), {plugin.get_id(): plugin for plugin in on_disk}
    for plugin_id, plugin in known.items():
        if plugin_id != plugin.get_id():
            yield Finding(plugin_id, f"the store has a plugin with the id {plugin.get_id()} under it")
        if plugin.get_ref_count() < 0:
            yield Finding(plugin.name, "its count of users is below zero")
        if plugin_id not in written:
            yield Finding(plugin.name, "the store knows it, the disk does not")
        elif plugin.plugin_obj.settings != written[plugin_id].plugin_obj.settings:
            yield Finding(plugin.name, "its settings on disk are others than in memory")
    for plugin_id, plugin in written.items():
        if plugin_id not in known:
            yield Finding(plugin.name, "the disk has it, the store does not know it")
