"""Following references over many tags, and keeping what was found out."""

from __future__ import annotations

import pytest

from annotator.model.reference import FoundBy, Missing, Moved, Reference, Renamed, TextState, Verified
from annotator.model.symbol_history import TagStep
from annotator.tracking import symbol_follower
from annotator.tracking.symbol_follower import STEPS, follow

FIRST = """package a

// Keep keeps.
func Keep(things map[string]int, name string) int {
	if count, ok := things[name]; ok {
		return count
	}
	return len(things) - 1
}
"""
LATER = FIRST.replace("package a\n", "package a\n\nvar x = 1\n")
RENAMED = LATER.replace("Keep", "Hold")
EDITED = RENAMED.replace("- 1", "- 2")
GONE = "package a\n\nvar x = 1\n"
REST = {"z/z.go": "package z\n\nfunc Z() {}\n"}

TAGS = {
    "v1.0.0": REST | {"a/a.go": FIRST},
    "v1.0.1": REST | {"a/a.go": LATER},
    "v1.1.0": REST | {"a/a.go": RENAMED},
    "v1.1.1": REST | {"b/b.go": RENAMED},
    "v1.2.0": REST | {"b/b.go": EDITED},
    "v1.2.1": REST | {"b/b.go": GONE},
    "v1.2.2": REST | {"b/b.go": EDITED},
}
ORDER = list(TAGS)


def tracked(forest, tag="v1.0.0", path="a/a.go", symbol="Keep", line=4):
    (anchor,) = forest.anchors(tag, path, symbol)
    return symbol_follower.TrackedReference(Reference(path, symbol, line), anchor)


def test_a_trail_tells_place_and_text_at_each_tag(grove, cache):
    forest = grove(TAGS)

    (trail,) = symbol_follower.histories([tracked(forest)], "v1.0.0", ORDER, forest, cache)

    outcomes = [type(stop.outcome) for stop in trail.stops]
    assert outcomes == [Verified, Moved, Renamed, Renamed, Renamed, Missing, Renamed]
    assert [stop.text for stop in trail.stops] == [
        TextState.SAME,
        TextState.SAME,
        TextState.CHANGED,
        TextState.CHANGED,
        TextState.CHANGED,
        TextState.UNKNOWN,
        TextState.CHANGED,
    ]


def test_a_trail_leads_backwards_too(grove, cache):
    forest = grove(TAGS)
    start = tracked(forest, "v1.2.0", "b/b.go", "Hold", 6)

    (trail,) = symbol_follower.histories([start], "v1.2.0", ORDER, forest, cache)

    assert trail.stops[0].outcome.anchor.symbol == "Keep"
    assert trail.stops[0].outcome.by is FoundBy.BODY
    assert trail.stops[3].outcome == Verified(
        start.anchor, FoundBy.SYMBOL, "Hold (func) stands in b/b.go in line 6, as cited"
    )


def test_stops_come_in_the_order_that_was_asked_for(grove, cache):
    forest = grove(TAGS)
    wanted = ["v1.2.0", "v1.0.0"]

    (trail,) = symbol_follower.histories([tracked(forest)], "v1.0.0", wanted, forest, cache, among=ORDER)

    assert [stop.tag for stop in trail.stops] == wanted
    assert trail.stops[0].outcome.anchor.path == "b/b.go"


def test_only_blobs_that_changed_are_parsed(grove, cache):
    forest = grove(TAGS)

    symbol_follower.histories([tracked(forest)], "v1.0.0", ORDER, forest, cache)

    changed = {
        snapshot.files[path]
        for snapshot in map(forest.snapshots.snapshot, TAGS)
        for path in ("a/a.go", "b/b.go")
        if path in snapshot.files
    }
    assert set(forest.parsed) <= changed


def test_a_second_run_reads_no_tree(grove, cache):
    forest = grove(TAGS)
    start = tracked(forest)
    first = symbol_follower.histories([start], "v1.0.0", ORDER, forest, cache)
    again = grove(TAGS)

    second = symbol_follower.histories([start], "v1.0.0", ORDER, again, cache)

    assert second == first
    assert not again.snapshots.asked


def test_a_new_tag_costs_its_own_hop_alone(grove, cache):
    old = {tag: files for tag, files in TAGS.items() if tag != "v1.2.2"}
    forest = grove(old)
    start = tracked(forest)
    hops = tuple(map(TagStep, ORDER, ORDER[1:]))
    list(follow([start.anchor], "v1.0.0", hops[:-1], forest, cache))
    again = grove(TAGS)

    list(follow([start.anchor], "v1.0.0", hops, again, cache))

    assert again.snapshots.asked == {"v1.0.0", "v1.2.1", "v1.2.2"}


def test_trees_are_released_when_the_walk_has_passed(grove, cache):
    forest = grove(TAGS)
    hops = tuple(map(TagStep, ORDER, ORDER[1:]))

    for _ in follow([tracked(forest).anchor], "v1.0.0", hops, forest, cache):
        assert len(forest._trees) <= 3


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (
            symbol_follower.TrackedReference(Reference("a/a.go", "Nobody"), None, "it is not there"),
            "it is not there",
        ),
        ("vendor/x/x.go", "vendored"),
    ],
)
def test_what_cannot_be_followed_is_missing_and_says_why(grove, cache, known, why):
    forest = grove({tag: files | {"vendor/x/x.go": FIRST} for tag, files in TAGS.items()})
    asked = known if isinstance(known, symbol_follower.TrackedReference) else tracked(forest, path=known)

    (trail,) = symbol_follower.histories([asked], "v1.0.0", ORDER, forest, cache)

    assert {type(stop.outcome) for stop in trail.stops} == {Missing}
    assert why in trail.stops[0].outcome.reason


def test_few_tags_are_reached_in_one_step_and_on_the_way_where_that_does_not_tell(grove, cache):
    late = {"y/y.go": "package y\n"}
    rewritten = (
        EDITED.replace("things[name]; ok", "s.find(name, true); ok && count > 0")
        .replace("len(", "size(")
        .replace("return count", "return s.weigh(count, name)")
    )
    tags = {
        "v1.0.0": REST | {"a/a.go": FIRST},
        "v1.1.0": REST | late | {"b/b.go": EDITED},
        "v1.2.0": REST | late | {"b/b.go": rewritten, "x/x.go": "package x\n"},
    }
    forest = grove(tags)
    start = tracked(forest)

    near = symbol_follower.at_tags([start.anchor], "v1.0.0", ["v1.2.0"], forest, cache, among=list(tags))
    far = symbol_follower.at_tags([start.anchor], "v1.0.0", ["v1.2.0"], forest, cache)

    assert far["v1.2.0"][0].missing
    assert near["v1.2.0"][0].anchor.symbol == "Hold"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_what_is_told_of_one_declaration_does_not_hang_on_which_was_asked_first(grove, cache, order):
    pair = "package a\n\nvar a, b = 1, 2\n"
    other = FIRST.replace("package a", "").replace("Keep", "Other").replace("things", "goods")
    before = {"a/a.go": FIRST + other, "a/b.go": pair}
    after = {
        "a/a.go": "package a\n" + other.replace("Other", "Another"),
        "c/c.go": FIRST.replace("package a", "package c"),
        "a/b.go": pair.replace("package a\n", "package a\n\nvar z = 0\n"),
    }
    forest = grove({"v1.0.0": before, "v1.0.1": after})
    anchors = [*forest.anchors("v1.0.0", "a/a.go", "Keep", "Other"), *forest.anchors("v1.0.0", "a/b.go", "b")]

    at = symbol_follower.at_tags([anchors[n] for n in order], "v1.0.0", ["v1.0.1"], forest, cache)["v1.0.1"]

    found = {order[n]: (place.anchor.path, place.anchor.symbol) for n, place in enumerate(at)}
    assert found == {0: ("c/c.go", "Keep"), 1: ("a/a.go", "Another"), 2: ("a/b.go", "b")}


def test_a_tag_that_leaves_the_followed_files_alone_is_not_read(grove, cache):
    tags = {"v1.0.0": REST | {"a/a.go": FIRST}, "v1.0.1": {"z/z.go": "package z\n", "a/a.go": FIRST}}
    forest = grove(tags)
    start = tracked(forest)
    forest.snapshots.asked.clear()

    (trail,) = symbol_follower.histories([start], "v1.0.0", list(tags), forest, cache)

    assert [type(stop.outcome) for stop in trail.stops] == [Verified, Verified]
    assert not forest.snapshots.asked


def test_one_more_declaration_makes_no_other_unknown(grove, cache):
    tags = {"v1.0.0": {"a/a.go": FIRST, "b/b.go": FIRST}, "v1.0.1": {"a/a.go": LATER, "b/b.go": LATER}}
    forest = grove(tags)
    first, second = tracked(forest), tracked(forest, path="b/b.go")
    alone = symbol_follower.histories([first], "v1.0.0", list(tags), forest, cache)
    stored = dict(cache.values[STEPS.name])

    both = symbol_follower.histories([second, first], "v1.0.0", list(tags), grove(tags), cache)

    assert both[1] == alone[0]
    assert cache.values[STEPS.name].items() > stored.items()


def test_an_interrupted_walk_keeps_the_steps_that_were_made(grove, cache):
    forest = grove(TAGS)
    start = tracked(forest).anchor
    hops = tuple(map(TagStep, ORDER, ORDER[1:]))

    walking = follow([start], "v1.0.0", hops, forest, cache)
    reached = [next(walking) for _ in range(len(hops))]
    walking.close()

    again = grove(TAGS)
    again.snapshots.asked.clear()
    resumed = follow([start], "v1.0.0", hops, again, cache)
    assert [next(resumed) for _ in range(len(hops))] == reached
    assert not again.snapshots.asked


def test_steps_cached_by_another_version_are_made_again(grove, cache):
    forest = grove(TAGS)
    first = symbol_follower.histories([tracked(forest)], "v1.0.0", ORDER, forest, cache)
    for key in cache.values[STEPS.name]:
        cache.values[STEPS.name][key] = b"\x93\xa5other\x01\xc0"

    assert symbol_follower.histories([tracked(forest)], "v1.0.0", ORDER, grove(TAGS), cache) == first
