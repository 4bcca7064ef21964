"""The config.json of each plugin: read with distrust, written whole or not at all."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

from msgspec.structs import replace

from runtime.disk import atomic_write_file, open_regular
from runtime.errors import EngineError
from runtime.plugins import golang_json, settings
from runtime.plugins.api_types import PluginFile
from runtime.plugins.identity import below
from runtime.plugins.plugin import Plugin

log = logging.getLogger(__name__)

CONFIG_FILE_NAME = "config.json"
"""What is written down of a plugin, in its directory.

Go:
    plugin/manager.go::configFileName
"""

ROOTFS_FILE_NAME = "rootfs"
"""The root file system of a plugin, in its directory.

Go:
    plugin/manager.go::rootFSFileName
"""

CONFIG_MODE = 0o600
"""Only the engine may read what is written down."""


def load_plugin(root: Path, plugin_id: str) -> Plugin:
    """The plugin whose directory is ROOT/ID.

    Go:
        plugin/manager.go::Manager.loadPlugin

    Differs:
        extra root: where the plugins live; moby's function is a method of the manager, which knows it.
        error id: a config.json of another id is refused; moby loads it and can never save it.
        error link: links and files that are none are not followed; moby follows them, and waits for a pipe.
        error size: a config.json of more than 4 MiB is refused.
        call InvalidParameter: raised by the API's reader of JSON, of which `golang_json` keeps the words and
            not the kind.
        behaviour settings: a mount or device that was set after a restart of moby is only in the config; it
            counts here as there.

    Raises:
        EngineError: `error reading PATH` or `error decoding PATH`.
    """
    path = below(root, plugin_id) / CONFIG_FILE_NAME
    try:
        data = _read(path)
    except OSError as error:
        raise EngineError(f"error reading {path}: {error}", error) from error
    try:
        document = golang_json.parse(data)
        file = golang_json.decode(document, PluginFile)
    except EngineError as error:
        raise EngineError(f"error decoding {path}: {error}", error) from error
    if file.plugin_obj.id != plugin_id:
        raise EngineError(
            f"error decoding {path}: it belongs to the plugin with the id {file.plugin_obj.id!r}"
        )
    in_force = settings.from_disk(file.plugin_obj.config, file.plugin_obj.settings)
    return Plugin(replace(file, plugin_obj=replace(file.plugin_obj, settings=in_force)), document)


def save(root: Path, p: Plugin) -> None:
    """Write a plugin's config.json.

    Go:
        plugin/manager.go::Manager.save

    Differs:
        extra root: where the plugins live; moby's function is a method of the manager, which knows it.
        behaviour same: a file that says the same already stays as it is; moby writes it at each start.
        behaviour unknown: keys that another version wrote stay; moby drops them.
        error failed-to-marshal: there is always JSON of a plugin's record, whose fields are all texts,
            numbers and lists of them.
        behaviour lock: one save of a plugin at a time, so that an older state never replaces a newer.

    Raises:
        EngineError: `failed to write atomically plugin json`; the file is as before.
    """
    path = below(root, p.get_id()) / CONFIG_FILE_NAME
    with p.turn:
        file = p.to_file()
        if file == p.written:
            return
        try:
            data = golang_json.encode(file, p.read)
            if not _is_written(path, data):
                atomic_write_file(path, data, CONFIG_MODE)
        except OSError as error:
            raise EngineError(f"failed to write atomically plugin json: {error}", error) from error
        p.written = file


def handle_load_error(error: EngineError, plugin_id: str) -> None:
    """Log that a plugin cannot be loaded.

    Go:
        plugin/manager.go::handleLoadError

    Differs:
        behaviour nil: there always is an error; moby's function returns where there is none, which no caller
            needs.
    """
    fields = {"id": plugin_id, "error": str(error)}
    if isinstance(error.cause, FileNotFoundError):
        log.warning(
            "missing plugin config, skipping: this may be caused due to a failed remove "
            "and requires manual cleanup.",
            extra=fields,
        )
        return
    log.error("error loading plugin, skipping", extra=fields)


def _is_written(path: Path, data: bytes) -> bool:
    try:
        return _read(path) == data
    except OSError:
        return False


def _read(path: Path) -> bytes:
    if path.parent.is_symlink():
        raise OSError(errno.ELOOP, "the directory is a link", str(path.parent))
    with open_regular(path) as file:
        return file.read(golang_json.SIZE_LIMIT + 1)
