"""Re-anchoring beside `git diff -M` followed hunk by hunk and linecite, and its speed beside `git log -L`."""

from __future__ import annotations

import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import _peers as peers
import msgspec

from annotator import project_source
from annotator.articles import manifest_file
from annotator.cache import Cache, CacheKind
from annotator.config import Config, Project
from annotator.golang.source_tree import PARSED_FILE, SourceTree
from annotator.model.go import Declaration, Kind, is_test_file, shared_tail
from annotator.model.reference import Anchor, Reference
from annotator.project_source import SourceOptions
from annotator.repository import versions
from annotator.repository.local_git import LocalSource
from annotator.repository.tag_snapshots import TagSnapshots
from annotator.tracking import declaration_lookup, symbol_follower, verification
from annotator.tracking.declaration_lookup import anchor
from annotator.tracking.tree_diff import SourceTrees

BASELINE = "v18.09.6"
T = TypeVar("T")

OLDEST = "v1.13.1"
NEWEST = "docker-v29.7.2"
WALKED = "v24.0.9"
"""The farthest tag to which `diff` walks; farther ones are reached in one step."""
GOALS = {
    "v19.03.15": 0.99,
    "v20.10.27": 0.99,
    "v24.0.9": 0.97,
    "v28.5.2": 0.95,
    "docker-v29.7.2": 0.93,
}
SCOPE = re.compile(
    r"(?:volume|plugin|pkg/plugins|pkg/plugingetter|api/server/router/volume|api/server/router/plugin"
    r"|cmd/dockerd)/.*|daemon/[^/]*\.go"
)
_VALUES = (Kind.CONST, Kind.VAR)
_TELLING = 40

Row = tuple[str, str, str, str, str]
At = tuple[str, int]


class Score(msgspec.Struct, frozen=True):
    """How many of the survivors were placed right, and how many wrong."""

    right: int
    wrong: int
    survivors: int

    def __str__(self) -> str:
        return f"{self.right / self.survivors:.2%}, {self.wrong} wrong"


def run() -> Iterator[Row]:
    """One row a figure: what, ours, the peer's, the ratio, the goal."""
    path = os.environ.get("MOBY_SOURCE", "")
    if not Path(path).is_dir():
        yield ("MOBY_SOURCE names no local repository with all tags: nothing is measured", "", "", "", "")
        return
    with LocalSource(Path(path), repository="https://github.com/moby/moby") as source:
        yield from _placing(source, Path(path))
        yield from _speed(source, Path(path))


# ── Placing ──────────────────────────────────────────────────────────────────────────────────────


def _placing(source: LocalSource, repository: Path) -> Iterator[Row]:
    with _woods(source) as (woods, cache, tags):
        starts = _scope(woods.tree(BASELINE))
        found = symbol_follower.histories(_known(starts), BASELINE, list(GOALS), woods, cache, among=tags)
        base = woods.tree(BASELINE)
        for number, (tag, goal) in enumerate(GOALS.items()):
            truth = survivors(starts, base, woods.tree(tag))
            ours = _score(truth, [_at(trail.stops[number].outcome) for trail in found])
            hunks = _score(truth, peers.by_hunks(repository, BASELINE, tag, starts))
            what = f"{ours.survivors} of {len(starts)} declarations at {tag}"
            least = f"≥ {goal:.0%}, 0 wrong"
            yield (what, str(ours), f"git diff -M {hunks}", f"{ours.right / hunks.right:.2f}×", least)
            if not peers.LINECITE.is_file():
                yield ("", "", "linecite is not installed", "", "")
                continue
            cited = _score(truth, peers.by_linecite(repository, BASELINE, tag, starts))
            yield ("", "", f"linecite {cited}", f"{ours.right / max(1, cited.right):.2f}×", "")


def _scope(tree: SourceTree) -> list[Anchor]:
    """Functions, methods and types of the packages that are followed; tests aside."""
    paths = [path for path in tree.go_files if SCOPE.fullmatch(path) and not is_test_file(path)]
    return [
        anchor(path, declaration)
        for path, document in tree.documents(paths).items()
        for declaration in document.declarations
        if declaration.kind not in _VALUES
    ]


def survivors(starts: Sequence[Anchor], before: SourceTree, after: SourceTree) -> list[At | None]:
    """Where each declaration is at a tag, told by kind, receiver and name alone; None if that is not clear.

    Clear is: the only one of its file, if the file is still there; else the only one of the tree at
    both tags; else the only one in a file whose path ends alike; else the only one of the same bytes.
    """
    old, new = _index(before), _index(after)
    return [_clear(start, old, new, before, after) for start in starts]


Index = Mapping[tuple[str, Kind], list[tuple[str, Declaration]]]


def _index(tree: SourceTree) -> Index:
    found: dict[tuple[str, Kind], list[tuple[str, Declaration]]] = defaultdict(list)
    for path, document in tree.documents([path for path in tree.go_files if not is_test_file(path)]).items():
        for declaration in document.declarations:
            found[declaration.symbol, declaration.kind].append((path, declaration))
    return found


def _clear(start: Anchor, old: Index, new: Index, before: SourceTree, after: SourceTree) -> At | None:
    was, now = old[start.symbol, start.kind], new.get((start.symbol, start.kind), [])
    here = [each for each in now if each[0] == start.path]
    if here:
        own = sum(path == start.path for path, _ in was)
        return _place(here[0]) if len(here) == 1 == own else None
    if len(now) == 1 == len(was):
        return _place(now[0])
    tails = [shared_tail(start.path, path) for path, _ in now]
    alike = [each for each, tail in zip(now, tails, strict=True) if tail == max(tails) > 1]
    if len(alike) == 1:
        return _place(alike[0])
    body = _bytes(before, next(each for each in was if _place(each) == (start.path, start.line)))
    same = [each for each in now if _bytes(after, each) == body]
    twins = [each for each in was if _bytes(before, each) == body]
    return _place(same[0]) if len(same) == 1 == len(twins) and len(body) > _TELLING else None


def _place(found: tuple[str, Declaration]) -> At:
    return found[0], found[1].line


def _bytes(tree: SourceTree, found: tuple[str, Declaration]) -> bytes:
    return tree.data(found[0])[found[1].span.start : found[1].span.end]


def _score(truth: Sequence[At | None], answers: Sequence[At | None]) -> Score:
    pairs = [(true, answer) for true, answer in zip(truth, answers, strict=True) if true is not None]
    counted = Counter("missing" if a is None else "right" if a == t else "wrong" for t, a in pairs)
    return Score(counted["right"], counted["wrong"], len(pairs))


def _at(outcome: object) -> At | None:
    found = getattr(outcome, "anchor", None)
    return (found.path, found.line) if found is not None else None


# ── Speed ────────────────────────────────────────────────────────────────────────────────────────


def _speed(source: LocalSource, repository: Path) -> Iterator[Row]:
    base = SourceTree(source.snapshot(BASELINE))
    scope = _scope(base)
    eighteen = _eighteen(base)
    for what, starts, cold_goal, warm_goal in (
        ("18 references at every tag", eighteen, "≤ 5 s", "≤ 2 s"),
        (f"{len(scope[:600])} symbols at every tag", scope[:600], "≤ 20 s", "≤ 5 s"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            cold, blobs, files = _tracked(source, starts, Path(folder))
            warm, _, _ = _tracked(source, starts, Path(folder))
        yield (f"{what}, cold", f"{cold:.1f} s", "", "", cold_goal)
        yield (f"{what}, warm", f"{warm:.1f} s", "", "", warm_goal)
        yield ("blobs parsed, of tags × files", str(blobs), str(files), f"{blobs / files:.4f}×", "")
    with tempfile.TemporaryDirectory() as folder:
        for state, goal in (("cold", "≤ 5 s"), ("warm", "≤ 1 s")):
            seconds = _carried(base, repository, Path(folder))
            yield (f"1,000 lines of one document at v28.5.2, {state}", f"{seconds:.1f} s", "", "", goal)
    with tempfile.TemporaryDirectory() as folder:
        ours, _, _ = _tracked(source, eighteen[:1], Path(folder))
    peer = _timed(lambda: peers.log_of_lines(repository, NEWEST, "daemon/daemon.go", "NewDaemon"))
    yield ("one symbol, cold", f"{ours:.1f} s", f"git log -L {peer:.1f} s", f"{ours / peer:.2f}×", "≤ 1.0×")
    whole = _command(repository, "track", "daemon/daemon.go::NewDaemon")
    what = "the same as a command, from the oldest tag on"
    yield (what, f"{whole:.1f} s", f"git log -L {peer:.1f} s", f"{whole / peer:.2f}×", "≤ 1.1×")
    for what, tag in (("over ten years", NEWEST), ("hop by hop over five release lines", WALKED)):
        yield (f"diff {what}, cold", f"{_command(repository, 'diff', BASELINE, tag):.1f} s", "", "", "≤ 3 s")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    yield ("memory of all this at most", f"{most} MB", "", "", "≤ 400 MB")


def _eighteen(base: SourceTree) -> list[Anchor]:
    manifest = Path("site/articles/volume-init.toml")
    article = manifest_file.read(manifest.name, manifest.read_bytes(), ("components/engine",))
    outcomes = [declaration_lookup.verdict_at(reference, base).outcome for reference in article.references]
    return [found for outcome in outcomes if (found := getattr(outcome, "anchor", None)) is not None]


def _tracked(source: LocalSource, starts: Sequence[Anchor], folder: Path) -> tuple[float, int, int]:
    """Seconds, blobs parsed, and files at all tags together."""
    started = time.perf_counter()
    with _woods(source, folder) as (woods, cache, tags):
        symbol_follower.histories(_known(starts), BASELINE, tags, woods, cache)
        seconds = time.perf_counter() - started
        return seconds, cache.parsed, sum(len(woods.tree(tag).go_files) for tag in tags)


def _carried(base: SourceTree, repository: Path, folder: Path) -> float:
    """Seconds to verify 1,000 lines of the baseline at a release years younger."""
    chosen = random.Random(5)  # noqa: S311 - a fixed choice, not a secret
    files = chosen.sample([path for path in base.go_files if not is_test_file(path)], 400)
    lines = [
        Reference(path, line=chosen.randint(1, base.data(path).count(b"\n")))
        for path in files
        for _ in range(3)
    ]
    project = Project(folder, Config(repository="https://github.com/moby/moby", baseline=BASELINE))
    options = SourceOptions(str(repository), "v28.5.2", history=True)
    os.environ["ANNOTATOR_CACHE"] = str(folder / "cache")
    try:
        with project_source.open_session(project, options, lambda *_: None, lambda _: None) as at:
            return _timed(lambda: verification.verify_references(at, lines[:1000]))
    finally:
        del os.environ["ANNOTATOR_CACHE"]


def _command(repository: Path, *arguments: str) -> float:
    """Seconds that a command takes in a process of its own, installed as pip does it, with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "annotator", *arguments, "--source", str(repository)]
        environment = os.environ | {
            "PYTHONPATH": str(Path.cwd()),
            "PYTHONPYCACHEPREFIX": f"{folder}/bytecode",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)

        def run(cache: str) -> None:
            own = environment | {"ANNOTATOR_CACHE": f"{folder}/{cache}"}
            subprocess.run(command, env=own, stdout=subprocess.DEVNULL, check=True)

        run("first")  # so that the bytecode is there, which pip makes as it installs
        return _timed(lambda: run("second"))


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


class _CountingCache(Cache):
    """A cache that counts the parsed files that were not in it."""

    parsed = 0

    def put_many(self, kind: CacheKind[T], values: Mapping[str, T]) -> None:
        self.parsed += len(values) if kind is PARSED_FILE else 0
        super().put_many(kind, values)


@contextmanager
def _woods(
    source: LocalSource, folder: Path | None = None
) -> Iterator[tuple[SourceTrees, _CountingCache, list[str]]]:
    """All release tags from the oldest on, and a cache in a folder, or in one of its own."""
    tags = [
        tag
        for tag in versions.releases(source.tags())
        if (versions.release_key(tag) or ()) >= (versions.release_key(OLDEST) or ())
    ]
    with tempfile.TemporaryDirectory() as other, _CountingCache(folder or Path(other)) as cache:
        yield SourceTrees(TagSnapshots(source, tags), cache), cache, tags


def _known(starts: Sequence[Anchor]) -> list[symbol_follower.TrackedReference]:
    return [symbol_follower.TrackedReference(Reference(at.path, at.symbol, at.line), at) for at in starts]
