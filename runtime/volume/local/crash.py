"""Creation and removal of a volume's directory in two steps, so that a crash leaves a whole volume or none.

The record of a volume and its directory cannot change in one step. So a directory is created with a name that
no volume can have (`.+NAME`) and renamed once the record is on disk; a removal renames it (`.-NAME`) before
the record is deleted, and deletes the data last. The next start completes what a crash interrupted.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import secrets
import stat
import threading
from collections.abc import Callable, Collection, Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from runtime.errdefs import EngineError, System
from runtime.golang.strconv import cause
from runtime.pkg import mount, system
from runtime.volume.local import local_unix
from runtime.volume.local.local_unix import VOLUME_DATA_PATH_NAME, OptsConfig

log = logging.getLogger(__name__)

ROOT_MODE: Final = 0o700
DATA_MODE: Final = 0o755
CREATING: Final = ".+"
"""Prefix of a directory whose record is not written yet."""
REMOVING: Final = ".-"
"""Prefix of a directory whose record is about to be deleted, or is deleted."""
TRASH: Final = ".~"
"""Prefix of a directory that the start found with `REMOVING`; its data are deleted in the background."""

LONGEST: Final = 253
"""Bytes of a name that leave room for a prefix; a file's name has at most 255."""

MARK: Final = 0o1700
"""Mode of a directory whose removal has begun; a directory of that name without it is not ours."""


MOUNT_INFO: Final = Path("/proc/self/mountinfo")
ORDERED: Final = frozenset({"ext3", "ext4"})
"""File systems that write their journal in order."""
NO_JOURNAL: Final = "<none>"
"""Content of `/sys/fs/ext4/DEVICE/journal_task` for a file system without a journal."""


def aside(prefix: str, name: str) -> str:
    """Return the name of a volume's directory during creation or removal; a digest replaces a long name."""
    raw = os.fsencode(name)
    return prefix + (name if len(raw) <= LONGEST else f"={hashlib.sha256(raw).hexdigest()}")


class CrashSafe:
    """The steps of the local driver that a crash leaves done or undone.

    Attributes:
        path: The directory of all volumes.
        real_path: The same without symlinks, as in the mount table.
        descriptor: Its descriptor; every step goes through it.
        mounts: The mount table.
        leftovers: Directories of interrupted creations and removals.
    """

    m: threading.Lock
    path: str
    real_path: str
    descriptor: int
    mounts: mount.MountTable
    volumes: MutableMapping[str, Any]
    broken: dict[str, str]
    leftovers: list[str]

    def __init__(self) -> None:
        self._staged: set[str] = set()
        self._unsynced: set[str] = set()
        self._covered = commits_cover_directories(Path(self.path))

    def load_volume(self, name: str) -> Any:
        """Return the volume of a directory."""
        raise NotImplementedError

    def report(self, name: str, problem: str) -> None:
        """Log damage, and keep it for warnings."""
        raise NotImplementedError

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Open the directory of volumes again: readers of one descriptor would share their position.

        Raises:
            OSError: The driver is closed.
        """
        with self.m:
            own = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.descriptor)
        try:
            yield own
        finally:
            os.close(own)

    @contextmanager
    def staged(self, volume: Any) -> Iterator[None]:
        """Make a volume's directory; publish it when the block ends, or remove it if the block fails.

        A directory that was there before is used, and stays if the block fails.

        Raises:
            System: The directory or the options file cannot be written.
        """
        with self.m:
            if volume.name in self._staged:
                raise System(f"volume {volume.name} is being created")
            self._staged.add(volume.name)
        place = aside(CREATING, volume.name)
        try:
            try:
                if _exists(volume.name, self.descriptor):
                    place = volume.name
                else:
                    _make(place, self.descriptor)
                with system.opened(place, self.descriptor) as directory:
                    _fill(directory, volume.opts)
            except OSError as error:
                why = f"error while creating volume path '{volume.path()}': {cause(error)}"
                raise System(why, error) from error
            self._unsynced.add(place)
            yield
            with self.m:
                if place != volume.name:
                    _rename(place, volume.name, self.descriptor)
                self.volumes[volume.name] = volume
        except BaseException:
            if place != volume.name:
                self._discard(place)
            raise
        finally:
            self._unsynced.discard(place)
            self._staged.discard(volume.name)

    @contextmanager
    def hidden(self, volume: Any) -> Iterator[None]:
        """Hide a volume; delete its data when the block ends, or restore it if the block or that fails.

        Raises:
            System: Something is mounted in the volume, or its directory cannot be renamed or deleted.
        """
        removal = _Removal(volume.name, self.descriptor)
        try:
            path = f"{self.real_path}/{volume.name}"
            if self.mounts.may_have(path) and (mounts := mount.mounts_under(path)):
                raise system.MountInside(mounts[-1])
            with self.m:
                removal.hide()
                self.volumes.pop(volume.name, None)
        except (OSError, EngineError) as error:
            raise self._not_removed(volume.name, error) from error
        self._unsynced.add(removal.trace)
        try:
            yield
            try:
                removal.delete()
            except (OSError, EngineError) as error:
                raise self._not_removed(volume.name, error) from error
        except BaseException:
            with self.m:
                removal.restore()
                self.volumes[volume.name] = volume
            raise
        finally:
            removal.close()
            self._unsynced.discard(removal.trace)
        self.broken.pop(volume.name, None)

    def flush(self) -> None:
        """Sync new and hidden directories, which must be on disk before the record that names them.

        Raises:
            OSError: The disk fails.
        """
        if self._covered:
            # ext3 and ext4 write their journal in order, and a sync of a file that has grown writes it. The
            # record's commit syncs such a file (`db.checkpoint`), and so all changes of directories before:
            # one sync a change instead of three. Without a journal nothing is promised of directories,
            # whatever is synced; there the record alone is sure to survive a power cut, as with dockerd.
            self._unsynced.clear()
            return
        for name in self._unsynced.copy():
            with suppress(FileNotFoundError), system.opened(name, self.descriptor) as directory:
                os.fsync(directory)
            self._unsynced.discard(name)
        os.fsync(self.descriptor)

    def recover(self, recorded: Callable[[], Collection[str]]) -> Sequence[str]:
        """Complete the creations and removals that a crash interrupted.

        Args:
            recorded: Returns the names that have a record; called only if there are leftovers.

        Returns:
            The volumes whose removal had begun; the caller deletes their records.
        """
        leftovers, self.leftovers = self.leftovers, []
        if not leftovers:
            return ()
        names = {aside(prefix, name): name for name in recorded() for prefix in (CREATING, REMOVING)}
        removed = []
        for leftover in leftovers:
            name = names.get(leftover, leftover[len(CREATING) :])
            missing = leftover in names and name not in self.volumes
            if leftover.startswith(CREATING):
                self._publish(leftover, name) if missing else self._unmake(leftover)
            elif not (is_marked(leftover, self.descriptor) or (missing and leftover.startswith(REMOVING))):
                self.report(
                    leftover, f"{self.path}/{leftover}: a directory of that name is no volume; it stays"
                )
            elif leftover.startswith(REMOVING):
                self._throw_away(leftover)
                removed += [] if name in self.volumes else [name]
        return removed

    def sweep(self) -> None:
        """Delete the data of volumes whose removal had begun; log what cannot be deleted."""
        try:
            with self.opened() as own:
                for name in sorted(os.listdir(own)):  # noqa: PTH208 - by descriptor
                    if name.startswith(TRASH) and is_marked(name, own):
                        self._delete(name, own)
        except OSError as error:
            log.debug("%s: not swept: %s", self.path, error)

    def _discard(self, place: str) -> None:
        try:
            system.remove_tree(place, self.descriptor)
        except (OSError, EngineError) as error:  # the next start tries again
            log.warning("%s/%s: cannot be removed: %s", self.path, place, error)

    def _publish(self, leftover: str, name: str) -> None:
        try:
            with system.opened(leftover, self.descriptor) as directory:
                _fill(directory, None)
            _rename(leftover, name, self.descriptor)
        except (OSError, EngineError) as error:
            self._stays(leftover, error)
        else:
            self.volumes[name] = self.load_volume(name)

    def _unmake(self, leftover: str) -> None:
        """Remove a directory without a record, unless it has files that we did not make."""
        try:
            with system.opened(leftover, self.descriptor) as directory:
                _unfill(directory)
            os.rmdir(leftover, dir_fd=self.descriptor)
        except OSError as error:
            self._stays(leftover, error)

    def _throw_away(self, leftover: str) -> None:
        """Rename a directory so that a new volume of its name can be removed before this one is swept."""
        try:
            with suppress(OSError), system.opened(leftover, self.descriptor) as directory:
                os.fchmod(directory, MARK)
            _rename(leftover, f"{TRASH}{secrets.token_hex(8)}", self.descriptor)
        except OSError as error:
            self._stays(leftover, error)

    def _delete(self, leftover: str, parent: int) -> None:
        try:
            system.remove_tree(leftover, parent)
        except (OSError, EngineError) as error:
            self._stays(leftover, error)

    def _stays(self, leftover: str, error: Exception) -> None:
        why = cause(error) if isinstance(error, OSError) else error
        self.report(leftover, f"{self.path}/{leftover}: a directory left by a crash stays: {why}")

    def _not_removed(self, name: str, error: OSError | EngineError) -> System:
        why = cause(error) if isinstance(error, OSError) else str(error)
        return System(f"error removing volume path '{self.path}/{name}': {why}", error)


class _Removal:
    """The removal of a volume's directory."""

    def __init__(self, name: str, parent: int) -> None:
        self.name = name
        self.trace = aside(REMOVING, name)
        self.parent = parent
        self.exists = True
        self.mode = ROOT_MODE
        self.directory: int | None = None

    def hide(self) -> None:
        try:
            self._rename(self.name, self.trace)
        except FileNotFoundError:
            self.exists = False
            return
        with suppress(OSError):
            self.directory = os.open(self.trace, system.DIRECTORY, dir_fd=self.parent)
            self.mode = stat.S_IMODE(os.fstat(self.directory).st_mode)
            os.fchmod(self.directory, MARK)

    def delete(self) -> None:
        if not self.exists:
            return
        if self.directory is not None:
            with suppress(OSError):  # no data: two calls delete all there is
                os.rmdir(VOLUME_DATA_PATH_NAME, dir_fd=self.directory)
                os.rmdir(self.trace, dir_fd=self.parent)
                return
        system.remove_tree(self.trace, self.parent)

    def restore(self) -> None:
        if self.directory is not None:
            with suppress(OSError):
                os.fchmod(self.directory, self.mode)
        if self.exists:
            self._rename(self.trace, self.name)

    def close(self) -> None:
        if self.directory is not None:
            os.close(self.directory)

    def _rename(self, source: str, target: str) -> None:
        try:
            _rename(source, target, self.parent)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            system.remove_tree(target, self.parent)
            _rename(source, target, self.parent)


def is_marked(name: str, parent: int) -> bool:
    """Return whether this is a directory whose removal has begun."""
    return os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode == stat.S_IFDIR | MARK


def has_journal(directory: Path) -> bool:
    """Return whether a directory is on ext3 or ext4 with a journal."""
    device = directory.stat().st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    try:
        writer = Path("/sys/fs/ext4", name, "journal_task").read_text("utf-8").strip()
    except OSError:  # ext4 before Linux 4.13 has no such file
        writer = ""
    return writer != NO_JOURNAL and commits_cover_directories(directory)


def commits_cover_directories(directory: Path) -> bool:
    """Return whether a directory is on a file system where the sync of one file syncs all directories."""
    try:
        device = directory.stat().st_dev
        mounts = [line.split() for line in MOUNT_INFO.read_text("utf-8", "surrogateescape").splitlines()]
    except OSError:
        return False
    # Fields: 2 is the device; the type of the file system follows a "-".
    types = {fields[2]: fields[fields.index("-") + 1] for fields in mounts}
    return types.get(f"{os.major(device)}:{os.minor(device)}") in ORDERED


def _exists(name: str, parent: int) -> bool:
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=parent, follow_symlinks=False)
        return True
    return False


def _make(place: str, parent: int) -> None:
    try:
        os.mkdir(place, ROOT_MODE, dir_fd=parent)
    except FileExistsError:  # left by a creation that failed
        system.remove_tree(place, parent)
        os.mkdir(place, ROOT_MODE, dir_fd=parent)


def _fill(directory: int, opts: OptsConfig | None) -> None:
    """Create the directory of the data and the options file in a volume's directory."""
    with suppress(FileExistsError):
        os.mkdir(VOLUME_DATA_PATH_NAME, DATA_MODE, dir_fd=directory)
        status = os.stat(VOLUME_DATA_PATH_NAME, dir_fd=directory, follow_symlinks=False)
        if status.st_mode != stat.S_IFDIR | DATA_MODE:  # the umask took some of it
            with system.opened(VOLUME_DATA_PATH_NAME, directory) as data:
                os.fchmod(data, DATA_MODE)
    if opts is None:
        return
    try:
        local_unix.write(directory, opts)
    except OSError as error:
        raise System(f"error while persisting volume options: {cause(error)}", error) from error


def _unfill(directory: int) -> None:
    """Remove what `_fill` makes.

    Raises:
        OSError: There are other files; then nothing is removed.
    """
    files = (local_unix.FILE, local_unix.ASIDE)
    if others := set(os.listdir(directory)) - {VOLUME_DATA_PATH_NAME, *files}:
        raise OSError(errno.ENOTEMPTY, f"there is something in it: {min(others)}")
    with suppress(FileNotFoundError):
        os.rmdir(VOLUME_DATA_PATH_NAME, dir_fd=directory)
    for file in files:
        with suppress(FileNotFoundError):
            os.unlink(file, dir_fd=directory)


def _rename(source: str, target: str, parent: int) -> None:
    os.rename(source, target, src_dir_fd=parent, dst_dir_fd=parent)
