"""Finds Go repositories on disk, and their names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from annotator.errors import AnnotatorError
from annotator.repository.git_clone import is_url, public
from annotator.repository.local_git import GitError, LocalSource, Repository

HEAD = "HEAD"

_SCP = re.compile(r"(?:ssh://)?(?:[\w.+-]+@)?([\w.-]+\.[a-z]+)[:/](?:\d+/)?([\w.-]+(?:/[\w.-]+)+)")
_MODULE = re.compile(r"(?m)^module[ \t]+\"?([^\s\"]+)")
_HOSTED = re.compile(r"[\w-]+(?:\.[\w-]+)+/[\w.~-]+(?:/[\w.~-]+)*")
_MAJOR = re.compile(r"/v[0-9]+$")
_MOST = 500
"""Entries of a folder among which repositories are looked for."""


class FoundRepository(msgspec.Struct, frozen=True):
    """A Go repository on disk.

    Attributes:
        folder: Its folder.
        address: Its web address: that of its remote, else that of its module, else its folder.
    """

    folder: Path
    address: str


def enclosing(folder: Path) -> Path | None:
    """Return the root of the git work tree that a folder lies in, or None."""
    absolute = Path(os.path.realpath(folder))
    return next((each for each in (absolute, *absolute.parents) if (each / ".git").exists()), None)


def read(folder: Path) -> FoundRepository | None:
    """Return the repository in a folder, or None without a repository that holds Go."""
    try:
        source = LocalSource(folder, repository=str(folder))
    except AnnotatorError:
        return None
    with source:
        try:
            snapshot = source.snapshot(HEAD)
        except AnnotatorError:
            return None
        if not any(path.endswith(".go") for path in snapshot.files):
            return None
        manifests = sorted((p for p in snapshot.files if p.rpartition("/")[2] == "go.mod"), key=len)[:1]
        text = "".join(data.decode(errors="replace") for data in snapshot.read(manifests).values())
    module = _MODULE.search(text)
    path = _MAJOR.sub("", module[1]) if module else ""
    if not (manifests and "/" not in manifests[0]):  # a module below the root has the root's name in front
        path = path.removesuffix(f"/{manifests[0].rpartition('/')[0]}") if manifests else ""
    remote = web_address(_remote(folder))
    hosted = f"https://{path}" if _HOSTED.fullmatch(path) else ""
    address = remote or hosted or folder.resolve().as_posix()
    return FoundRepository(folder, address)


def _remote(folder: Path) -> str:
    with suppress(GitError, AnnotatorError):
        return Repository(folder.resolve()).run("config", "--get", "remote.origin.url").decode().strip()
    return ""


def web_address(remote: str) -> str:
    """Return the web address of a remote, without user name and password; empty if it has none."""
    if remote.startswith(("http://", "https://")):
        with suppress(AnnotatorError):
            return public(remote) if is_url(remote) else ""
    match = _SCP.fullmatch(remote)
    return f"https://{match[1]}/{match[2].removesuffix('.git')}" if match else ""


def beside(folder: Path) -> Iterator[FoundRepository]:
    """Yield the Go repositories in a folder, and those next to it."""
    for parent in (folder, folder.parent):
        with suppress(OSError):
            entries = sorted(entry for entry in parent.iterdir() if not entry.name.startswith("."))
            for entry in entries[:_MOST]:
                is_repository = (entry / ".git").exists() or (entry / "objects").is_dir()
                if entry != folder and is_repository and (found := read(entry)):
                    yield found
