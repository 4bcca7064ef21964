"""Building the site, beside tree-sitter parsing the tree that it shows."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import reading
import tree_sitter_go
from tree_sitter import Language, Parser

from annotator import config
from annotator.golang.source_tree import SourceTree
from annotator.repository import factory

RUNS = 3
TEXT = "site/chapters/2.1.md"
MODULE = "runtime/pkg/locker.py"
FURTHER = {"v20.10.27": 8, "docker-v29.7.2": 10}
"""Tags whose site is built after the baseline's, a near one and the farthest, with the goal in seconds."""


class Took(NamedTuple):
    """How long something took: seconds on the clock, and of work on all cores."""

    wall: float
    work: float


def run() -> Iterator[reading.Row]:
    """One row a figure: what, ours, the parse, the ratio, the goal."""
    source = [*reading.options("--source", "MOBY_SOURCE"), *reading.options("--tag", "MOBY_TAG")]
    with tempfile.TemporaryDirectory() as folder:
        project, cache = Path(folder) / "project", Path(folder) / "cache"
        _copy(project)
        reading.warm_up(cache)
        build = _Build(project, cache, source)
        parse = reading.median(_parse)
        for what, goal, prepare in (
            ("build, cold", 15, build.forget),
            ("build, one text changed", 3, lambda: build.change(TEXT, "\nOne word more.\n")),
            ("build, one docstring a line longer", 3, lambda: build.document(MODULE, "One line more.\n")),
            ("build, unchanged", 1, lambda: None),
        ):
            yield _row(what, build.median(prepare), parse, goal)
        strict = build.strict()
        yield _row("mkdocs build --strict", strict, parse, 45)
        yield _size("size of the HTML without Python for browsers", project, 60)
        for tag, goal in FURTHER.items():
            further = _Build(project, cache, [*reading.options("--source", "MOBY_SOURCE"), "--tag", tag])
            with further.as_it_is() as back:
                yield _row(f"build, {tag} as a further tag", further.median(back), parse, goal)
                back()
        all_languages = build.whole()
        size = _size("size of the HTML without Python for browsers, in two languages", project, 130)
        settings = project / "pyproject.toml"
        settings.write_text(
            re.sub(r"(?m)^languages = .*", "languages = []", settings.read_text("utf-8")), "utf-8"
        )
        english = build.whole()
        yield (
            "pages and HTML in two languages, cold",
            f"{all_languages.wall:.1f} s",
            f"English {english.wall:.1f} s",
            f"{all_languages.wall / english.wall:.2f}×",
            "≤ 1.5×",
        )
        yield size


def _row(what: str, took: Took, parse: float, goal: int) -> reading.Row:
    figure = f"{took.wall:.2f} s ({took.work:.1f} s CPU)"
    return (what, figure, f"parse {parse:.2f} s", f"{took.wall / parse:.2f}×", f"≤ {goal} s")


def _size(what: str, project: Path, goal: int) -> reading.Row:
    """Measure the HTML without the Python that runs in pages, which is the same for all languages."""
    html = project / "site/html"
    files = (file for file in html.rglob("*") if file.is_file())
    size = sum(file.stat().st_size for file in files if "assets/run/" not in file.as_posix())
    return (what, f"{size / 1e6:.1f} MB", "", "", f"≤ {goal} MB")


class _Build:
    """The project's site in a copy of the project, with a cache of its own."""

    def __init__(self, project: Path, cache: Path, source: list[str]) -> None:
        self._project = project
        self._cache = cache
        self._command = [sys.executable, "-m", "annotator", "build", *source]

    def forget(self) -> None:
        """Forget all that was built and read."""
        for database in self._cache.glob("*.sqlite3*"):
            database.unlink()
        for made in (*(self._project / "site").glob("docs*"), self._project / "site/.cache"):
            shutil.rmtree(made, ignore_errors=True)

    def change(self, path: str, words: str) -> None:
        """Add words to the end of a file."""
        with (self._project / path).open("a", encoding="utf-8") as file:
            file.write(words)

    def document(self, path: str, line: str) -> None:
        """Add a line to the docstring of a module, so that all that follows moves."""
        file = self._project / path
        words = file.read_text(encoding="utf-8").split('"""', 2)
        file.write_text('"""'.join([words[0], f"{words[1].rstrip()}\n\n{line}", words[2]]), encoding="utf-8")

    @contextmanager
    def as_it_is(self) -> Iterator[Callable[[], None]]:
        """What brings back all that is kept now, and no site."""
        with tempfile.TemporaryDirectory() as aside:
            for database in self._cache.glob("*.sqlite3*"):
                shutil.copy(database, aside)

            def back() -> None:
                self.forget()
                for database in Path(aside).iterdir():
                    shutil.copy(database, self._cache)

            yield back

    def median(self, prepare: Callable[[], None]) -> Took:
        """The median of some builds, each after something was prepared."""
        took = []
        for _ in range(RUNS):
            prepare()
            took.append(self._timed(self._command))
        return sorted(took)[RUNS // 2]

    def strict(self) -> Took:
        """How long mkdocs takes, with warnings as errors."""
        mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", "site/mkdocs.yml"]
        return self._timed(mkdocs)

    def whole(self) -> Took:
        """How long the pages and their HTML take in all languages of the project, cold."""
        self.forget()
        shutil.rmtree(self._project / "site/html", ignore_errors=True)
        return self._timed([*self._command, "--html"])

    def _timed(self, command: list[str]) -> Took:
        environment = os.environ | {"ANNOTATOR_CACHE": str(self._cache), "PYTHONPATH": str(Path.cwd())}
        before, started = _work(), time.perf_counter()
        done = subprocess.run(
            command, cwd=self._project, env=environment, capture_output=True, text=True, check=False
        )
        took = Took(time.perf_counter() - started, _work() - before)
        if done.returncode:
            raise SystemExit(f"bench: {' '.join(command)}: {done.stderr}")
        return took


def _work() -> float:
    """Seconds of work that ended processes of ours have done."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _copy(project: Path) -> None:
    made = shutil.ignore_patterns("docs", "docs-*", "html", ".cache", "__pycache__", "node_modules")
    for name in ("annotator", "runtime", "templates", "site"):
        shutil.copytree(name, project / name, ignore=made)
    shutil.copy("pyproject.toml", project)


def _parse() -> float:
    """Seconds that tree-sitter takes for all Go files of the tag that are not vendored."""
    project = config.find(Path.cwd())
    opened = factory.open_default(
        os.environ.get("MOBY_SOURCE"), os.environ.get("MOBY_TAG"),
        config=project.config, cache=factory.cache_folder(),
    )  # fmt: skip
    with opened.source:
        tree = SourceTree(opened.source.snapshot(opened.tag))
        files = tree.read(tree.go_files)
    parser = Parser(Language(tree_sitter_go.language()))
    started = time.perf_counter()
    for data in files.values():
        parser.parse(data)
    return time.perf_counter() - started
