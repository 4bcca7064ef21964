"""The directory through which a plugin shares mounts, prepared at the start."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from runtime.plugins.plugin import PROPAGATED_MOUNT, Plugin

log = logging.getLogger("runtime.plugins.propagation")

_CAPABILITIES = ("volumedriver", "graphdriver")


def prepare(plugin: Plugin) -> None:
    """Make the propagated mount of a volume or graph driver; move it from where older engines had it.

    Go:
        plugin/manager.go::Manager.reload

    Differs:
        behaviour migrate: only a directory below the root file system is moved, never through a link.
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
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        log.error("failed to create PropagatedMount directory at %s: %s", directory, error)  # noqa: TRY400


def _migrate(rootfs: Path, inside: str, directory: Path) -> None:
    rootfs = rootfs.resolve()
    old = rootfs / os.path.normpath(f"/{inside}").lstrip("/")
    if old == rootfs or not old.is_dir() or old.resolve() != old:
        return
    try:
        old.rename(directory)
    except OSError as error:
        fields = {"dir": str(directory), "error": str(error)}
        log.error("error migrating propagated mount storage", extra=fields)  # noqa: TRY400 -- no trace
