"""The local driver: volumes that are directories under the engine's root.

Go: volume/local/local.go, volume/local/local_unix.go
"""

from __future__ import annotations

import logging
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from runtime.errdefs import EngineError, System
from runtime.golang.strconv import cause
from runtime.pkg import mount
from runtime.pkg.mount import mounted, unmount
from runtime.volume.local import local_unix
from runtime.volume.local.local_unix import OptsConfig
from runtime.volume.volume import DEFAULT_DRIVER_NAME

log = logging.getLogger(__name__)

VOLUME_DATA_PATH_NAME: Final = "_data"
"""The directory in a volume's own that holds its data.

Go: volume/local/local.go::VolumeDataPathName
"""


class LocalVolume:
    """A directory, and what is mounted there while the volume is in use.

    Args:
        name: Its name, and that of its directory.
        root: Where the directory is.
        opts: What is mounted; None for nothing.
        problem: Why the options are not known; empty if they are.

    Go:
        volume/local/local.go::localVolume
        volume/local/local.go::activeMount
    Differs:
        field active: `count` and `mounted` stand in the volume itself.
        extra root: for the path.
        extra problem: a broken options file does not stop the start.
        extra cached_path: what moby's method of that name returns.
        extras count, mounted: of active.
    """

    __slots__ = ("_created", "count", "m", "mounted", "name", "opts", "problem", "root")

    driver_name = DEFAULT_DRIVER_NAME

    def __init__(self, name: str, root: Place, opts: OptsConfig | None = None, problem: str = "") -> None:
        self.name = name
        self.root = root
        self.opts = opts
        self.problem = problem
        self.count = 0
        self.mounted = False
        self.m = threading.Lock()
        self._created: datetime | None = None

    def path(self) -> str:
        """Where the data are.

        Go:
            volume/local/local.go::localVolume.Path
            volume/local/local.go::localVolume.CachedPath
            volume/local/local.go::Root.DataPath
        Differs:
            param volumeName: the name is its own.
        """
        return f"{self.root.path}/{self.name}/{VOLUME_DATA_PATH_NAME}"

    cached_path = path

    def mount(self, ref: str) -> str:
        """Mount what the options say, if it is not, and count one more user.

        Raises:
            System: It cannot be mounted, or nobody knows what is to be.

        Go: volume/local/local.go::localVolume.Mount
        Differs:
            call localVolume.Path: the path is computed.
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
        """Count one user less, and after the last one unmount what was mounted.

        Raises:
            System: It cannot be unmounted.

        Differs:
            behaviour count: stays at zero when nobody is counted; moby's count wraps, and the volume cannot
                be removed until the next start.
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
        """Unmount what is mounted, before the volume is removed.

        Raises:
            System: Somebody uses the volume, or it cannot be unmounted.
        """
        with self.m:
            if self.count > 0:
                raise System("volume has active mounts")
            self._unmount()

    def created_at(self) -> datetime | None:
        """When it was made.

        Differs:
            behaviour source: the volume's own directory, asked once; moby asks that of the data, whose time
                changes with every file that a container makes there.
        """
        if self._created is None:
            try:
                seconds = os.stat(self.name, dir_fd=self.root.descriptor, follow_symlinks=False).st_ctime
            except OSError:
                return None
            self._created = datetime.fromtimestamp(seconds, UTC)
        return self._created

    def status(self) -> dict[str, Any] | None:
        """Nothing more."""
        return None

    def _mount(self, opts: OptsConfig) -> None:
        """Mount what the options say.

        Go: volume/local/local_unix.go::localVolume.mount
        Differs:
            behaviour symlink: the directory of the data must not be one.
            extra opts: known to be there.
            call System: the kind is given where the error arises.
            call localVolume.Path: the path is computed.
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
        """Unmount what is mounted.

        Go: volume/local/local.go::localVolume.unmount
        Differs:
            call localVolume.Path: the path is computed.
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


def unknown_type(volume: object) -> EngineError:
    """The error for a volume that some other driver made."""
    return System(f"unknown volume type {type(volume).__name__}")


class Place(Protocol):
    """Where local volumes are."""

    @property
    def path(self) -> str:
        """The directory of all volumes."""
        ...

    @property
    def descriptor(self) -> int:
        """Its descriptor."""
        ...
