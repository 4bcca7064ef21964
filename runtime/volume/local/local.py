"""The local driver: volumes that are directories under the engine's root.

Go: volume/local/local.go, volume/local/local_unix.go
"""

from __future__ import annotations

import logging
import os
import stat
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from runtime.errdefs import System
from runtime.golang.strconv import cause, quote
from runtime.pkg import mount, system
from runtime.pkg.mount import MountTable, unmount
from runtime.volume.local import crash, local_unix
from runtime.volume.local.crash import CREATING, REMOVING, ROOT_MODE, TRASH, Creation, Removal
from runtime.volume.local.local_unix import BrokenOptions, ValidationError, VolumeNotFound
from runtime.volume.local.local_volume import VOLUME_DATA_PATH_NAME, LocalVolume, unknown_type
from runtime.volume.service import db
from runtime.volume.volume import DEFAULT_DRIVER_NAME, LOCAL_SCOPE

log = logging.getLogger(__name__)

OPEN_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
CLOSED: Final = -1
"""A descriptor with which every call fails."""

VOLUMES_PATH_NAME: Final = "volumes"
"""The directory of all volumes in the engine's root.

Go: volume/local/local.go::volumesPathName
"""


def new(scope: str | Path) -> Root:
    """The driver of the volumes under `scope`, which has a directory for them or gets one.

    Raises:
        OSError: The directory cannot be read.

    Differs:
        error MkdirAndChown: the start goes on without local volumes, until the directory can be made again.
        param rootIdentity: no user namespaces here; what is made belongs to whoever runs the engine.
        error err: a broken options file does not stop the start; the volume is listed, and cannot be mounted
            until the file is mended or removed.
        behaviour unmount: the mount table is read once, and only what it has is unmounted.
        call Root.DataPath: the path is computed when it is asked for.
        call localVolume.Name: an attribute, which is read.
        call GetMounts: what is mounted is looked for once.
    """
    directory = Path(scope) / VOLUMES_PATH_NAME
    try:
        directory.mkdir(ROOT_MODE, parents=True, exist_ok=True)
        root = Root(Path(scope).absolute(), os.open(directory, OPEN_DIRECTORY))
    except OSError as error:
        return _without_directory(Path(scope).absolute(), error)
    try:
        root.load()
    except BaseException:
        root.close()
        raise
    return root


def _without_directory(base: Path, error: OSError) -> Root:
    """A driver that has no volumes and makes none, in an empty directory that nobody can find."""
    with TemporaryDirectory() as nowhere:
        root = Root(base, os.open(nowhere, OPEN_DIRECTORY))
    root.blocked = f"no local volume can be used: {root.path}: {cause(error)}"
    root.report("", root.blocked)
    return root


class Root:
    """Makes and removes directories for volumes, in a place that it never leaves.

    A volume appears and disappears by one rename. Until then, and from then on, its directory has a name
    that no volume can have, so that a crash in the middle can be told from a volume.

    Args:
        base: The engine's root.
        descriptor: That of the directory of volumes.

    Differs:
        extra base: moby's scope.
        field rootIdentity: see `new`.
        extra descriptor: everything is done through it.
        extra answers_at_once: see `driver.Immediate`.
        extra real_path: the path without symlinks, as in the mount table.
        extra broken: what is not as it should be, by volume.
        extra mounts: what is mounted, for every removal.
        extra staged: the volumes that are being made.
        extra unsynced: the directories of which `flush` has not brought to disk yet what is in them.
        extra leftovers: what a crash left.
        extra blocked: why there can be no volumes at all.
        extra name: what moby's method of that name returns.
    """

    name: Final = DEFAULT_DRIVER_NAME
    scope: Final = LOCAL_SCOPE
    answers_at_once: Literal[True] = True

    def __init__(self, base: Path, descriptor: int) -> None:
        self.m = threading.Lock()
        self.base = base
        self.path = str(base / VOLUMES_PATH_NAME)
        self.real_path = os.path.realpath(self.path)
        self.descriptor = descriptor
        self.mounts = MountTable()
        self.volumes: dict[str, LocalVolume] = {}
        self.broken: dict[str, str] = {}
        self.staged: set[str] = set()
        self.unsynced: set[str] = set()
        self.leftovers: list[str] = []
        self.blocked = ""

    def load(self) -> None:
        """Find the volumes that are there.

        Raises:
            OSError: The directory cannot be read.
        """
        names, leftovers = self.on_disk()
        self.leftovers = sorted(leftovers)
        for name in sorted(names):
            if _is_text(name):
                self.volumes[name] = self.found(name)
            else:
                self.report(name, f"{self.path}: a directory whose name is not UTF-8 is no volume: {name!r}")
        self._unmount_leftovers()

    def on_disk(self) -> tuple[set[str], set[str]]:
        """The directories of volumes, and those that are to be one or were one.

        Raises:
            OSError: The directory cannot be read.
        """
        with self.opened() as own, os.scandir(own) as entries:
            names = {entry.name for entry in entries if _is_directory(entry)}
        leftovers = {name for name in names if name.startswith((CREATING, REMOVING, TRASH))}
        return names - leftovers, leftovers

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor of one's own: two who read a directory through one would share their place in it.

        Raises:
            OSError: The driver is closed.
        """
        with self.m:
            own = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.descriptor)
        try:
            yield own
        finally:
            os.close(own)

    def list(self) -> Sequence[LocalVolume]:
        """All volumes."""
        return tuple(self.volumes.values())

    def get(self, name: str) -> LocalVolume:
        """The volume of that name.

        Raises:
            VolumeNotFound: There is none.
        """
        found = self.volumes.get(name)
        if found is None:
            raise VolumeNotFound
        return found

    def create(self, name: str, opts: Mapping[str, str] | None = None) -> LocalVolume:
        """Make a volume; one that exists is returned as it is.

        Raises:
            ValidationError: The name or an option cannot be.
            System: The directory or the options file cannot be made.

        Differs:
            call RemoveAll: what failed is removed through descriptors, and never what was there before.
            behaviour mode: the options file has mode 0600; moby wrote 600 and meant 0600.
            behaviour reserved: the names of the engine's own files are refused; moby fails for the one that
                it has, since the file is there.
            call localVolume.Name: an attribute, which is read.
        """
        prepared = self.prepare(name, opts)
        prepared.publish()
        return prepared.volume

    def prepare(self, name: str, opts: Mapping[str, str] | None = None) -> Creation:
        """Make a volume that nobody sees yet.

        Raises:
            ValidationError: The name or an option cannot be.
            System: The directory or the options file cannot be made.
        """
        local_unix.validate_name(name)
        if db.is_reserved(name):
            raise ValidationError(
                f"{quote(name)} is the name of a file that the engine keeps beside the volumes"
            )
        config = local_unix.set_opts(opts)
        if self.blocked:
            raise System(self.blocked)
        with self.m:
            if name in self.volumes:
                return Creation(self, self.volumes[name], made=False)
            if name in self.staged:
                raise System(f"volume {name} is being created")
            self.staged.add(name)
        creation = Creation(self, LocalVolume(name, self, config), made=True)
        try:
            creation.build()
        except BaseException:
            creation.discard()
            raise
        return creation

    def remove(self, vol: object) -> None:
        """Remove a volume and all its data.

        Raises:
            System: It is mounted, made by another driver, leads out of the root, or cannot be deleted.

        Go:
            volume/local/local.go::Root.Remove
            volume/local/local.go::removePath
        Differs:
            behaviour links: no link is followed. One in the place of the data that leads to another volume is
                refused like one that leads out of the root; moby deletes that volume's data.
            behaviour mounts: what is mounted in the volume is not deleted; removal is refused.
            behaviour lock: other volumes can be used while one is deleted.
            param path: the same function does both.
            call localVolume.unmount: `release` does, which also looks for users.
            call GetMounts: what is mounted is looked for once.
            error volume-has-active-mounts: the volume says so itself.
        """
        self.retire(vol).finish()

    def retire(self, vol: object) -> Removal:
        """Take a volume out of sight; its data are deleted, or it is back, in a second step.

        Raises:
            System: It is mounted, made by another driver, leads out of the root, or cannot be deleted.
        """
        if not isinstance(vol, LocalVolume):
            raise unknown_type(vol)
        vol.release()
        self._check_scope(vol)
        removing = Removal(self, vol)
        removing.hide()
        return removing

    def flush(self) -> None:
        """Bring to disk which directories there are, and what was done in them.

        Raises:
            OSError: The disk fails.
        """
        for name in self.unsynced.copy():
            with suppress(FileNotFoundError), system.opened(name, self.descriptor) as directory:
                os.fsync(directory)
            self.unsynced.discard(name)
        os.fsync(self.descriptor)

    def recover(self, recorded: Callable[[], Collection[str]]) -> Sequence[str]:
        """End what a crash interrupted.

        Args:
            recorded: Tells the names of the volumes that have a record, if it is asked.

        Returns:
            The volumes whose removal was begun: their records are to be deleted.
        """
        return crash.recover(self, recorded)

    def sweep(self) -> None:
        """Delete the data of volumes whose removal was begun; what cannot be deleted is named in the log."""
        crash.sweep(self)

    def warnings(self) -> Sequence[str]:
        """What is not as it should be on disk."""
        return tuple(self.broken.values())

    def close(self) -> None:
        """Give the descriptor back; nothing can be made or removed after that."""
        with self.m:
            if self.descriptor != CLOSED:
                os.close(self.descriptor)
                self.mounts.close()
            # The system gives a number that is free to whatever is opened next.
            self.descriptor = CLOSED

    def scoped_path(self, real_path: str, volume: LocalVolume) -> bool:
        """Whether a path lies in the volume's own directory, its parts compared rather than its letters.

        Differs:
            extra volume: moby compares with the directory of all volumes, and by letters, so that it takes
                `volumes-evil` for a part of `volumes`, and one volume for a part of another.
            behaviour vfs: volumes of engines before 1.7, elsewhere in the root, are not known here.
        """
        own = f"{self.real_path}/{volume.name}"
        return real_path == own or real_path.startswith(own + "/")

    def found(self, name: str) -> LocalVolume:
        """A volume from its directory, with what is wrong there."""
        volume = LocalVolume(name, self)
        if os.access(f"{name}/{local_unix.FILE}", os.F_OK, dir_fd=self.descriptor, follow_symlinks=False):
            self._read_opts(volume)
        if wrong := self._what_is_wrong(f"{name}/{VOLUME_DATA_PATH_NAME}"):
            self.report(name, f"volume {name}: its directory {VOLUME_DATA_PATH_NAME} {wrong}")
        return volume

    def expect(self, name: str, options: Mapping[str, str] | None) -> None:
        """Refuse to mount a volume whose record has options that its options file has lost.

        Mounted without them, it would put data on this disk that belong elsewhere.
        """
        volume = self.volumes.get(name)
        wanted = any((options or {}).get(option) for option in local_unix.VALID_OPTS)
        if volume is None or volume.opts is not None or volume.problem or not wanted:
            return
        volume.problem = (
            f"volume {name}: {self.path}/{name}/{local_unix.FILE} is missing or has no options, but the "
            "volume was created with options and is not mounted without them; restore the file and restart "
            "the engine, or remove the volume"
        )
        self.report(name, volume.problem)

    def _what_is_wrong(self, data: str) -> str:
        try:
            status = os.stat(data, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be reached: {cause(error)}"
        if stat.S_ISLNK(status.st_mode):
            return "is a link, which is not followed when the volume is removed"
        return "" if stat.S_ISDIR(status.st_mode) else "is no directory"

    def _read_opts(self, volume: LocalVolume) -> None:
        path = f"{volume.name}/{local_unix.FILE}"
        try:
            volume.opts = local_unix.read(path, self.descriptor)
        except BrokenOptions as error:
            volume.problem = f"error while unmarshaling volume options for volume: {volume.name}: {error}"
            self.report(volume.name, volume.problem)
            return
        if volume.opts is None and os.stat(path, dir_fd=self.descriptor).st_size == 0:
            self.report(volume.name, f"volume {volume.name}: its options file is empty")

    def report(self, name: str, problem: str) -> None:
        """Note what is not as it should be, and say so in the log."""
        log.warning("%s", problem)
        self.broken[name] = problem

    def _unmount_leftovers(self) -> None:
        """Unmount what an engine that was killed left mounted for a volume with options."""
        below = self.real_path + "/"
        for at in mount.mounts_under(self.real_path):
            name, _, rest = at.removeprefix(below).partition("/")
            volume = self.volumes.get(name)
            if volume is not None and rest == VOLUME_DATA_PATH_NAME and (volume.opts or volume.problem):
                _try_unmount(at)

    def _check_scope(self, volume: LocalVolume) -> None:
        """Refuse to remove a volume whose name, or whose directories as links, lead elsewhere."""
        if "/" in volume.name or volume.name in ("", ".", ".."):
            raise self._outside(f"{self.path}/{volume.name}")
        for path in (volume.name, f"{volume.name}/{VOLUME_DATA_PATH_NAME}"):
            try:
                linked = stat.S_ISLNK(os.lstat(path, dir_fd=self.descriptor).st_mode)
            except OSError:
                return
            if linked:
                self._check_target(os.path.realpath(f"{self.path}/{path}"), volume)

    def _check_target(self, real_path: str, volume: LocalVolume) -> None:
        if Path(real_path).exists() and not self.scoped_path(real_path, volume):
            raise self._outside(real_path)

    def _outside(self, path: str) -> System:
        return System(f"Unable to remove a directory outside of the local volume root {self.base}: {path}")


def _try_unmount(path: str) -> None:
    try:
        unmount(Path(path))
    except OSError as error:
        log.warning("%s: a mount left by an engine that was killed stays: %s", path, error)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not db.is_reserved(entry.name)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
