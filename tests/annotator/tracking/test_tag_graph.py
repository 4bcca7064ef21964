"""In which order tags are walked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.model.symbol_history import TagStep
from annotator.repository import versions
from annotator.tracking import tag_graph

ORDERED = [
    "v1.13.1",
    "v17.06.0-ce-rc1",
    "v17.06.0-ce",
    "v18.09.0-ce-tp5",
    "v18.09.0-ce-beta1",
    "v18.09.0-rc1",
    "v18.09.0",
    "v18.09.9",
    "v18.09.10",
    "v22.06.0-beta.0",
    "v23.0.0-rc.1",
    "v23.0.0",
    "docker-v29.0.0-rc.2",
    "docker-v29.0.0-rc.10",
    "docker-v29.0.0",
]


def test_versions_are_ordered_with_candidates_before_what_they_became():
    assert versions.releases(reversed(ORDERED)) == sorted(ORDERED, key=versions.release_key)


@pytest.mark.parametrize(("one", "other"), [(a, b) for a, b in pairwise(ORDERED) if "ce" not in a + b])
def test_each_version_is_before_the_next(one, other):
    assert versions.release_key(one) < versions.release_key(other)


@pytest.mark.parametrize("tag", ["api/v1.52.0", "autorun/1", "latest", "v1.2", "1.2.3.4"])
def test_what_is_no_version_of_the_whole_is_left_out(tag):
    assert versions.releases([tag]) == []


FILES = {
    "v1.0.0": "abc",
    "v1.0.1": "abd",
    "v1.1.0-rc.1": "abce",
    "v1.1.0": "abcf",
    "v2.0.0": "vwxy",
    "v9.0.0": "abceg",
}


def blobs(files: Mapping[str, Collection[str]]) -> Callable[[str], frozenset[str]]:
    return lambda tag: frozenset(files[tag])


def planned(start: str) -> tuple[TagStep, ...]:
    return tag_graph.plan(versions.releases(FILES), start, blobs(FILES))


def test_tags_of_a_line_follow_each_other_and_lines_begin_where_most_files_are_shared():
    assert planned("v1.0.1") == (
        TagStep("v1.0.1", "v1.0.0"),
        TagStep("v1.0.0", "v1.1.0-rc.1"),
        TagStep("v1.1.0-rc.1", "v1.1.0"),
        TagStep("v1.1.0-rc.1", "v9.0.0"),
        TagStep("v1.0.0", "v2.0.0"),
    )


def test_an_earlier_line_is_entered_at_the_tag_that_is_nearest():
    hops = planned("v1.1.0")

    assert TagStep("v1.1.0", "v1.1.0-rc.1") in hops
    assert TagStep("v1.1.0-rc.1", "v1.0.0") in hops
    assert TagStep("v1.0.0", "v1.0.1") in hops


def test_a_start_that_is_no_version_is_walked_from_as_well():
    hops = tag_graph.plan(["v1.0.0"], "main", blobs(FILES | {"main": "ab"}))

    assert hops == (TagStep("main", "v1.0.0"),)


tags = st.sets(
    st.builds("v{}.{}.{}".format, st.integers(1, 3), st.integers(0, 2), st.integers(0, 3)),
    min_size=1,
    max_size=14,
)


@given(tags=tags, data=st.data())
def test_every_tag_is_reached_once_and_only_from_where_the_walk_has_been(tags, data):
    ordered = versions.releases(tags)
    start = data.draw(st.sampled_from(ordered))
    files = {tag: data.draw(st.frozensets(st.sampled_from("abcdefgh"))) for tag in ordered}
    reached = {start}

    for hop in tag_graph.plan(ordered, start, blobs(files)):
        assert hop.before in reached
        assert hop.after not in reached
        reached.add(hop.after)

    assert reached == tags


def test_only_what_leads_to_the_wanted_tags_is_walked_and_lines_are_crossed_in_one():
    line = [f"v1.0.{n}" for n in range(5)]
    hops = (*map(TagStep, line, line[1:]), TagStep("v1.0.4", "v1.1.0"), TagStep("v1.0.2", "v1.2.0"))

    assert tag_graph.towards(hops, ["v1.0.3"]) == (TagStep("v1.0.0", "v1.0.3"),)
    assert tag_graph.towards(hops, ["v1.1.0"]) == (TagStep("v1.0.0", "v1.0.4"), TagStep("v1.0.4", "v1.1.0"))
    assert tag_graph.towards(hops, ["v1.0.1", "v1.2.0"]) == (
        TagStep("v1.0.0", "v1.0.1"),
        TagStep("v1.0.1", "v1.0.2"),
        TagStep("v1.0.2", "v1.2.0"),
    )


@given(tags=tags, data=st.data())
def test_the_way_to_some_tags_is_a_way(tags, data):
    ordered = versions.releases(tags)
    start = data.draw(st.sampled_from(ordered))
    wanted = data.draw(st.sets(st.sampled_from(ordered)))
    files = {tag: data.draw(st.frozensets(st.sampled_from("abcdefgh"))) for tag in ordered}
    reached = {start}

    for hop in tag_graph.towards(tag_graph.plan(ordered, start, blobs(files)), wanted):
        assert hop.before in reached
        reached.add(hop.after)

    assert wanted <= reached


def test_candidates_of_a_line_that_never_came_out_have_no_place_in_time():
    tags = ["v1.0.0-rc1", "v1.0.0", "v2.0.0-beta.1", "v17.3.0", "v22.6.0-beta.0", "v23.0.0", "v24.0.0-rc1"]

    assert versions.proper(tags) == ["v1.0.0-rc1", "v1.0.0", "v17.3.0", "v23.0.0", "v24.0.0-rc1"]


def test_where_nothing_came_out_yet_all_candidates_count():
    assert versions.proper(["v1.0.0-rc1", "v1.0.0-rc2"]) == ["v1.0.0-rc1", "v1.0.0-rc2"]


def test_the_latest_of_each_line_is_a_release_and_of_two_names_the_plainer_one():
    tags = [
        "v1.11.1",
        "v1.11.2",
        "docs-v1.11.2-2016-06-10",
        "v17.03.1-ce",
        "v17.03.2-ce-rc1",
        "v2.0.0-beta.1",
    ]

    assert versions.latest([*tags, "docker-v29.0.1", "latest"]) == [
        "v1.11.2",
        "v17.03.1-ce",
        "docker-v29.0.1",
    ]


@pytest.mark.parametrize(
    ("ends", "first", "last"),
    [
        (["v18.09.0"], "v18.09.0-ce-beta1", "v18.09.10"),
        (["v18.09.9", "v17.06.0-ce"], "v17.06.0-ce-rc1", "v18.09.10"),
        (["v23.0.0", "v18.09.9", "v18.09.0"], "v18.09.0-ce-beta1", "v23.0.0"),
        (["v18.09.9", "latest"], "v1.13.1", "docker-v29.0.0"),
    ],
)
def test_between_tags_lie_their_release_lines_and_those_between_them_whole(ends, first, last):
    ordered = versions.releases(ORDERED)

    lines = versions.spanned(reversed(ORDERED), ends)

    between = ordered[ordered.index(first) : ordered.index(last) + 1]
    assert sorted((tag for line in lines for tag in line), key=versions.release_key) == between
    assert all(line == sorted(line, key=versions.release_key) for line in lines)
