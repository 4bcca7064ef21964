"""The local driver: volumes that are directories under the engine's root.

The checks of names and options, and the options file, are in `local_unix.py`; the steps that a crash must not
divide are in `crash.py`.

Go: volume/local/local.go, volume/local/local_unix.go
"""

from __future__ import annotations

import logging
import os
import re
import stat
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from runtime.errdefs import System
from runtime.golang.strconv import cause, quote
from runtime.pkg import mount
from runtime.pkg.mount import mounted, unmount
from runtime.volume.local import local_unix
from runtime.volume.local.crash import CREATING, REMOVING, ROOT_MODE, TRASH, CrashSafe
from runtime.volume.local.local_unix import (
    VOLUME_DATA_PATH_NAME,
    BrokenOptions,
    OptsConfig,
    ValidationError,
    VolumeNotFound,
)
from runtime.volume.volume import DEFAULT_DRIVER_NAME, LOCAL_SCOPE

log = logging.getLogger(__name__)

OPEN_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
CLOSED: Final = -1
"""The descriptor of a closed driver; every call with it fails."""

VOLUMES_PATH_NAME: Final = "volumes"
"""The directory of all volumes in the engine's root.

Go: volume/local/local.go::volumesPathName
"""

RESERVED: Final = re.compile(r"metadata\.(db|sqlite3(-wal|-shm|-journal|\.damaged-.*)?)", re.DOTALL)
"""Names of files of `volume/service/db.py` in the same directory; no volume can have one."""


def new(scope: str | Path) -> Root:
    """Return the driver of the volumes under the engine's root `scope`; create their directory if needed.

    Raises:
        OSError: The directory cannot be read.

    Differs:
        error MkdirAndChown: the engine starts without local volumes.
        error err: a broken options file does not stop the start; its volume cannot be mounted.
        behaviour unmount: the mount table is read once, and only mounts in it are unmounted.
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
    """Return a driver for an unusable root: it lists nothing and refuses to create."""
    with TemporaryDirectory() as nowhere:
        root = Root(base, os.open(nowhere, OPEN_DIRECTORY))
    root.blocked = f"no local volume can be used: {root.path}: {cause(error)}"
    root.report("", root.blocked)
    return root


class Root(CrashSafe):
    """The local driver: each volume is a directory below one directory, which the driver never leaves.

    Safe to use from several threads. The base class has the steps that a crash cannot divide.
    """

    name: Final = DEFAULT_DRIVER_NAME
    scope: Final = LOCAL_SCOPE

    def __init__(self, base: Path, descriptor: int) -> None:
        self.path = str(base / VOLUMES_PATH_NAME)
        super().__init__()
        self.m = threading.Lock()
        self.base = base  # the engine's root
        self.real_path = os.path.realpath(self.path)  # as in the mount table
        self.descriptor = descriptor  # every step goes through it, so that no swapped symlink leads elsewhere
        self.mounts = mount.MountTable()
        self.volumes: dict[str, LocalVolume] = {}
        self.broken: dict[str, str] = {}  # damage by volume, one sentence each
        self.leftovers: list[str] = []  # directories of interrupted creations and removals
        self.blocked = ""  # why no volume can be used at all

    def load(self) -> None:
        """Load the volumes on disk.

        Raises:
            OSError: The directory cannot be read.
        """
        names, leftovers = self.on_disk()
        self.leftovers = sorted(leftovers)
        for name in sorted(names):
            if _is_text(name):
                self.volumes[name] = self.load_volume(name)
            else:
                self.report(name, f"{self.path}: a directory whose name is not UTF-8 is no volume: {name!r}")
        self._unmount_leftovers()

    def on_disk(self) -> tuple[set[str], set[str]]:
        """Return the directories of volumes, and the leftovers of creations and removals.

        Raises:
            OSError: The directory cannot be read.
        """
        with self.opened() as own, os.scandir(own) as entries:
            names = {entry.name for entry in entries if _is_directory(entry)}
        leftovers = {name for name in names if name.startswith((CREATING, REMOVING, TRASH))}
        return names - leftovers, leftovers

    def list(self) -> Sequence[LocalVolume]:
        """Return all volumes."""
        return tuple(self.volumes.values())

    def get(self, name: str) -> LocalVolume:
        """Return the volume of a name.

        Raises:
            VolumeNotFound: There is none.
        """
        volume = self.volumes.get(name)
        if volume is None:
            raise VolumeNotFound
        return volume

    def create(self, name: str, opts: Mapping[str, str] | None = None) -> LocalVolume:
        """Create a volume, or return the existing one.

        Raises:
            ValidationError: The name or an option is not valid.
            System: The directory or the options file cannot be written.

        Differs:
            call RemoveAll: after a failure only new directories are removed, through descriptors.
            behaviour mode: the options file has mode 0600; moby wrote decimal 600.
            behaviour reserved: names of the engine's own files are refused; moby fails with an I/O error.
        """
        with self.creating(name, opts) as volume:
            return volume

    @contextmanager
    def creating(self, name: str, opts: Mapping[str, str] | None = None) -> Iterator[LocalVolume]:
        """Create a volume that appears when the block ends, and is removed if the block fails.

        Raises:
            ValidationError: The name or an option is not valid.
            System: The directory or the options file cannot be written.
        """
        local_unix.validate_name(name)
        if RESERVED.fullmatch(name):
            raise ValidationError(
                f"{quote(name)} is the name of a file that the engine keeps beside the volumes"
            )
        config = local_unix.set_opts(opts)
        if self.blocked:
            raise System(self.blocked)
        if (existing := self.volumes.get(name)) is not None:
            yield existing
            return
        volume = LocalVolume(name, self, config)
        with self.staged(volume):
            yield volume

    def remove(self, vol: object) -> None:
        """Remove a volume and all its data.

        Raises:
            System: It is mounted, of another driver, leads out of the root, or cannot be deleted.

        Go:
            volume/local/local.go::Root.Remove
            volume/local/local.go::removePath
        Differs:
            behaviour links: a link to another volume's data is refused too; moby deletes those data.
            behaviour mounts: removal is refused while something is mounted in the volume.
            behaviour lock: other volumes can be used while one is deleted.
        """
        with self.removing(vol):
            pass

    @contextmanager
    def removing(self, vol: object) -> Iterator[None]:
        """Hide a volume; delete its data when the block ends, or show it again if the block or that fails.

        Raises:
            System: It is mounted, of another driver, leads out of the root, or cannot be deleted.
        """
        if not isinstance(vol, LocalVolume):
            raise System(f"unknown volume type {type(vol).__name__}")
        vol.release()
        self._check_scope(vol)
        with self.hidden(vol):
            yield

    def warnings(self) -> Sequence[str]:
        """Return the damage on disk, one sentence for each volume."""
        return tuple(self.broken.values())

    def close(self) -> None:
        """Close the directory; every later creation or removal fails."""
        with self.m:
            if self.descriptor != CLOSED:
                os.close(self.descriptor)
            # The system gives the old number to the next file that is opened.
            self.descriptor = CLOSED
        self.mounts.close()

    def scoped_path(self, real_path: str, volume: LocalVolume) -> bool:
        """Return whether a path is in the volume's own directory.

        Differs:
            extra volume: moby compares with the directory of all volumes, and letter by letter:
                `volumes-evil` counts as part of `volumes`.
            behaviour vfs: volumes of engines before 1.7 are elsewhere in the root, and not supported.
        """
        own = f"{self.real_path}/{volume.name}"
        return real_path == own or real_path.startswith(own + "/")

    def load_volume(self, name: str) -> LocalVolume:
        """Return the volume of a directory, and report damage in it."""
        volume = LocalVolume(name, self)
        if os.access(f"{name}/{local_unix.FILE}", os.F_OK, dir_fd=self.descriptor, follow_symlinks=False):
            self._read_opts(volume)
        if wrong := self._damage(f"{name}/{VOLUME_DATA_PATH_NAME}"):
            self.report(name, f"volume {name}: its directory {VOLUME_DATA_PATH_NAME} {wrong}")
        return volume

    def expect(self, name: str, options: Mapping[str, str] | None) -> None:
        """Refuse to mount a volume whose record has options that its options file has lost.

        Mounted without them, it would write data to this disk that belong elsewhere.
        """
        volume = self.volumes.get(name)
        has_options = any((options or {}).get(option) for option in local_unix.VALID_OPTS)
        if volume is None or volume.opts is not None or volume.problem or not has_options:
            return
        volume.problem = (
            f"volume {name}: {self.path}/{name}/{local_unix.FILE} is missing or has no options, but the "
            "volume was created with options and is not mounted without them; restore the file and restart "
            "the engine, or remove the volume"
        )
        self.report(name, volume.problem)

    def _damage(self, data: str) -> str:
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
        """Log damage, and keep it for warnings."""
        log.warning("%s", problem)
        self.broken[name] = problem

    def _unmount_leftovers(self) -> None:
        """Unmount volumes with options that a killed engine left mounted."""
        below = self.real_path + "/"
        for mountpoint in mount.mounts_under(self.real_path):
            name, _, rest = mountpoint.removeprefix(below).partition("/")
            volume = self.volumes.get(name)
            if volume is not None and rest == VOLUME_DATA_PATH_NAME and (volume.opts or volume.problem):
                _try_unmount(mountpoint)

    def _check_scope(self, volume: LocalVolume) -> None:
        """Refuse to remove a volume whose name, or a link in place of its directories, leads elsewhere."""
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


class LocalVolume:
    """A volume of the local driver: a directory, on which its options are mounted while it is in use.

    Args:
        name: The name of the volume and its directory.
        root: The driver.
        opts: The options to mount; None for none.
        problem: Why the options cannot be read; empty if they can. Such a volume is listed, not mounted.

    Go:
        volume/local/local.go::localVolume
        volume/local/local.go::activeMount
    """

    __slots__ = ("_created", "count", "m", "mounted", "name", "opts", "problem", "root")

    driver_name = DEFAULT_DRIVER_NAME

    def __init__(self, name: str, root: Root, opts: OptsConfig | None = None, problem: str = "") -> None:
        self.name = name
        self.root = root
        self.opts = opts
        self.problem = problem
        self.count = 0
        self.mounted = False
        self.m = threading.Lock()
        self._created: datetime | None = None

    def path(self) -> str:
        """Return the directory of the data.

        Go: volume/local/local.go::localVolume.Path, volume/local/local.go::localVolume.CachedPath,
            volume/local/local.go::Root.DataPath
        """
        return f"{self.root.path}/{self.name}/{VOLUME_DATA_PATH_NAME}"

    cached_path = path

    def mount(self, ref: str) -> str:
        """Mount the options unless they are mounted, and count one more user.

        Raises:
            System: The mount fails, or the options cannot be read.

        Go: volume/local/local.go::localVolume.Mount
        """
        del ref
        with self.m:
            if self.problem:
                raise System(self.problem)
            if self.opts is not None:
                if not self.mounted:
                    self._mount(self.opts)
                    self.mounted = True
                self.count += 1
            return self.path()

    def unmount(self, ref: str) -> None:
        """Count one user less, and unmount the options after the last one.

        Raises:
            System: The unmount fails.

        Differs:
            behaviour count: never below zero; moby's wraps, and the volume cannot be removed until a restart.
        """
        del ref
        with self.m:
            if self.opts is not None:
                if self.count == 0:
                    log.error("volume %s: unmounted more often than mounted", self.name)
                    return
                self.count -= 1
            if self.count == 0:
                self._unmount()

    def release(self) -> None:
        """Unmount the options before the volume is removed.

        Raises:
            System: The volume is in use, or the unmount fails.
        """
        with self.m:
            if self.count > 0:
                raise System("volume has active mounts")
            self._unmount()

    def created_at(self) -> datetime | None:
        """Return the time of creation.

        Differs:
            behaviour source: the time of the volume's own directory; moby takes that of the data, which
                changes with every new file in them.
        """
        if self._created is None:
            try:
                seconds = os.stat(self.name, dir_fd=self.root.descriptor, follow_symlinks=False).st_ctime
            except OSError:
                return None
            self._created = datetime.fromtimestamp(seconds, UTC)
        return self._created

    def status(self) -> dict[str, Any] | None:
        """Return None; the local driver has no status."""
        return None

    def _mount(self, opts: OptsConfig) -> None:
        """Mount the options on the directory of the data.

        Go: volume/local/local_unix.go::localVolume.mount
        Differs:
            behaviour symlink: refused in place of the directory of the data.
        """
        if not opts.mount_device:
            raise System("missing device in volume options")
        options = opts.mount_opts
        if opts.mount_type == "nfs":
            try:
                options = local_unix.resolved(options)
            except OSError as error:
                raise System(f"error resolving passed in nfs address: {cause(error)}", error) from error
        try:
            if os.path.islink(self.path()):  # noqa: PTH114 - no Path needed
                raise NotADirectoryError(0, "the directory of the data is a symlink")
            mount.mount(opts.mount_device, self.path(), opts.mount_type, options)
        except OSError as error:
            raise System(
                f"error while mounting volume with options: {opts}: {cause(error)}", error
            ) from error

    def _unmount(self) -> None:
        """Unmount the directory of the data.

        Go: volume/local/local.go::localVolume.unmount
        """
        if self.opts is None:
            return
        try:
            unmount(Path(self.path()))
        except OSError as error:
            if mounted(Path(self.path())):
                raise System(
                    f"error while unmounting volume path '{self.path()}': {cause(error)}", error
                ) from error
        self.mounted = False


def _try_unmount(path: str) -> None:
    try:
        unmount(Path(path))
    except OSError as error:
        log.warning("%s: a mount left by an engine that was killed stays: %s", path, error)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not RESERVED.fullmatch(entry.name)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
