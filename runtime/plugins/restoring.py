"""The plugins on disk, and those of them that are to run, at the start."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterator, Sequence
from functools import partial
from pathlib import Path

from runtime import background
from runtime.disk import ensure_remove_all
from runtime.errors import EngineError
from runtime.plugins import golang_json, propagation, records
from runtime.plugins.api_types import PluginConfig
from runtime.plugins.blobs import BasicBlobStore
from runtime.plugins.controller import Controller
from runtime.plugins.identity import VALID_FULL_ID
from runtime.plugins.lifecycle import GoneBeforeListening, Lifecycle
from runtime.plugins.logs import failure
from runtime.plugins.plugin import Plugin
from runtime.plugins.removal import REMOVING
from runtime.workers import Workers

log = logging.getLogger(__name__)


def load_all(root: Path, blobs: BasicBlobStore, workers: Workers) -> Iterator[Plugin]:
    """The plugins below a root that can be loaded; what is left of removed ones goes, in the background.

    Raises:
        OSError: the root cannot be read.
    """
    for entry in sorted(root.iterdir()):
        if VALID_FULL_ID.fullmatch(entry.name):
            try:
                plugin = records.load_plugin(root, entry.name)
            except EngineError as error:
                records.handle_load_error(error, entry.name)
                continue
            _restore_config(plugin, blobs)
            plugin.written = plugin.to_file()
            yield plugin
        elif VALID_FULL_ID.fullmatch(entry.name.removesuffix(REMOVING)):
            background.run(workers, partial(_remove_leftover, entry))


def unread(root: Path, known: Container[str]) -> Sequence[str]:
    """The ids of plugins on disk that could not be loaded, and whose blobs nobody knows therefore."""
    found = (path.parent.name for path in root.glob(f"*/{records.CONFIG_FILE_NAME}"))
    return sorted(name for name in found if VALID_FULL_ID.fullmatch(name) and name not in known)


def reload_one(lifecycle: Lifecycle, p: Plugin, c: Controller) -> None:
    """Take over a plugin or start it, if it is to run; what fails is logged and hurts no other."""
    try:
        lifecycle.restore_plugin(p, c)
    except (EngineError, OSError) as error:
        failure(log, "Failed to restore plugin", error, id=p.get_id())
        if not isinstance(error, GoneBeforeListening) and not lifecycle.closing.is_set():
            lifecycle.give_up(p, c)
        return
    root = lifecycle.config.root
    with p.turn:
        if p.rootfs:
            p.rootfs = str(root / p.get_id() / records.ROOTFS_FILE_NAME)
        propagation.prepare(p)
        _save_quietly(root, p)
        if not lifecycle.config.live_restore_enabled and p.is_enabled():
            _start_again(lifecycle, p, c)


def connect(lifecycle: Lifecycle, p: Plugin, c: Controller) -> None:
    """Give a plugin that is to run its client, so that calls wait for it while it starts."""
    if not p.is_enabled():
        return
    try:
        lifecycle.connect(p, c)
    except EngineError as error:
        failure(log, "Failed to restore plugin", error, id=p.get_id())


def _start_again(lifecycle: Lifecycle, p: Plugin, c: Controller) -> None:
    """Without live restore the plugin is stopped now; nobody waits for one that cannot be started."""
    try:
        lifecycle.enable(p, c, force=True)
    except GoneBeforeListening as error:
        failure(log, "failed to enable plugin", error, id=p.get_id())
    except (EngineError, OSError) as error:
        failure(log, "failed to enable plugin", error, id=p.get_id())
        lifecycle.give_up(p, c)
        p.set_p_client(None)


def _restore_config(plugin: Plugin, blobs: BasicBlobStore) -> None:
    """A blob holds the config as its author wrote it; without the blob it stays as it is."""
    try:
        with blobs.get(plugin.config) as blob:
            document = golang_json.parse(blob.read(golang_json.SIZE_LIMIT + 1))
        plugin.restore_config(golang_json.decode(document, PluginConfig))
    except (EngineError, OSError) as error:
        log.debug("no config blob: %s", error, extra={"id": plugin.get_id()})


def _save_quietly(root: Path, p: Plugin) -> None:
    try:
        records.save(root, p)
    except EngineError as error:
        failure(log, "cannot save plugin", error, id=p.get_id())


def _remove_leftover(path: Path) -> None:
    try:
        ensure_remove_all(path)
    except OSError as error:
        log.warning(
            "error while attempting to clean up previously removed plugin",
            extra={"id": path.name, "error": str(error)},
        )
