"""Keeps clones of git URLs in the cache folder and fetches missing objects."""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import os
import re
import shutil
import subprocess
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import IO

from annotator.errors import InvalidInput, SourceUnavailable, UnknownTag, shortened
from annotator.file_io import Closing, locked, unwritable, written
from annotator.model.source import Progress, no_progress
from annotator.repository.local_git import (
    NO_GIT,
    WAYS_OUT,
    GitError,
    GitProcess,
    GitSnapshot,
    Repository,
    RepositoryUnreadable,
    check_name,
    last_message,
    options,
)
from annotator.repository.versions import nearest, version_key

SCHEMES = ("https", "http", "git", "ssh")
"""Transports that git may use."""

LONGEST = 4096
"""Characters that a URL or path may have."""

_SCP = re.compile(r"(?:[\w.][\w.+-]*@)?[A-Za-z0-9][\w.-]*:(?!/*-)[^:\s][^\s]*", re.ASCII)


def is_url(source: str) -> bool:
    """Return whether a source is a URL or scp-like address that git may read.

    Raises:
        InvalidInput: It names a transport or an option that git must not get.
    """
    if len(source) > LONGEST:
        raise InvalidInput(f"--source {shortened(source)!r} is longer than any URL or path")
    scheme, separator, rest = source.partition("://")
    if source.startswith("-") or "::" in source or not source.isprintable():
        raise InvalidInput(f"--source {source!r} is neither a URL nor a path; for a folder write ./{source}")
    if not separator:
        return _SCP.fullmatch(source) is not None
    if scheme not in SCHEMES:
        raise InvalidInput(
            f"--source {source!r}: {scheme}:// is not read; "
            f"give an {', '.join(SCHEMES)} URL, or a folder as a path"
        )
    try:
        parts = urllib.parse.urlsplit(source)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an address, or a port that is no number
        has_host = False
    if re.search(r"(?:^|@)-", rest.partition("/")[0]) or not has_host:
        shown = re.sub(r"://[^/]*@", "://", source)
        raise InvalidInput(f"--source {shown!r} names no host that can be asked")
    return True


def public(url: str) -> str:
    """Return a URL for display, without user name, password and the ending `.git`."""
    parts = urllib.parse.urlsplit(url)
    if not parts.scheme or "://" not in url:
        return url
    return (
        parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().removesuffix("/").removesuffix(".git")
    )


def masked(text: str, url: str) -> str:
    """Remove the user name and password of a URL from a text."""
    secret = urllib.parse.urlsplit(url).netloc.rpartition("@")[0] if "://" in url else ""
    return text.replace(f"{secret}@", "") if secret else text


def folder_name(url: str) -> str:
    """Return a folder name for a URL: its last part and a hash."""
    plain = re.sub(r"[^\w.-]+", "-", url.rstrip("/").removesuffix(".git").rpartition("/")[2])[:40].strip(".-")
    return f"{plain or 'repository'}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"


_LOG = logging.getLogger(__name__)

CONNECT = 10.0
"""Seconds in which a URL has to answer."""

_HEX = re.compile(r"[0-9a-f]{4,40}")
_FULL = re.compile(r"[0-9a-f]{40}")
_STEP = re.compile(rb"(?:remote: )?([A-Z][a-z ]+):\s+\d+% \((\d+)/(\d+)\)")

# Proxies, certificates and credentials are the user's own settings and stay; helpers that run
# anything else, prompts and replaced objects do not.
_ENVIRONMENT = MappingProxyType(
    {
        "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
)
_SETTINGS = (
    "protocol.version=2",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=30",
    "fetch.fsckObjects=false",
    "maintenance.auto=false",
)

# Given with each fetch and never kept in the clone: a git that reads would end at a blob that is not there.
_PROMISOR = ("remote.origin.promisor=true", "remote.origin.partialCloneFilter=blob:none")
_NO_ROOM = ("No space left", "Disk quota exceeded", "File too large")
_NO_REF = ("find remote ref", "not our ref", "no such remote ref")
_PLAINLY = ("--no-write-fetch-head", "--no-prune", "--no-recurse-submodules", "--no-auto-maintenance")
_EVERYTHING = ("+refs/tags/*:refs/tags/*", "+refs/heads/*:refs/heads/*")


class CloneSource(Closing):
    """A git URL; its clone in the cache is fetched as far as it is read."""

    def __init__(
        self,
        url: str,
        *,
        repository: str,
        cache: Path,
        history: bool = False,
        progress: Progress = no_progress,
        timeout: float = CONNECT,
    ) -> None:
        """Prepare to read `url`, which `is_url` accepts; nothing is fetched before a tag is read.

        Args:
            url: Its address for git.
            repository: Its address for people.
            cache: The cache folder; clones are under `clones/`.
            history: Whether many tags will be read: all of history is fetched, without blobs.
            progress: Called with the progress of a fetch.
            timeout: Seconds in which the URL has to answer.
        """
        self.repository = repository
        self._url = url
        self._clones = cache / "clones"
        self._progress = progress
        self._timeout = timeout
        self._remote: dict[str, str] | None = None
        self._use(history=history)

    def __reduce__(self) -> tuple[Callable[[], CloneSource], tuple[()]]:
        """Open the same clone in another process, which reports no progress."""
        cache = self._clones.parent
        return partial(
            CloneSource,
            self._url,
            repository=self.repository,
            cache=cache,
            history=self.has_history,
            timeout=self._timeout,
        ), ()

    def check_available(self, tag: str) -> None:
        """Check that a tag can be read: the clone has it, or the URL answers.

        Raises:
            SourceUnavailable: The URL does not answer.
        """
        if self._cloned(tag) is None:
            self.remote_refs()

    def tags(self) -> list[str]:
        """Return all tags of the remote, in version order; those of the clone if it does not answer."""
        try:
            remote = self.remote_refs()
        except SourceUnavailable:
            if not (self.has_history and self._folder.exists()):
                raise
            return self._store.tags()
        names = (name.removeprefix("refs/tags/") for name in remote if name.startswith("refs/tags/"))
        return sorted(names, key=version_key)

    def refs(self) -> list[str]:
        """Return the tags and branches that the clone has; the remote is not asked."""
        return self._store.refs() if self._folder.exists() else []

    def has_commit(self, name: str) -> bool:
        """Return whether the clone has a commit with this id."""
        try:
            return self._folder.exists() and self._store.commit(name) is not None
        except (InvalidInput, RepositoryUnreadable):
            return False

    def default_tag(self, baseline: str) -> str:
        """Return the baseline tag, which every repository of the project has."""
        return baseline

    def snapshot(self, tag: str) -> GitSnapshot:
        """Return the snapshot at a tag, another ref or a commit; fetch it if the clone does not have it.

        Raises:
            InvalidInput: `tag` cannot be a name.
            UnknownTag: There is no such tag, ref or commit.
            SourceUnavailable: The URL does not answer, or the cache cannot be written to.
        """
        check_name(tag)
        return self._cloned(tag) or self._snapshot(tag, self._fetched(tag))

    def remote_refs(self) -> dict[str, str]:
        """Return the remote's tags and branches with their ids; ask the remote once.

        Raises:
            SourceUnavailable: The URL does not answer in time, or with an error.
        """
        if self._remote is None:
            _LOG.info("asking %s for its tags", public(self._url))
            process = _start(("ls-remote", "--tags", "--heads", "--", self._url))
            try:
                listing = process.finish(timeout=self._timeout)
            except subprocess.TimeoutExpired as error:
                raise self._unavailable(f"no answer in {self._timeout:g} seconds") from error
            except GitError as error:
                raise self._unavailable(str(error)) from error
            lines = listing.decode(errors="replace").splitlines()
            pairs = (line.split("\t", 1) for line in lines if "\t" in line)
            self._remote = {name: oid for oid, name in pairs if not name.endswith("^{}")}
        return self._remote

    def close(self) -> None:
        """End git."""
        self._store.close()

    def _use(self, *, history: bool) -> None:
        self.has_history = history
        self._folder = self._clones / f"{folder_name(self._url)}{'-history' if history else ''}.git"
        self._store = Repository(self._folder)

    def _cloned(self, tag: str) -> GitSnapshot | None:
        """Return the snapshot of a tag or commit id if the clone has it; these never change."""
        if not self._folder.exists():
            return None
        names = (f"refs/tags/{tag}", tag) if _HEX.fullmatch(tag) else (f"refs/tags/{tag}",)
        try:
            commit = self._store.commit(*names)
            return None if commit is None else self._snapshot(tag, commit)
        except RepositoryUnreadable:
            self._discard()
            return None

    def _snapshot(self, tag: str, commit: str) -> GitSnapshot:
        fetch = self._fetch_blobs if self.has_history else None
        files, links = self._store.tree(commit)
        return GitSnapshot(self.repository, tag, commit, files, self._store, fetch, links)

    def _discard(self) -> None:
        """Remove a damaged clone; it can be fetched again."""
        self._store.close()
        with locked(self._folder):
            shutil.rmtree(self._folder, ignore_errors=True)

    def _fetched(self, tag: str) -> str:
        wanted = self._remote_name(tag)
        if wanted is None:
            return self._find_abbreviated(tag)
        place = wanted if wanted.startswith("refs/") else f"refs/fetched/{wanted}"
        self._fetch_into_clone(f"+{wanted}:{place}")
        commit = self._store.commit(place)
        if commit is None:
            raise UnknownTag(tag, nearest(tag, self.tags()))
        return commit

    def _remote_name(self, tag: str) -> str | None:
        """Return what to fetch from the remote: the full name of a ref, or a whole id."""
        remote = self.remote_refs()
        for name in (f"refs/tags/{tag}", f"refs/heads/{tag}"):
            if name in remote:
                return name
        if tag.startswith("refs/") or tag == "HEAD" or _FULL.fullmatch(tag):
            return tag
        ids = {oid for oid in remote.values() if _HEX.fullmatch(tag) and oid.startswith(tag)}
        return ids.pop() if len(ids) == 1 else None

    def _find_abbreviated(self, tag: str) -> str:
        """Return the commit of an abbreviated id; only a clone with the whole history can."""
        if _HEX.fullmatch(tag):
            self._use(history=True)
            self._fetch_into_clone()
            if commit := self._store.commit(tag):
                return commit
        raise UnknownTag(tag, nearest(tag, self.tags()))

    def _fetch_into_clone(self, *refs: str) -> None:
        """Fetch refs into the clone; create a missing clone."""
        how = ("--filter=blob:none", "origin", *_EVERYTHING) if self.has_history else ("--depth=1", "origin")
        with locked(self._folder) as lock:
            if self._folder.exists():
                _remove_leftovers(self._folder)
                self._fetch(self._folder, (*how, *refs), lock)
            else:
                written(self._folder, lambda aside: self._clone(aside, (*how, *refs), lock))

    def _clone(self, folder: Path, arguments: Sequence[str], lock: int) -> None:
        try:
            _start(("init", "--quiet", "--bare", "--template=", "--", str(folder))).finish()
            _start((f"--git-dir={folder}", "config", "remote.origin.url", self._url)).finish()
        except GitError as error:
            raise self._explained(str(error)) from error
        self._fetch(folder, arguments, lock)

    def _fetch(self, folder: Path, arguments: Sequence[str], lock: int, data: bytes = b"") -> None:
        command = (f"--git-dir={folder}", "fetch", "--progress", "--no-tags", *_PLAINLY)
        settings = _PROMISOR if self.has_history else ()
        process = _start((*command, *arguments), settings, inherited=(lock,))
        try:
            with suppress(BrokenPipeError), process.stdin:  # if git has ended, its error output says why
                process.stdin.write(data)
            errors = _report_progress(process.stderr, self._progress)
        except BaseException:
            process.end()
            raise
        if process.wait():
            raise self._explained(errors.decode(errors="replace"), arguments[-1])

    def _explained(self, complaint: str, ref: str = "") -> SourceUnavailable:
        """Return the error for the user when git fails."""
        if any(sign in complaint for sign in _NO_ROOM):
            return unwritable(self._folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        if any(sign in complaint for sign in _NO_REF):
            name = ref.partition(":")[0].lstrip("+")
            return UnknownTag(name, nearest(name, self.tags()))
        return self._unavailable(last_message(complaint.encode()))

    def _fetch_blobs(self, ids: list[str]) -> None:
        """Fetch many blobs in one exchange, as git's own lazy fetch does for one."""
        with locked(self._folder) as lock:
            _remove_leftovers(self._folder)
            data = "".join(f"{blob}\n" for blob in ids).encode()
            self._fetch(self._folder, ("--filter=blob:none", "--stdin", "origin"), lock, data)

    def _unavailable(self, why: str) -> SourceUnavailable:
        return SourceUnavailable(f"{public(self._url)} cannot be read: {masked(why, self._url)}; {WAYS_OUT}")


def _start(
    arguments: Sequence[str], settings: Sequence[str] = (), inherited: tuple[int, ...] = ()
) -> GitProcess:
    # GitPython looks for git when it is imported.
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from git import Git, GitCommandNotFound  # noqa: PLC0415 - a repository on disk is read without it

    try:
        running = Git().execute(
            [Git.GIT_PYTHON_GIT_EXECUTABLE or "git", *options((*_SETTINGS, *settings)), *arguments],
            istream=subprocess.PIPE,
            as_process=True,
            env=dict(_ENVIRONMENT),
            pass_fds=inherited if hasattr(os, "fork") else (),  # Windows has none to pass
            start_new_session=True,  # so that it can be ended with the programs that it starts
        )
    except GitCommandNotFound as error:
        raise SourceUnavailable(NO_GIT) from error
    assert running.proc is not None  # noqa: S101 - it has just been started
    return GitProcess(running.proc, running)


def _report_progress(stream: IO[bytes], progress: Progress) -> bytes:
    """Report git's progress until it ends; return the lines of its error output that are not progress."""
    rest: list[bytes] = []
    for line in _lines(stream):
        step = _STEP.match(line)
        if step:
            progress(step[1].decode(), int(step[2]), int(step[3]))
        else:
            rest.append(line)
    return b"\n".join(rest)


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream as they arrive; a carriage return ends a line, too."""
    rest = b""
    while isinstance(stream, io.BufferedReader) and (chunk := stream.read1()):
        *lines, rest = re.split(rb"[\r\n]", rest + chunk)
        yield from lines
    yield rest


def _remove_leftovers(folder: Path) -> None:
    """Remove the locks and temporary files of a git that was killed; call it under the lock."""
    for pattern in ("**/*.lock", "objects/**/tmp_*"):
        for leftover in folder.glob(pattern):
            leftover.unlink(missing_ok=True)
