"""Ends what a crash interrupted among the directories of local volumes."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import secrets
import stat
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from runtime.errdefs import EngineError, System
from runtime.golang.strconv import cause
from runtime.pkg import mount, system
from runtime.pkg.mount import MountTable
from runtime.volume.local import local_unix
from runtime.volume.local.local_unix import OptsConfig
from runtime.volume.local.local_volume import VOLUME_DATA_PATH_NAME, LocalVolume

if TYPE_CHECKING:
    from runtime.volume.local.local import Root

ROOT_MODE: Final = 0o700
DATA_MODE: Final = 0o755
CREATING: Final = ".+"
"""Begins the name of a directory that is to be a volume once its record is written."""
REMOVING: Final = ".-"
"""Begins the name of a directory that was a volume until its data are deleted."""
TRASH: Final = ".~"
"""Begins the name of a directory that was a volume of an engine that was killed."""

LONGEST: Final = 253
"""Bytes of a name that has room for two more; a file's name has at most 255."""

MARK: Final = 0o1700
"""The mode of a directory whose removal was begun; by that ours are told from what others called so."""


class Ground(Protocol):
    """What the steps need of the driver: where they are, and what it knows."""

    m: threading.Lock
    path: str
    real_path: str
    descriptor: int
    mounts: MountTable
    volumes: dict[str, LocalVolume]
    staged: set[str]
    unsynced: set[str]
    broken: dict[str, str]


class Creation:
    """A volume that is being made.

    Args:
        root: Where.
        volume: The volume to be.
        made: Whether its directory is made for it, unless one of its name turns out to be there.
    """

    def __init__(self, root: Ground, volume: LocalVolume, *, made: bool) -> None:
        self.root = root
        self.volume = volume
        self.made = made
        self.place = aside(CREATING, volume.name) if made else volume.name

    def build(self) -> None:
        """Make the directories and the options file."""
        if self.made:
            self._make()
        try:
            with system.opened(self.place, self.root.descriptor) as directory:
                self._fill(directory, self.volume.opts)
        except OSError as error:
            raise self._failed(error) from error
        self.root.unsynced.add(self.place)

    def complete(self) -> None:
        """Publish what an earlier process prepared."""
        with system.opened(self.place, self.root.descriptor) as directory:
            self._fill(directory, None)
        self._rename()

    def publish(self) -> None:
        """Make the volume visible."""
        self.root.unsynced.discard(self.place)
        with self.root.m:
            if self.volume.name not in self.root.staged:
                return
            if self.made:
                self._rename()
            self.root.volumes[self.volume.name] = self.volume
            self.root.staged.discard(self.volume.name)

    def discard(self) -> None:
        """Remove what was made; a directory that was there before stays, with all that is in it.

        What cannot be removed is for the next start, as after a crash; why there is no volume was said.
        """
        self.root.unsynced.discard(self.place)
        if self.made and self.volume.name in self.root.staged:
            try:
                system.remove_tree(self.place, self.root.descriptor)
            except (OSError, EngineError) as error:
                log.warning("%s/%s: cannot be removed: %s", self.root.path, self.place, error)
        self.root.staged.discard(self.volume.name)

    def _make(self) -> None:
        try:
            # What is made has another name for now; this also tells whether it can have its own.
            if self._is_there():
                self.made, self.place = False, self.volume.name
                return
            os.mkdir(self.place, ROOT_MODE, dir_fd=self.root.descriptor)
        except FileExistsError:
            system.remove_tree(self.place, self.root.descriptor)
            os.mkdir(self.place, ROOT_MODE, dir_fd=self.root.descriptor)
        except OSError as error:
            raise self._failed(error) from error

    def _is_there(self) -> bool:
        with suppress(FileNotFoundError):
            os.stat(self.volume.name, dir_fd=self.root.descriptor, follow_symlinks=False)
            return True
        return False

    def _fill(self, directory: int, opts: OptsConfig | None) -> None:
        try:
            os.mkdir(VOLUME_DATA_PATH_NAME, DATA_MODE, dir_fd=directory)
            made = os.stat(VOLUME_DATA_PATH_NAME, dir_fd=directory, follow_symlinks=False)
            if made.st_mode != stat.S_IFDIR | DATA_MODE:  # the umask took some of it
                with system.opened(VOLUME_DATA_PATH_NAME, directory) as data:
                    os.fchmod(data, DATA_MODE)
        except FileExistsError:
            pass
        if opts is None:
            return
        try:
            local_unix.write(directory, opts)
        except OSError as error:
            raise System(f"error while persisting volume options: {cause(error)}", error) from error

    def _rename(self) -> None:
        os.rename(
            self.place, self.volume.name, src_dir_fd=self.root.descriptor, dst_dir_fd=self.root.descriptor
        )

    def _failed(self, error: OSError) -> System:
        return System(f"error while creating volume path '{self.volume.path()}': {cause(error)}", error)


class Removal:
    """A volume that is being removed."""

    def __init__(self, root: Ground, volume: LocalVolume) -> None:
        self.root = root
        self.volume = volume
        self.trace = aside(REMOVING, volume.name)
        self.there = True
        self.mode = ROOT_MODE
        self.directory: int | None = None

    def hide(self) -> None:
        """Take the volume's directory out of sight, if nothing is mounted in it.

        Raises:
            System: Something is, or the directory cannot be renamed.
        """
        path = f"{self.root.real_path}/{self.volume.name}"
        if self.root.mounts.may_have(path) and (mounts := mount.mounts_under(path)):
            raise self._failed(system.MountInside(mounts[-1]))
        with self.root.m:
            try:
                self._rename(self.volume.name, self.trace)
            except FileNotFoundError:
                self.there = False
            except OSError as error:
                raise self._failed(error) from error
            else:
                self._mark()
                self.root.unsynced.add(self.trace)
            self.root.volumes.pop(self.volume.name, None)

    def restore(self) -> None:
        """Make the volume visible again."""
        self.root.unsynced.discard(self.trace)
        with self.root.m:
            if self.there:
                self._unmark()
                self._rename(self.trace, self.volume.name)
            self.root.volumes[self.volume.name] = self.volume

    def finish(self) -> None:
        """Delete the data; if that fails the volume is back, with what is left.

        Raises:
            System: Something cannot be deleted.
        """
        self.root.unsynced.discard(self.trace)
        try:
            if self.there and not self._is_gone_at_once():
                system.remove_tree(self.trace, self.root.descriptor)
        except (OSError, EngineError) as error:
            self.restore()
            raise self._failed(error) from error
        self._close()
        self.root.broken.pop(self.volume.name, None)

    def _mark(self) -> None:
        """Note that the removal was begun; the directory stays open until it is ended."""
        with suppress(OSError):
            self.directory = os.open(self.trace, system.DIRECTORY, dir_fd=self.root.descriptor)
            self.mode = stat.S_IMODE(os.fstat(self.directory).st_mode)
            os.fchmod(self.directory, MARK)

    def _unmark(self) -> None:
        if self.directory is not None:
            with suppress(OSError):
                os.fchmod(self.directory, self.mode)
        self._close()

    def _close(self) -> None:
        if self.directory is not None:
            os.close(self.directory)
            self.directory = None

    def _is_gone_at_once(self) -> bool:
        """Whether there were no data, so that two calls deleted all there was."""
        if self.directory is None:
            return False
        try:
            os.rmdir(VOLUME_DATA_PATH_NAME, dir_fd=self.directory)
            os.rmdir(self.trace, dir_fd=self.root.descriptor)
        except OSError:
            return False
        return True

    def _rename(self, source: str, target: str) -> None:
        descriptor = self.root.descriptor
        try:
            os.rename(source, target, src_dir_fd=descriptor, dst_dir_fd=descriptor)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            system.remove_tree(target, descriptor)
            os.rename(source, target, src_dir_fd=descriptor, dst_dir_fd=descriptor)

    def _failed(self, error: OSError | EngineError) -> System:
        why = cause(error) if isinstance(error, OSError) else str(error)
        return System(f"error removing volume path '{self.root.path}/{self.volume.name}': {why}", error)


def aside(prefix: str, name: str) -> str:
    """What a volume's directory is called while it is no volume; a digest stands for too long a name."""
    raw = os.fsencode(name)
    return prefix + (name if len(raw) <= LONGEST else f"={hashlib.sha256(raw).hexdigest()}")


def mark(name: str, parent: int) -> None:
    """Note that the removal of a directory was begun."""
    with suppress(OSError), system.opened(name, parent) as directory:
        os.fchmod(directory, MARK)


def is_marked(name: str, parent: int) -> bool:
    """Whether the removal of a directory was begun."""
    return stat.S_IMODE(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode) == MARK


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
        system.remove_tree(leftover, own)
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
        with system.opened(leftover, root.descriptor) as directory:
            _empty(directory)
        os.rmdir(leftover, dir_fd=root.descriptor)
    except OSError as error:
        _complain(root, leftover, error)


def _empty(directory: int) -> None:
    """Remove what the steps of a creation make.

    Raises:
        OSError: There is something else; then all of it stays.
    """
    ours = {VOLUME_DATA_PATH_NAME, local_unix.FILE, local_unix.ASIDE}
    if others := set(os.listdir(directory)) - ours:
        raise OSError(errno.ENOTEMPTY, f"there is something in it: {min(others)}")
    with suppress(FileNotFoundError):
        os.rmdir(VOLUME_DATA_PATH_NAME, dir_fd=directory)
    for file in (local_unix.FILE, local_unix.ASIDE):
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
