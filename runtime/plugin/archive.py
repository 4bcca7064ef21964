"""Splits a plugin's tar into config.json and root file system; the tar is hostile input.

Go: plugin/backend_linux.go
"""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
from pathlib import Path
from typing import IO, Protocol

from runtime.errdefs import EngineError
from runtime.golang import encoding_json
from runtime.golang.strconv import cause, located
from runtime.plugin.defs import CONFIG_FILE_NAME, ROOTFS_FILE_NAME

_CHUNK = 1 << 20
_PERMISSIONS = 0o7777
_DEEPEST = 256
"""The deepest path, in names."""
_OWNERS = range((1 << 32) - 1)
_LATEST = 1 << 62


class Sink(Protocol):
    """The sink of the layer's tar."""

    def write(self, data: bytes, /) -> int:
        """Write some bytes."""
        ...


def split_config_root_fs_from_tar(stream: IO[bytes], rootfs: Path, layer: Sink) -> bytes | None:
    """Unpack `rootfs/`, write it as a tar of its own, and return config.json or None.

    Raises:
        EngineError: the tar is broken, has no root file system, or has members that are not allowed.

    Differs:
        result io.ReadCloser: unpacked and written here, in one pass, without a pipe and a goroutine.
        error unsafe: absolute names, `..`, links that lead out, devices and pipes are refused; moby unpacks
            in a chroot, which needs root.
        error numbers: owners and times out of range, and paths of more than 256 names, are refused.
        behaviour xattrs: not unpacked.
    """
    config: bytes | None = None
    unpacking = _Unpacking(rootfs)
    try:
        with (
            tarfile.open(fileobj=stream, mode="r|") as archive,
            tarfile.open(fileobj=layer, mode="w|", format=tarfile.PAX_FORMAT) as copy,  # type: ignore[call-overload]  # any object with `write` will do
        ):
            for member in archive:
                name = _clean(member)
                if name == CONFIG_FILE_NAME:
                    config = _read_config(archive, member)
                elif name.split("/", 1)[0] == ROOTFS_FILE_NAME:
                    _move_below_rootfs(member, name)
                    unpacking.unpack(archive, member)
                    _copy(copy, member, rootfs)
                    unpacking.settle(member)
    except (tarfile.TarError, EOFError) as error:
        if not unpacking.begun and str(error) == "empty file":
            raise EngineError("no rootfs found: EOF") from error
        raise EngineError(f"failed to read from tar: {_cause(error)}", error) from error
    except OSError as error:
        raise EngineError(f"error copying tar data: {located(error)}", error) from error
    except ValueError as error:
        raise EngineError("failed to read from tar: a name has a null byte", error) from error
    if not unpacking.begun:
        raise EngineError("no rootfs found: EOF")
    unpacking.finish()
    return config


def _clean(member: tarfile.TarInfo) -> str:
    if member.name.startswith("/"):
        raise _refused(member, "its name is absolute")
    parts = member.name.split("/")
    if ".." in parts:
        raise _refused(member, "its name leads upwards")
    if len(parts) > _DEEPEST:
        raise _refused(member, "it lies too deep")
    if member.uid not in _OWNERS or member.gid not in _OWNERS:
        raise _refused(member, "the number of its owner is out of range")
    if not -_LATEST < member.mtime < _LATEST:
        raise _refused(member, "its time is out of range")
    return posixpath.normpath(member.name)


def _cause(error: tarfile.TarError | EOFError) -> str:
    """Return the error text of Go's archive/tar."""
    ended = isinstance(error, EOFError) or any(word in str(error) for word in ("truncated", "end of data"))
    return "unexpected EOF" if ended else "archive/tar: invalid tar header"


def _refused(member: tarfile.TarInfo, reason: str) -> EngineError:
    return EngineError(f"failed to read from tar: {member.name!r} is refused: {reason}")


def _read_config(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member) if member.isreg() else None
    if file is None:
        raise EngineError(f"failed to read {CONFIG_FILE_NAME}: it is no regular file")
    return file.read(encoding_json.SIZE_LIMIT + 1)


def _move_below_rootfs(member: tarfile.TarInfo, name: str) -> None:
    member.name = posixpath.normpath(name[len(ROOTFS_FILE_NAME) + 1 :])
    if member.islnk():
        target = posixpath.normpath(member.linkname)
        if target.lower().startswith(f"{ROOTFS_FILE_NAME}/"):
            target = target[len(ROOTFS_FILE_NAME) + 1 :]
        member.linkname = target


def _copy(copy: tarfile.TarFile, member: tarfile.TarInfo, rootfs: Path) -> None:
    if not member.isreg():
        copy.addfile(member)
        return
    with (rootfs / member.name).open("rb") as content:
        copy.addfile(member, content)


def _check_root(member: tarfile.TarInfo) -> None:
    if not member.isdir():
        raise _refused(member, "the root file system is no directory")


class _Unpacking:
    """Unpacks members below a directory, and through no link."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.begun = False
        self._directories: list[tarfile.TarInfo] = []

    def unpack(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Unpack one member.

        Raises:
            EngineError: it is refused, or cannot be written.
        """
        self.begun = True
        try:
            self._unpack(archive, member)
        except OSError as error:
            raise EngineError(f"failed to unpack {member.name!r}: {cause(error)}", error) from error

    def settle(self, member: tarfile.TarInfo) -> None:
        """Set the owner, mode and time of a file, which may make it unreadable."""
        if member.isreg():
            self._set_metadata(self.root / member.name, member)

    def finish(self) -> None:
        """Set the modes and times of the directories, the deepest first."""
        for member in reversed(self._directories):
            self._set_metadata(self.root / member.name, member)

    def _unpack(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = self.root / member.name
        if path == self.root:
            _check_root(member)
            return
        self._make_parents(member)
        if member.isdir():
            self._make_directory(path, member)
            return
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            path.unlink()
        if member.issym():
            self._make_symlink(path, member)
        elif member.islnk():
            self._make_link(path, member)
        elif member.isreg() and not member.issparse():
            self._write_file(archive, path, member)
        else:
            raise _refused(member, "it is neither a file nor a directory nor a link")

    def _make_parents(self, member: tarfile.TarInfo) -> None:
        parent = self.root
        for part in Path(member.name).parts[:-1]:
            parent /= part
            if parent.is_symlink():
                raise _refused(member, "it lies below a link")
            parent.mkdir(mode=0o755, exist_ok=True)

    def _make_directory(self, path: Path, member: tarfile.TarInfo) -> None:
        if path.is_symlink():
            path.unlink()
        path.mkdir(mode=0o755, exist_ok=True)
        self._directories.append(member)

    def _make_symlink(self, path: Path, member: tarfile.TarInfo) -> None:
        """Make a symlink; an absolute target stays, since it begins at the container's root."""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(member.name), member.linkname))
        if target == ".." or target.startswith("../"):
            raise _refused(member, "it is a link that leads out")
        path.symlink_to(member.linkname)
        if os.geteuid() == 0:
            os.lchown(path, member.uid, member.gid)

    def _make_link(self, path: Path, member: tarfile.TarInfo) -> None:
        if member.linkname.startswith("/") or ".." in member.linkname.split("/"):
            raise _refused(member, "it is a link that leads out")
        target = self.root
        for part in Path(member.linkname).parts:
            if target.is_symlink():
                raise _refused(member, "it is a link through a link")
            target /= part
        os.link(target, path, follow_symlinks=False)

    def _write_file(self, archive: tarfile.TarFile, path: Path, member: tarfile.TarInfo) -> None:
        content = archive.extractfile(member)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if content is not None:
                shutil.copyfileobj(content, file, _CHUNK)

    def _set_metadata(self, path: Path, member: tarfile.TarInfo) -> None:
        if os.geteuid() == 0:
            os.chown(path, member.uid, member.gid, follow_symlinks=False)
        path.chmod(member.mode & _PERMISSIONS)
        os.utime(path, (member.mtime, member.mtime))
