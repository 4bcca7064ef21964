"""Reads a git repository on disk through git plumbing commands."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import IO

import msgspec

from annotator.errors import BlobMissing, InvalidInput, SourceUnavailable, UnknownTag, shortened
from annotator.file_io import Closing
from annotator.model.source import blob_id, is_safe
from annotator.repository.versions import nearest, version_key

# Git's own rules for names of refs (git-check-ref-format), and no revision syntax beyond a name.
_NAME = re.compile(r"(?!-)(?!.*(?:\.\.|//|@\{|[\x00-\x20\x7f~^:?*\[\\]))[^/].*(?<![/.])", re.DOTALL)
_LONGEST = 250  # a ref may be a file, and no file's name is longer
_ENTRY = re.compile(rb"100\d{3} blob ([0-9a-f]{40,64})\t([^\0]+)\0")
_LINK = re.compile(rb"120000 blob ([0-9a-f]{40,64})\t([^\0]+)\0")

# Nothing that a repository names is run or fetched, replaced objects are ignored, and nothing is written.
_ENVIRONMENT = MappingProxyType(
    {
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_PAGER": "cat",
        "GIT_TERMINAL_PROMPT": "0",
    }
)
_SETTINGS = (
    "safe.directory=*",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "gc.auto=0",
    # Deltas are seldom read twice here: git's own 96 MiB make nothing faster.
    "core.deltaBaseCacheLimit=16m",
)

_PARTIAL = "; it was cloned without all its objects, give a full clone to `--source`"
NO_GIT = "git is not installed; install it, or read `--source debian`"

# Requests are written before answers are read: as many as every system's pipe holds.
_AT_ONCE = 256


class RepositoryUnreadable(SourceUnavailable):
    """Git cannot read a repository: there is no repository, or it is damaged."""


class GitError(Exception):
    """Git ended with an error; the text is its last message."""


def check_name(tag: str) -> None:
    """Check that a text can be nothing but the name of a tag, ref or commit.

    Raises:
        InvalidInput: It could be an option, a revision expression or a path, or cannot be a name.
    """
    if len(tag) > _LONGEST or not _NAME.fullmatch(tag) or not tag.isprintable():
        raise InvalidInput(f"{shortened(tag)!r} cannot be the name of a tag, ref or commit")


class GitProcess:
    """A running git with all three streams as pipes; it is killed when this object is dropped."""

    def __init__(self, process: subprocess.Popen[bytes], owner: object = None) -> None:
        """Take a process, and what would end it when it is dropped."""
        self._owner = owner
        assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018 - all are pipes
        self._process = process
        self.stdin: IO[bytes] = process.stdin
        self.stdout: IO[bytes] = process.stdout
        self.stderr: IO[bytes] = process.stderr

    def __del__(self) -> None:
        if self._process.poll() is None:
            self.end()

    def finish(self, data: bytes = b"", timeout: float | None = None) -> bytes:
        """Write data to its input and return its output.

        Raises:
            GitError: It ended with an error.
            subprocess.TimeoutExpired: It did not end in time; it has been ended.
        """
        try:
            output, errors = self._process.communicate(data, timeout=timeout)
        except BaseException:
            self.end()
            raise
        if self._process.returncode:
            raise GitError(last_message(errors) or f"git ended with status {self._process.returncode}")
        return bytes(output)

    def wait(self) -> int:
        """Wait until a git whose input is closed ends; return its status."""
        self.stdout.read()
        return self._process.wait()

    def end(self) -> bytes:
        """Kill it and every program that it started; return its error output."""
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        if self.stdin.closed:
            self.wait()
            return b""
        return self._process.communicate()[1] or b""


def options(settings: Sequence[str] = ()) -> list[str]:
    """Return the options of git for our own settings and others, each `name=value`."""
    return [word for setting in (*_SETTINGS, *settings) for word in ("-c", setting)]


def last_message(errors: bytes) -> str:
    """Return the error message in git's error output on one line."""
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
    marked = [index for index, line in enumerate(lines) if line.startswith(("fatal:", "error:"))]
    first = marked[0] if marked else 0
    last = first + 1 if lines[first : first + 1] and lines[first].endswith(":") else first
    return " ".join(lines[first : last + 1]).removeprefix("fatal: ").removeprefix("error: ")


class Repository:
    """A git repository on disk, opened in place.

    Every method but `run` raises RepositoryUnreadable if git cannot read it, and SourceUnavailable if
    there is no git.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder of a bare repository, or of a work tree with a `.git` folder or file."""
        self.folder = folder
        dotgit = folder / ".git"
        self._directory = dotgit if dotgit.exists() else folder
        self._batch: GitProcess | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Repository], tuple[Path]]:
        """Open the same repository in another process."""
        return Repository, (self.folder,)

    def run(self, *arguments: str, data: bytes = b"") -> bytes:
        """Run a git command that only reads, with data as its input, and return its output.

        Raises:
            GitError: Git ended with an error.
        """
        return self._start(*arguments).finish(data)

    def tags(self) -> list[str]:
        """Return all tags, in version order."""
        listing = self._lines("for-each-ref", "--format=%(refname:lstrip=2)", "refs/tags")
        return sorted(listing, key=version_key)

    def refs(self) -> list[str]:
        """Return all tags and branches, those of remotes without the remote's name."""
        ours = self._lines("for-each-ref", "--format=%(refname:lstrip=2)", "refs/tags", "refs/heads")
        return ours + self._lines("for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes")

    def tagged_commits(self) -> set[str]:
        """Return the ids that the tags lead to."""
        ids = self._lines("for-each-ref", "--format=%(objectname) %(*objectname)", "refs/tags")
        return {line.split()[-1] for line in ids}

    def commit(self, *names: str) -> str | None:
        """Return the commit of the first name that exists, as hex digits.

        Raises:
            InvalidInput: An abbreviated id fits several commits.
        """
        requests = "".join(f"{name}^{{commit}}\n" for name in names).encode()
        for name, answer in zip(names, self._lines("cat-file", "--batch-check", data=requests), strict=False):
            words = answer.split()
            if words[1:2] == ["commit"]:
                return words[0]
            if words[-1] == "ambiguous":
                raise InvalidInput(f"{name!r} is the beginning of several ids; give more of its digits")
        return None

    def tree(self, commit: str) -> tuple[dict[str, str], dict[str, str]]:
        """Return the blob ids of the regular files and of the symbolic links of a commit by path.

        Hostile paths are left out.
        """
        try:
            listing = self.run("ls-tree", "-r", "-z", "--full-tree", commit)
        except GitError as error:
            raise RepositoryUnreadable(
                f"{self.folder}: the tree of {commit} cannot be read: {error}"
            ) from error
        return dict(_entries(listing, _ENTRY)), dict(_entries(listing, _LINK))

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes | None]:
        """Return the bytes of many blobs, None for each missing one."""
        unique = list(dict.fromkeys(ids))
        blobs: dict[str, bytes | None] = {}
        with self._lock:
            for first in range(0, len(unique), _AT_ONCE):
                blobs |= self._read(unique[first : first + _AT_ONCE])
        return blobs

    def close(self) -> None:
        """End the git process that reads blobs."""
        with self._lock:
            self._end_batch()

    def _start(self, *arguments: str) -> GitProcess:
        # Not GitPython, which clones and fetches: to import it takes 0.8 of the time of all else that `track`
        # imports, a seventh of verifying an article.
        try:
            process = subprocess.Popen(  # noqa: S603 - git, with arguments that were checked
                ["git", *options(), f"--git-dir={self._directory}", *arguments],  # noqa: S607 - the user's own
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "LANGUAGE": "C", "LC_ALL": "C", **_ENVIRONMENT},
                start_new_session=True,  # so that it can be ended with the programs that it starts
            )
        except FileNotFoundError as error:
            raise SourceUnavailable(NO_GIT) from error
        return GitProcess(process)

    def _lines(self, *arguments: str, data: bytes = b"") -> list[str]:
        try:
            return self.run(*arguments, data=data).decode(errors="replace").splitlines()
        except GitError as error:
            raise RepositoryUnreadable(f"{self.folder} cannot be read: {error}") from error

    def _read(self, ids: list[str]) -> dict[str, bytes | None]:
        if self._batch is None:
            self._batch = self._start("cat-file", "--batch")
        git = self._batch
        try:
            git.stdin.write("".join(f"{blob}\n" for blob in ids).encode())
            git.stdin.flush()
            return {blob: _read_blob(git.stdout, blob) for blob in ids}
        except BaseException as error:
            errors = self._end_batch()  # what it has not written yet would be taken for the next objects
            if not isinstance(error, OSError | ValueError):
                raise
            why = last_message(errors) or str(error)
            hint = _PARTIAL if "promisor" in why else ""
            raise RepositoryUnreadable(f"{self.folder}: git stopped while it read: {why}{hint}") from error

    def _end_batch(self) -> bytes:
        batch, self._batch = self._batch, None
        return b"" if batch is None else batch.end()


def _read_blob(stream: IO[bytes], blob: str) -> bytes | None:
    """Read a blob that `git cat-file --batch` writes, None for a missing one; ValueError if it is damaged."""
    head = stream.readline().split()
    if head[-1:] == [b"missing"]:
        return None
    if len(head) != 3:  # noqa: PLR2004 - id, type, size
        raise ValueError(b" ".join(head).decode(errors="replace") or "it ended")
    size = int(head[2])
    data = stream.read(size + 1)
    if len(data) != size + 1:
        raise ValueError("an object ended early")
    if blob_id(data[:-1], blob) != blob:  # which git does not check
        raise ValueError(f"object {blob} is not what its name says; `git fsck` tells more")
    return data[:-1]


def _entries(listing: bytes, entry: re.Pattern[bytes]) -> Iterator[tuple[str, str]]:
    for blob, path in entry.findall(listing):
        try:
            name = path.decode()
        except UnicodeDecodeError:
            continue
        if is_safe(name):
            yield name, blob.decode()


class GitSnapshot(msgspec.Struct, frozen=True, dict=True):
    """A commit of a git repository; `fetch` is called with the ids of blobs that are not there yet."""

    repository: str
    tag: str
    commit: str
    files: Mapping[str, str]
    store: Repository
    fetch: Callable[[list[str]], None] | None = None
    link_blobs: Mapping[str, str] = MappingProxyType({})

    @cached_property
    def links(self) -> dict[str, str]:
        """The target of each symbolic link whose blob is here, by path."""
        # Asked for each reference that an article cites by another path: a fifth of a rebuild went into it.
        blobs = self.store.blobs(self.link_blobs.values())
        targets = ((path, blobs[blob]) for path, blob in self.link_blobs.items())
        return {path: target.decode("utf-8", "replace") for path, target in targets if target is not None}

    @property
    def version(self) -> str:
        """The tag, which is git's only name for it."""
        return self.tag

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the bytes of many files; raise KeyError for a path that is not in the snapshot.

        Raises:
            BlobMissing: A blob is missing and cannot be fetched.
            SourceUnavailable: Git does not answer.
        """
        ids = {path: self.files[path] for path in paths}
        blobs = self.blobs(ids.values())
        contents: dict[str, bytes] = {}
        for path, blob in ids.items():
            data = blobs[blob]
            if data is None:
                where = f"{self.store.folder}: {path} at {self.tag}"
                raise BlobMissing(f"{where} is not in this repository{_PARTIAL}")
            contents[path] = data
        return contents

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes | None]:
        """Return the bytes of many blobs, None for each that is missing and cannot be fetched.

        Raises:
            SourceUnavailable: Git does not answer.
        """
        blobs = self.store.blobs(ids)
        missing = [blob for blob, data in blobs.items() if data is None]
        if missing and self.fetch is not None:
            self.fetch(missing)
            blobs |= self.store.blobs(missing)
        return blobs


WAYS_OUT = (
    "give `--source` the path of a git repository, the URL of one, or `debian` for Debian's source packages"
)

_DEEPEN = "it is a shallow clone: fetch the tag into it, or give `--source` a repository with all tags"


class LocalSource(Closing):
    """A local git repository, bare or with a work tree."""

    def __init__(self, path: Path, *, repository: str) -> None:
        """Open the repository at `path`; `repository` is its address for people.

        Raises:
            SourceUnavailable: There is no git repository.
        """
        self.repository = repository
        try:
            self._store = Repository(path.resolve(strict=True))
        except (OSError, ValueError, RuntimeError) as error:
            raise SourceUnavailable(f"{path} does not exist; {WAYS_OUT}") from error
        try:
            shallow = self._store.run("rev-parse", "--is-shallow-repository")
        except GitError as error:
            raise SourceUnavailable(
                f"{path} is not a git repository that can be read ({error}); {WAYS_OUT}"
            ) from error
        self._is_shallow = shallow.strip() == b"true"

    @cached_property
    def has_history(self) -> bool:
        """Whether it has many tags: not a shallow clone of one."""
        return not self._is_shallow or len(self._store.tagged_commits()) > 1

    def tags(self) -> list[str]:
        """Return all tags, in version order."""
        return self._store.tags()

    def default_tag(self, baseline: str) -> str:
        """Return the baseline tag, which every repository of the project has."""
        return baseline

    def snapshot(self, tag: str) -> GitSnapshot:
        """Return the snapshot at a tag, another ref or a commit.

        Raises:
            InvalidInput: `tag` cannot be a name.
            UnknownTag: There is no such tag, ref or commit.
        """
        check_name(tag)
        commit = self._store.commit(
            f"refs/tags/{tag}", f"refs/heads/{tag}", f"refs/remotes/origin/{tag}", tag
        )
        if commit is None:
            raise UnknownTag(tag, nearest(tag, self.tags()), _DEEPEN if self._is_shallow else "")
        files, links = self._store.tree(commit)
        return GitSnapshot(self.repository, tag, commit, files, self._store, link_blobs=links)

    def refs(self) -> list[str]:
        """Return all tags and branches."""
        return self._store.refs()

    def has_commit(self, name: str) -> bool:
        """Return whether there is a commit with this id."""
        try:
            return self._store.commit(name) is not None
        except InvalidInput:
            return False

    def close(self) -> None:
        """End git."""
        self._store.close()


_LINE = re.compile(rb"(?m)^([0-9a-f]{40,64}) \d+ (\d+)")
_NOT_COMMITTED = re.compile(r"0{40,64}")


class DocumentHistory:
    """A document in a git repository of its own."""

    def __init__(self, file: Path) -> None:
        """Name the document; nothing is read yet."""
        self._file = file.resolve()
        folders = (folder for folder in self._file.parents if (folder / ".git").exists())
        self.folder = next(folders, None)
        self._store = Repository(self.folder) if self.folder is not None else None

    def commits(self, first: int, last: int) -> dict[int, str]:
        """Return the commit that last changed each line of a range.

        There is no line if the file is not committed or ends before the range. Lines that are not committed
        yet are those of `HEAD`. Git stops as soon as it knows the range: that takes 0.2 s in place of 0.5 s
        for the five documents of etcd that cite its code.
        """
        if self._store is None:
            return {}
        name = self._file.relative_to(self._store.folder).as_posix()
        blame = (f"--work-tree={self.folder}", "blame", "--porcelain", "--no-textconv")
        try:
            output = self._store.run(*blame, "--ignore-revs-file=", f"-L{max(1, first)},{last}", "--", name)
            # A shallow clone's last commits seem to have written all that is older.
            is_shallow = self._store.run("rev-parse", "--is-shallow-repository").strip() == b"true"
            roots = self._store.run("rev-list", "--max-parents=0", "HEAD", "--") if is_shallow else b""
        except GitError:
            return {}
        ends = roots.split()
        found = {int(line): commit.decode() for commit, line in _LINE.findall(output) if commit not in ends}
        return {line: "HEAD" if _NOT_COMMITTED.fullmatch(id_) else id_ for line, id_ in found.items()}

    def commit(self, name: str) -> str | None:
        """Return the full id of a commit of the document's repository."""
        return self._store.commit(name) if self._store is not None else None

    def date(self, commit: str) -> int | None:
        """Return when a commit was made, in seconds since 1970."""
        if self._store is None:
            return None
        try:
            return int(self._store.run("log", "-1", "--format=%ct", commit, "--"))
        except (GitError, ValueError):
            return None


def commit_at(store: Repository, date: int) -> str | None:
    """Return the commit that was the head of a repository's main branch at a time."""
    try:
        output = store.run("rev-list", "-1", "--first-parent", f"--before={date}", "HEAD", "--")
    except GitError:
        return None
    return output.decode().strip() or None
