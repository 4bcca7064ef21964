"""Removing a plugin's directory so that it is there whole or not at all."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path

from runtime import mount
from runtime.disk import ensure_remove_all, sync_directory
from runtime.errors import EngineError
from runtime.plugins.identity import below

REMOVING = "-removing"
"""What the name of a directory ends with while it is removed."""

_EXISTS = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


def atomic_remove_all(directory: Path) -> None:
    """Rename a directory out of the way, then remove it; a leftover of an earlier removal goes too.

    Links are removed, never followed.

    Go:
        plugin/backend_linux.go::atomicRemoveAll

    Raises:
        EngineError: the directory cannot be renamed, or a leftover cannot be removed.
        OSError: something in it cannot be removed; it has its name again then.
    """
    renamed = directory.with_name(directory.name + REMOVING)
    try:
        directory.rename(renamed)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in _EXISTS:
            raise EngineError(f"failed to rename dir for atomic removal: {error}", error) from error
        _remove_leftover(renamed)
        if not _present(directory):
            return
        _rename_again(directory, renamed)
    try:
        sync_directory(directory.parent)
        ensure_remove_all(renamed)
    except OSError:
        with suppress(OSError):
            renamed.rename(directory)
        raise


def remove_files(root: Path, exec_root: Path, plugin_id: str) -> None:
    """Remove all of a plugin's files, after detaching what is mounted among them.

    Raises:
        EngineError: `error unmounting plugin data`, or the directory cannot be renamed.
        OSError: something in it cannot be removed.
    """
    directory = below(root, plugin_id)
    try:
        mount.recursive_unmount(directory)
    except OSError as error:
        raise EngineError(f"error unmounting plugin data: {error}", error) from error
    atomic_remove_all(directory)
    ensure_remove_all(below(exec_root, plugin_id))


def _remove_leftover(renamed: Path) -> None:
    try:
        ensure_remove_all(renamed)
    except OSError as error:
        text = f"rename target already exists and could not be removed: {error}"
        raise EngineError(text, error) from error


def _rename_again(directory: Path, renamed: Path) -> None:
    try:
        directory.rename(renamed)
    except OSError as error:
        raise EngineError(f"failed to rename dir for atomic removal: {error}", error) from error


def _present(path: Path) -> bool:
    return path.exists() or path.is_symlink()
