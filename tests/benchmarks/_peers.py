"""What others say where a line went: git's own hunks, linecite, and `git log -L`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from annotator.model.reference import Anchor

At = tuple[str, int]

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ROW = re.compile(r"cited\.md:(\d+)\t(ok|stale)\t(\S+)(?: -> (\S+))?\t")
_WHO = {
    "GIT_AUTHOR_NAME": "bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
}


def by_hunks(repository: Path, old: str, new: str, starts: Sequence[Anchor]) -> list[At | None]:
    """Where the lines of names are after `git diff -M`: moved by the hunks before them, lost inside one."""
    diff = _git(repository, "diff", "-M", "-l0", "-U0", "--no-color", old, new, "--", "*.go", ":!vendor")
    files = _files(diff.decode(errors="replace"))
    return [_follow(files, start) for start in starts]


Hunks = list[tuple[int, int, int]]


def _files(diff: str) -> Mapping[str, tuple[str | None, Hunks]]:
    """For each changed old file its new path, None if it is gone, and its hunks: line, length, growth."""
    found: dict[str, tuple[str | None, Hunks]] = {}
    for part in re.split(r"^diff --git ", diff, flags=re.MULTILINE)[1:]:
        head = part.partition("\n@@")[0]
        old = re.search(r"^(?:--- a/|rename from )(.+)$", head, re.MULTILINE)
        new = re.search(r"^(?:\+\+\+ b/|rename to )(.+)$", head, re.MULTILINE)
        hunks = [_hunk(match) for match in _HUNK.finditer(part)]
        if old is not None:
            found[old[1].rstrip("\t")] = (new[1].rstrip("\t") if new else None, hunks)
    return found


def _hunk(match: re.Match[str]) -> tuple[int, int, int]:
    start, length = int(match[1]), int(match[2] or 1)
    return (start if length else start + 1), length, int(match[4] or 1) - length


def _follow(files: Mapping[str, tuple[str | None, Hunks]], start: Anchor) -> At | None:
    path, hunks = files.get(start.path, (start.path, []))
    if path is None or any(line <= start.line < line + length for line, length, _ in hunks):
        return None
    return path, start.line + sum(growth for line, length, growth in hunks if line + length <= start.line)


LINECITE = Path(sys.executable).with_name("linecite")


def by_linecite(repository: Path, old: str, new: str, starts: Sequence[Anchor]) -> list[At | None]:
    """Where `linecite audit` says that the lines of names are, cited by a text of the old tag's time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _git(folder, "init", "--quiet")
        alternates = folder / ".git/objects/info/alternates"
        alternates.write_text(f"{(repository / 'objects').resolve()}\n")
        (folder / "cited.md").write_text("".join(f"see {at.path}:{at.line} there\n" for at in starts))
        (folder / ".linecite.toml").write_text('docs = ["cited.md"]\n')
        first = _commit(folder, _commit_of(repository, old), 1, ())
        second = _commit(folder, _commit_of(repository, new), 2, ("-p", first))
        _git(folder, "reset", "--hard", "--quiet", second)
        command = [str(LINECITE), "audit"]
        told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
        files = _git(folder, "ls-files").decode().splitlines()
    found: list[At | None] = [None] * len(starts)
    for line, _, written, now in _ROW.findall(told):
        path, _, number = (now or written).rpartition(":")
        # What still fits as the end of one path is left as it was written.
        fitting = [file for file in files if file == path or file.endswith(f"/{path}")]
        found[int(line) - 1] = (fitting[0], int(number)) if len(fitting) == 1 else None
    return found


def _commit_of(repository: Path, tag: str) -> str:
    return _git(repository, "rev-parse", f"{tag}^{{commit}}").decode().strip()


def _commit(folder: Path, code: str, day: int, parents: Sequence[str]) -> str:
    """A commit of a tag's files without the vendored ones, and of the text that cites them."""
    _git(folder, "read-tree", code)
    _git(folder, "rm", "-r", "--cached", "--quiet", "--ignore-unmatch", "vendor")
    _git(folder, "add", "cited.md", ".linecite.toml")
    tree = _git(folder, "write-tree").decode().strip()
    date = f"2020-01-0{day}T00:00:00Z"
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    return _git(folder, "commit-tree", tree, *parents, "-m", f"day {day}", more=dates).decode().strip()


def log_of_lines(repository: Path, tag: str, path: str, name: str) -> bytes:
    """The history of a function as `git log -L` tells it."""
    return _git(repository, "log", f"-L:{name}(:{path}", "--format=%H", "--no-patch", tag)


def _git(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> bytes:
    environment = os.environ | _WHO | {"GIT_CONFIG_NOSYSTEM": "1"} | dict(more or {})
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", *arguments],
        cwd=folder,
        capture_output=True,
        env=environment,
        check=True,
    )
    return done.stdout
