"""The directory through which a plugin shares mounts with the engine."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from runtime import mount
from runtime.errors import EngineError
from runtime.plugins.logs import failure
from runtime.plugins.plugin import PROPAGATED_MOUNT, Plugin

log = logging.getLogger(__name__)

_CAPABILITIES = ("volumedriver", "graphdriver")


def prepare(plugin: Plugin) -> None:
    """Make the propagated mount of a volume or graph driver; move it from where older engines had it.

    A part of moby's reload; here only a directory below the root file system is moved, never through a link.
    """
    obj = plugin.plugin_obj
    drives = any(
        kind.capability in _CAPABILITIES and kind.prefix == "docker" and kind.version.startswith("1.")
        for kind in plugin.get_types()
    )
    if not (drives and obj.config.propagated_mount and plugin.rootfs):
        return
    directory = Path(plugin.rootfs).parent / PROPAGATED_MOUNT
    if not directory.exists():
        _migrate(Path(plugin.rootfs), obj.config.propagated_mount, directory)
    _make(directory)


def share(plugin: Plugin) -> Path | None:
    """Make and share the directory, if the plugin has one.

    Without the right to mount it is not shared, which is only logged: then no container could see it anyway.

    Raises:
        EngineError: `error setting up propagated mount dir`.
    """
    if not plugin.plugin_obj.config.propagated_mount:
        return None
    directory = Path(plugin.rootfs).parent / PROPAGATED_MOUNT
    _make(directory)
    try:
        mount.make_r_shared(directory)
    except PermissionError as error:
        log.debug("the propagated mount is not shared: %s", error, extra={"id": plugin.get_id()})
    except OSError as error:
        raise EngineError(f"error setting up propagated mount dir: {error}", error) from error
    return directory


def unshare(directory: Path) -> None:
    """Detach what `share` has mounted."""
    try:
        mount.unmount(directory)
    except OSError as error:
        log.warning("Could not unmount %s: %s", directory, error)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        failure(log, f"failed to create PropagatedMount directory at {directory}: {error}", error)


def _migrate(rootfs: Path, inside: str, directory: Path) -> None:
    rootfs = rootfs.resolve()
    old = rootfs / os.path.normpath(f"/{inside}").lstrip("/")
    if old == rootfs or not old.is_dir() or old.resolve() != old:
        return
    try:
        old.rename(directory)
    except OSError as error:
        failure(log, "error migrating propagated mount storage", error, dir=str(directory))
