"""Reading and verifying, beside ast-grep scanning the same files."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from annotator import config
from annotator.golang.source_tree import SourceTree
from annotator.repository import factory

RUNS = 5
RULE = """\
id: declarations
language: go
rule:
  any:
    - kind: function_declaration
    - kind: method_declaration
    - kind: type_declaration
    - kind: const_declaration
    - kind: var_declaration
"""

Row = tuple[str, str, str, str, str]


def run() -> Iterator[Row]:
    """One row a figure: what, ours, the peer's, the ratio, the goal."""
    source = [*options("--source", "MOBY_SOURCE"), *options("--tag", "MOBY_TAG")]
    with tempfile.TemporaryDirectory() as folder:
        files = _export(Path(folder) / "tree")
        peer = median(lambda: _ast_grep(Path(folder)))
        cache = Path(folder) / "cache"
        # Sources that are downloaded stay in the user's cache: the network is not what is measured.
        warm_up(cache)
        cold = median(lambda: _annotator(cache, ["symbols", *source], fresh=True))
        warm = median(lambda: _annotator(cache, ["symbols", *source], fresh=False))
        verify = median(
            lambda: _annotator(cache, ["verify", *source, "site/articles/volume-init.toml"], fresh=True)
        )
    label = f"ast-grep {peer:.2f} s"
    yield (f"declarations of {files} files, cold", f"{cold:.2f} s", label, f"{cold / peer:.2f}×", "≤ 2.0×")
    yield (f"declarations of {files} files, warm", f"{warm:.2f} s", label, f"{warm / peer:.2f}×", "≤ 0.5×")
    yield ("verify of the 18 references, cold", f"{verify:.2f} s", label, f"{verify / peer:.2f}×", "≤ 0.6×")


def median(measured: Callable[[], float]) -> float:
    """The median of some runs, in seconds."""
    return statistics.median(measured() for _ in range(RUNS))


def options(option: str, variable: str) -> list[str]:
    """An option of the command line, if the environment gives its value."""
    value = os.environ.get(variable)
    return [option, value] if value else []


def warm_up(cache: Path) -> None:
    """Give a cache of our own the clones and archives that the user's cache has."""
    cache.mkdir(parents=True, exist_ok=True)
    for entry in factory.cache_folder().iterdir() if factory.cache_folder().is_dir() else ():
        if entry.is_dir():
            (cache / entry.name).symlink_to(entry)


def _export(folder: Path) -> int:
    """The non-vendored Go files of the tag as a folder, for the peer."""
    project = config.find(Path.cwd())
    opened = factory.open_default(
        os.environ.get("MOBY_SOURCE"),
        os.environ.get("MOBY_TAG"),
        config=project.config,
        cache=factory.cache_folder(),
    )
    with opened.source:
        tree = SourceTree(opened.source.snapshot(opened.tag))
        for path, data in tree.read(tree.go_files).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        return len(tree.go_files)


def _ast_grep(folder: Path) -> float:
    rule = folder / "rule.yml"
    rule.write_text(RULE)
    binary = Path(sys.executable).with_name("ast-grep")
    command = [str(binary), "scan", "--rule", str(rule), "--json=stream", str(folder / "tree")]
    return _timed(command, dict(os.environ))


def _annotator(cache: Path, arguments: list[str], *, fresh: bool) -> float:
    if fresh:
        for database in cache.glob("*.sqlite3*"):
            database.unlink()
    environment = os.environ | {"ANNOTATOR_CACHE": str(cache)}
    return _timed([sys.executable, "-m", "annotator", *arguments], environment)


def _timed(command: list[str], environment: dict[str, str]) -> float:
    with Path(os.devnull).open("wb") as nowhere:
        started = time.perf_counter()
        done = subprocess.run(command, stdout=nowhere, stderr=subprocess.PIPE, env=environment, check=False)
        seconds = time.perf_counter() - started
    if done.returncode > 1:
        raise SystemExit(f"bench: {shutil.which(command[0])}: {done.stderr.decode(errors='replace')}")
    return seconds
