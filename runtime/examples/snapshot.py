"""The state of an engine as plain data, for the recordings on the site and for `example NAME --step`."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from runtime.daemon.daemon import Daemon
from runtime.examples._story import with_fixed_folder
from runtime.examples.legacy import REQUESTS
from runtime.pkg.plugins import transport
from runtime.pkg.plugins.plugins import Plugins
from runtime.plugin.manager import Manager
from runtime.volume.drivers.extpoint import Store as Drivers
from runtime.volume.service.store import VolumeStore

LIMIT: Final = 200
"""Characters of a text that are shown."""

# Their names are random, or they come and go with the database's own rhythm.
_PASSING: Final = re.compile(r"^\.tmp-|^\.insertion|^\.rootfs|-(?:wal|shm|journal)$")
_answered: list[str] = []
_listed: dict[str, tuple[tuple[int, int], list[tuple[str, bool]]]] = {}
_CLOCK_TICK: Final = 50_000_000
"""Nanoseconds in which a folder may change again without another time of change."""

_ID: Final = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


def snapshot(
    daemon: Daemon | None = None,
    manager: Manager | None = None,
    drivers: Drivers | None = None,
    volumes: VolumeStore | None = None,
    legacy: Plugins | None = None,
) -> dict[str, dict[str, str]]:
    """Return what an engine holds: by heading, a text for each thing.

    The engine may be under construction. So the parts that it does not have yet can be given, and attributes
    are read as they stand: no lock is taken, and no property of the port runs.
    """
    engine: dict[str, Any] = vars(daemon) if daemon is not None else {}
    manager = manager or engine.get("plugin_manager")
    service = engine.get("_volumes")
    volumes = volumes or (service.vs if service else None)
    drivers = drivers or (service.ds if service else None)
    config = engine.get("config") or (vars(manager).get("config") if manager else None)
    store = engine.get("plugin_store") or getattr(config, "store", None)
    legacy = engine.get("legacy") or legacy
    managed: Mapping[str, Any] = vars(store).get("plugins", {}) if store else {}
    found: dict[str, dict[str, str]] = {
        "Plugins in the store": {plugin.plugin_obj.name: _managed(plugin) for plugin in managed.values()},
        "Legacy plugins": {name: _legacy(plugin) for name, plugin in _held(legacy, "plugins")},
        "Handlers": {name: f"{len(callbacks)} registered" for name, callbacks in _handlers(store, legacy)},
        "The manager's controllers": {
            plugin.plugin_obj.name: _controller(controller) for plugin, controller in _held(manager, "c_map")
        },
        "Drivers": {name: type(driver).__name__ for name, driver in _held(drivers, "extensions")}
        | {name: type(adapter).__name__ for name, (_, adapter) in _held(drivers, "adapters")},
        "Volumes": {name: f"of driver {_driver(wrapper)}" for name, wrapper in _held(volumes, "names")},
        "References": {name: ", ".join(sorted(users)) for name, users in _held(volumes, "refs")},
        "Files below the root": dict(_files(str(config.root))) if config else {},
        "Requests on plugin sockets": {str(at): request for at, request in enumerate(_requests(), 1)},
    }
    root = str(config.root) if config else ""
    return {
        heading: {_normal(name, root): _normal(text, root)[:LIMIT] for name, text in things.items()}
        for heading, things in found.items()
    }


def _held(part: object, name: str) -> list[tuple[Any, Any]]:
    """Return the items of a dictionary of an object that may not be there, or not have it yet."""
    return list(vars(part).get(name, {}).items()) if part is not None else []


def _managed(plugin: Any) -> str:
    client = "has a client" if plugin.p_client is not None else "no client"
    return f"{'enabled' if plugin.plugin_obj.enabled else 'disabled'}, {client}, {plugin.ref_count} users"


def _legacy(plugin: Any) -> str:
    manifest = vars(plugin).get("manifest")
    return f"implements {', '.join(manifest.implements)}" if manifest else "not activated"


def _controller(controller: Any) -> str:
    return ", ".join(
        f"{name}: {str(bool(value)).lower()}"
        for name, value in (("running", controller.running), ("restart", controller.restart))
    )


def _handlers(store: object, legacy: Any) -> Iterator[tuple[str, Any]]:
    yield from _held(store, "handlers")
    yield from (
        (f"{name} (legacy)", value)
        for name, value in _held(vars(legacy).get("handlers") if legacy else None, "extpoint_handlers")
    )


def _driver(wrapper: Any) -> str:
    """Return the name of a volume's driver without asking it."""
    volume = wrapper.volume
    return str(getattr(volume, "driver_name", ""))


def _files(folder: str, below: str = "") -> Iterator[tuple[str, str]]:
    for name, is_folder in _entries(folder):
        if is_folder:
            yield f"{below}{name}/", "directory"
            yield from _files(f"{folder}/{name}", f"{below}{name}/")
        else:
            yield f"{below}{name}", "file"


def _entries(folder: str) -> list[tuple[str, bool]]:
    """Return the names in a folder in order, each with whether it is a folder; none if the folder is gone."""
    # Without the kept listings a recording takes twice as long.
    try:
        now = time.time_ns()
        status = os.stat(folder)  # noqa: PTH116 - a Path costs more than the call
        # Not the time of modification, which a program can set back.
        state = status.st_ino, status.st_ctime_ns
        if folder in _listed and _listed[folder][0] == state:
            return _listed[folder][1]
        with os.scandir(folder) as entries:
            found = sorted(
                (entry.name, entry.is_dir(follow_symlinks=False))
                for entry in entries
                if not _PASSING.search(entry.name)
            )
    except FileNotFoundError:
        return []
    if now - status.st_ctime_ns > _CLOCK_TICK:
        _listed[folder] = state, found
    return found


def _requests() -> list[str]:
    """Return the requests whose reply the engine has read.

    A plugin notes a request in a thread of its own, at a moment that no two runs share. So while the engine
    is in its transport, the last request does not count.
    """
    frame = sys._getframe()  # noqa: SLF001 - the only way to the stack that costs little
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename == transport.__file__:
            return _answered
    _answered[:] = REQUESTS
    return _answered


@cache  # a recording takes thousands of snapshots that differ little
def _normal(text: str, root: str) -> str:
    """Return a text with short ids, and without the folder that this run works in."""
    return _ID.sub(r"\1…", with_fixed_folder(text.replace(root, "/var/lib/docker") if root else text))
