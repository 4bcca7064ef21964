"""Re-anchoring on a real repository with all of its tags: MOBY_SOURCE names it."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path

import pytest

from annotator.model.reference import Missing
from annotator.model.symbol_history import TagStep
from annotator.repository.local_git import LocalSource
from annotator.tracking import symbol_follower, tag_graph

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SOURCE = os.environ.get("MOBY_SOURCE", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not SOURCE or not Path(SOURCE).is_dir(), reason="MOBY_SOURCE names no local repository"
    ),
]

# Line and, where it is another one than at the baseline, place of each reference; None: it was not there.
EXPECTED = {
    "v18.03.1-ce": [
        581, 12, 71, 103, 39, 733, 41, 55, 180, 17, 82, 65, None, None, 32, None,
        "volume/drivers/extpoint.go::driverExtpoint#L56", "volume/store/store.go::VolumeStore#L175",
    ],
    "v20.10.24": [755, 14, 69, 101, 37, 959, 28, 44, 179, 19, 81, 63, 32, 40, 47, 22, 46, 185],
    "v28.5.2": [
        768, 13, 78, 96, 41, 956, 27, 45, 171, 19, 100, 64, 35, 43, 47,
        "volume/service/service.go::driverLister#L23", 47, 212,
    ],
    "docker-v29.7.2": [
        856,
        "daemon/pkg/plugin/defs.go::Store#L13",
        "daemon/pkg/plugin/manager.go::Manager#L78",
        "daemon/pkg/plugin/manager.go::NewManager#L96",
        "daemon/pkg/plugin/manager.go::Executor#L41",
        1042,
        "daemon/internal/plugin/executor/containerd/containerd.go::New#L27",
        "daemon/internal/plugin/executor/containerd/containerd.go::Executor#L45",
        "daemon/pkg/plugin/manager.go::Manager.reload#L171",
        "daemon/pkg/plugin/v2/plugin.go::Plugin#L20",
        100,
        "daemon/pkg/plugin/store.go::Store.SetAll#L64",
        "daemon/volume/service/service.go::VolumesService#L35",
        "daemon/volume/service/service.go::NewVolumeService#L43",
        47,
        "daemon/volume/service/service.go::driverLister#L23",
        "daemon/volume/drivers/extpoint.go::Store#L55",
        "daemon/volume/service/store.go::VolumeStore#L213",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def bench():
    """The benchmark's own measuring, so that both say the same."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("tracking")
    patch.undo()


@pytest.fixture(scope="module")
def woods(bench, tmp_path_factory):
    """The trees of all releases, what is kept of them, and their tags."""
    folder = tmp_path_factory.mktemp("cache")
    with (
        LocalSource(Path(SOURCE), repository="https://github.com/moby/moby") as source,
        bench._woods(source, folder) as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def eighteen(bench, woods):
    forest, cache, tags = woods
    starts = bench._eighteen(forest.tree(bench.BASELINE))
    return symbol_follower.histories(bench._known(starts), bench.BASELINE, tags, forest, cache)


@pytest.mark.parametrize("tag", EXPECTED)
def test_the_article_s_references_are_all_right(eighteen, tag):
    for trail, expected in zip(eighteen, EXPECTED[tag], strict=True):
        (stop,) = [stop for stop in trail.stops if stop.tag == tag]
        if expected is None:
            assert isinstance(stop.outcome, Missing)
            continue
        at = stop.outcome.anchor
        home = f"{trail.reference.path}::{trail.reference.symbol}#L{expected}"
        assert f"{at.path}::{at.symbol}#L{at.line}" == (expected if isinstance(expected, str) else home)


def test_at_every_tag_the_line_of_an_answer_holds_its_name(eighteen, woods):
    forest, _, tags = woods
    for number, tag in enumerate(tags):
        stops = [trail.stops[number] for trail in eighteen]
        anchors = [stop.outcome.anchor for stop in stops if not isinstance(stop.outcome, Missing)]
        data = forest.tree(tag).read({anchor.path for anchor in anchors})
        for anchor in anchors:
            line = data[anchor.path].split(b"\n")[anchor.line - 1].decode()
            assert re.search(rf"\b{anchor.symbol.rpartition('.')[2]}\b", line), (tag, anchor)
        forest.release(tag)


def test_survivors_are_placed_right_and_none_wrong(bench, woods):
    forest, cache, tags = woods
    base = forest.tree(bench.BASELINE)
    starts = bench._scope(base)
    found = symbol_follower.histories(
        bench._known(starts), bench.BASELINE, list(bench.GOALS), forest, cache, among=tags
    )

    for number, (tag, goal) in enumerate(bench.GOALS.items()):
        truth = bench.survivors(starts, base, forest.tree(tag))
        score = bench._score(truth, [bench._at(trail.stops[number].outcome) for trail in found])
        assert score.wrong == 0, tag
        assert score.right >= goal * score.survivors, tag


def test_one_step_over_years_is_never_wrong_either(bench, woods):
    forest, _, _ = woods
    base = forest.tree(bench.BASELINE)
    starts = bench._scope(base)
    known = bench._known(starts)

    for tag in bench.GOALS:
        after = forest.tree(tag)
        truth = bench.survivors(starts, base, after)
        step = TagStep(bench.BASELINE, tag)
        places = dict(symbol_follower.follow(starts, bench.BASELINE, [step], forest, None))[tag]
        found = [symbol_follower.outcome(start, place) for start, place in zip(known, places, strict=True)]
        assert bench._score(truth, [bench._at(outcome) for outcome in found]).wrong == 0, tag


def test_the_walk_reaches_every_release(bench, woods):
    forest, _, tags = woods
    plan = symbol_follower.planned(tags, bench.BASELINE, forest, None)

    assert {hop.after for hop in plan} | {bench.BASELINE} == set(tags)
    assert tag_graph.towards(plan, ["docker-v29.7.2"])[-1].after == "docker-v29.7.2"
