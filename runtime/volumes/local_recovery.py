"""Ends what a crash interrupted among the directories of local volumes."""

from __future__ import annotations

import errno
import logging
import os
import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from runtime import removal
from runtime.errors import EngineError
from runtime.quoting import cause
from runtime.volumes import local_options
from runtime.volumes.local_steps import CREATING, REMOVING, TRASH, Creation, aside, is_marked, mark
from runtime.volumes.local_volume import VOLUME_DATA_PATH_NAME, LocalVolume

if TYPE_CHECKING:
    from runtime.volumes.local import Root

log = logging.getLogger(__name__)


def recover(root: Root, recorded: Callable[[], Collection[str]]) -> Sequence[str]:
    """End what a crash interrupted.

    Args:
        root: Where.
        recorded: Tells the names of the volumes that have a record, if it is asked.

    Returns:
        The volumes whose removal was begun: their records are to be deleted.
    """
    leftovers, root.leftovers = root.leftovers, []
    if not leftovers:
        return ()
    names = {aside(prefix, name): name for name in recorded() for prefix in (CREATING, REMOVING)}
    removed = []
    for leftover in leftovers:
        name = names.get(leftover, leftover[len(CREATING) :])
        missing = leftover in names and name not in root.volumes
        if leftover.startswith(CREATING):
            _finish(root, name) if missing else _unmake(root, leftover)
        elif not (is_marked(leftover, root.descriptor) or (missing and leftover.startswith(REMOVING))):
            root.report(leftover, f"{root.path}/{leftover}: a directory of that name is no volume; it stays")
        elif leftover.startswith(REMOVING):
            _throw_away(root, leftover)
            removed += [] if name in root.volumes else [name]
    return removed


def sweep(root: Root) -> None:
    """Delete the data of volumes whose removal was begun; what cannot be deleted is named in the log."""
    try:
        _, leftovers = root.on_disk()
        with root.opened() as own:
            for leftover in sorted(leftovers):
                _sweep(root, leftover, own)
    except OSError as error:
        log.debug("%s: not swept: %s", root.path, error)


def _sweep(root: Root, leftover: str, own: int) -> None:
    if not (leftover.startswith(TRASH) and is_marked(leftover, own)):
        return
    try:
        removal.remove_tree(leftover, own)
    except (OSError, EngineError) as error:
        _complain(root, leftover, error)


def _finish(root: Root, name: str) -> None:
    """Publish a volume that is recorded; one that cannot be stays as it is."""
    creation = Creation(root, LocalVolume(name, root), made=True)
    try:
        creation.complete()
    except (OSError, EngineError) as error:
        _complain(root, creation.place, error)
    else:
        root.volumes[name] = root.found(name)


def _unmake(root: Root, leftover: str) -> None:
    """Remove the directories of a volume that was not recorded, if nobody has put anything in them."""
    try:
        with removal.opened(leftover, root.descriptor) as directory:
            _empty(directory)
        os.rmdir(leftover, dir_fd=root.descriptor)
    except OSError as error:
        _complain(root, leftover, error)


def _empty(directory: int) -> None:
    """Remove what the steps of a creation make.

    Raises:
        OSError: There is something else; then all of it stays.
    """
    ours = {VOLUME_DATA_PATH_NAME, local_options.FILE, local_options.ASIDE}
    if others := set(os.listdir(directory)) - ours:
        raise OSError(errno.ENOTEMPTY, f"there is something in it: {min(others)}")
    with suppress(FileNotFoundError):
        os.rmdir(VOLUME_DATA_PATH_NAME, dir_fd=directory)
    for file in (local_options.FILE, local_options.ASIDE):
        with suppress(FileNotFoundError):
            os.unlink(file, dir_fd=directory)


def _throw_away(root: Root, leftover: str) -> None:
    """Give a directory a name that nobody else uses, until it is swept."""
    mark(leftover, root.descriptor)
    try:
        os.rename(
            leftover,
            f"{TRASH}{secrets.token_hex(8)}",
            src_dir_fd=root.descriptor,
            dst_dir_fd=root.descriptor,
        )
    except OSError as error:
        _complain(root, leftover, error)


def _complain(root: Root, leftover: str, error: Exception) -> None:
    why = cause(error) if isinstance(error, OSError) else error
    root.report(leftover, f"{root.path}/{leftover}: a directory left by a crash stays: {why}")
