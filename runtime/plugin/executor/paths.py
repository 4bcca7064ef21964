"""Paths of plugins that run as plain processes: a container's on the host, and short ones for sockets."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from runtime.errdefs import EngineError
from runtime.oci import Spec
from runtime.pkg.ioutils import PRIVATE
from runtime.pkg.plugins.transport import MAX_UNIX_PATH
from runtime.plugin.v2.plugin_linux import DEFAULT_PLUGIN_RUNTIME_DESTINATION

_LINKS_LIMIT = 40


class HostPaths:
    """Translates paths in a spec's container into paths on the host.

    Args:
        spec: The spec.
        sockets: Another path of the directory for the plugin's socket, if its own is too long for sockets.
    """

    def __init__(self, spec: Spec, sockets: Path | None = None) -> None:
        self.rootfs = Path(spec.root.path)
        binds = [(m.destination.rstrip("/"), m.source) for m in spec.mounts if "bind" in (m.type, *m.options)]
        binds += [(m.destination.rstrip("/"), m.source) for m in spec.mounts if "rbind" in m.options]
        if sockets is not None:
            # The last bind there is the engine's; one of the plugin's own is hidden below it.
            binds = [bind for bind in binds if bind[0] != DEFAULT_PLUGIN_RUNTIME_DESTINATION]
            binds.append((DEFAULT_PLUGIN_RUNTIME_DESTINATION, str(sockets)))
        self._binds = sorted({bind for bind in binds if bind[0]}, key=lambda bind: len(bind[0]), reverse=True)

    def below_bind(self, path: str) -> str | None:
        """Return the path on the host of a path in a mount, or None."""
        for destination, source in self._binds:
            if path == destination or path.startswith(f"{destination}/"):
                return source.rstrip("/") + path[len(destination) :] or "/"
        return None

    def resolve(self, path: str) -> str:
        """Return the path on the host; links never lead out of the root file system, except into mounts."""
        rest = posixpath.normpath(f"/{path}").strip("/").split("/")
        place: list[str] = []
        links = 0
        while rest:
            part = rest.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                place = place[:-1]
                continue
            place.append(part)
            inside = "/" + "/".join(place)
            if self.below_bind(inside) is not None:
                return self._in_mount(posixpath.join(inside, *rest))
            if (target := self._link(inside)) is not None and links < _LINKS_LIMIT:
                links += 1
                place = [] if target.startswith("/") else place[:-1]
                rest = [*target.split("/"), *rest]
        return str(self.rootfs.joinpath(*place))

    def argument(self, text: str) -> str:
        """Translate an argument or the value of a variable.

        A path below a mount, or of something in the root file system, becomes the host's; also behind
        `unix://`, or behind the first `=`. All else stays.
        """
        if text.startswith("unix://"):
            return f"unix://{self.argument(text[len('unix://') :])}"
        if not text.startswith("/"):
            name, equals, value = text.partition("=")
            return f"{name}={self.argument(value)}" if equals and value.startswith(("/", "unix://")) else text
        mounted = self.below_bind(posixpath.normpath(text))
        if mounted is not None:
            return mounted
        inside = self.resolve(text)
        return inside if os.path.lexists(inside) and inside != str(self.rootfs) else text

    def executable(self, name: str, search: Sequence[str]) -> str | None:
        """Return the path on the host of a program, which is named with or without a path."""
        candidates = [name] if "/" in name else [posixpath.join(directory, name) for directory in search]
        found = (self.resolve(candidate) for candidate in candidates)
        return next((path for path in found if os.access(path, os.X_OK) and not Path(path).is_dir()), None)

    def _in_mount(self, path: str) -> str:
        """Return the path on the host of a path that leads through a mount; its links are not followed."""
        clean = posixpath.normpath(path)
        return self.below_bind(clean) or f"{self.rootfs}{clean}"

    def _link(self, inside: str) -> str | None:
        try:
            return str(Path(f"{self.rootfs}{inside}").readlink())
        except OSError:
            return None


LONGEST_NAME: Final = 22
"""Bytes of a socket's name that moby's /run/docker/plugins/ID leaves."""

ID_LENGTH: Final = 64
LINK_LENGTH: Final = 24
"""Characters of an id that are enough to tell the plugins of one engine apart."""

TRIES: Final = 8
"""Names to try in a directory where others may have taken the first."""


class ShortPaths:
    """Links to the directories of sockets, since the path of a Unix socket has at most 107 bytes.

    A plugin that is a plain process binds its socket at a path of the host, EXEC/ID/NAME, where the id alone
    has 64 characters. If that is too long, the plugin gets a path through a link instead: DIRECTORY/ID ->
    EXEC/ID, with the beginning of the id. The directory is private to the user and to the exec root.

    Args:
        root_dir: EXEC, whose directories are linked to.
        parents: Where the private directory may be, the best first.

    Raises:
        EngineError: EXEC is too long, and there is no place for a short directory.
    """

    def __init__(self, root_dir: Path, parents: Sequence[str] | None = None) -> None:
        self._root_dir = root_dir
        self._parents = _parents() if parents is None else parents
        key = f"{os.geteuid()}\0{os.path.realpath(root_dir)}"
        self._name = f"moby-{hashlib.sha256(os.fsencode(key)).hexdigest()[:12]}"
        self._needed = not _fits(root_dir, ID_LENGTH)
        self._directory: Path | None = None
        # One plugin must not remove the directory that another has just found or made.
        self._mu = threading.Lock()
        if self._needed:
            self._remove_directory(self._private_directory())

    def make(self, plugin_id: str) -> Path:
        """Return a directory through which the plugin can bind its socket.

        Raises:
            EngineError: There is no place for a short directory.
            OSError: The link cannot be made.
        """
        target = self._root_dir / plugin_id
        if not self._needed:
            return target
        with self._mu:
            link = self._private_directory() / plugin_id[:LINK_LENGTH]
            with suppress(FileNotFoundError):
                link.unlink()
            link.symlink_to(os.path.realpath(target))
        return link

    def remove(self, plugin_id: str) -> None:
        """Remove the link of a plugin that has ended, and the directory after the last one."""
        if not self._needed:
            return
        with self._mu:
            directory = self._directory or self._private_directory()
            with suppress(OSError):
                (directory / plugin_id[:LINK_LENGTH]).unlink()
            self._remove_directory(directory)

    def _private_directory(self) -> Path:
        for directory in self._candidates():
            if _fits(directory, LINK_LENGTH) and _is_safe_parent(directory.parent) and _make(directory):
                self._directory = directory
                return directory
        length = MAX_UNIX_PATH - LONGEST_NAME - ID_LENGTH - 2 - len("/plugins")
        raise EngineError(
            f"{self._root_dir} is too long for the sockets of plugins, and no private directory can be made"
            f" in {', '.join(self._parents)}; give an --exec-root of at most {length} bytes"
        )

    def _candidates(self) -> Iterator[Path]:
        for parent in self._parents:
            yield Path(parent, self._name)
            yield from (Path(parent, f"{self._name}-{number}") for number in range(1, TRIES))

    def _remove_directory(self, directory: Path) -> None:
        with suppress(OSError):  # other plugins still have links in it
            directory.rmdir()


def _parents() -> list[str]:
    uid = os.geteuid()
    runtime_dir = os.environ.get("XDG_RUNTIME_DIR", "")
    private = [runtime_dir] if runtime_dir.startswith("/") else []
    return [*private, f"/run/user/{uid}", "/run", "/tmp", "/var/tmp"]  # noqa: S108


def _fits(directory: Path, length: int) -> bool:
    """Return whether a socket's path is short enough below a directory, with a component of that length."""
    return len(os.fsencode(directory)) + 1 + length + 1 + LONGEST_NAME <= MAX_UNIX_PATH


def _is_safe_parent(parent: Path) -> bool:
    """Return whether a directory protects its entries from being renamed by other users."""
    try:
        status = parent.stat()
    except OSError:
        return False
    trusted = status.st_uid in (0, os.geteuid())
    return trusted and (not status.st_mode & 0o022 or bool(status.st_mode & stat.S_ISVTX))


def _make(directory: Path) -> bool:
    """Make a directory unless it exists; return whether it does and only the user can enter it."""
    try:
        with suppress(FileExistsError):
            directory.mkdir(PRIVATE)
        found = directory.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.geteuid()
        and not stat.S_IMODE(found.st_mode) & 0o077
    )
