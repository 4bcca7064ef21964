"""Dating an article by its references, on small histories."""

from __future__ import annotations

import pytest

from annotator.golang import declarations
from annotator.model.reference import Reference
from annotator.repository import versions
from annotator.tracking import dating

ONE = "package p\n\nfunc A() {\n\tb()\n}\n"
TWO = "package p\n\n\nfunc A() {\n\tb()\n}\n"
DOCUMENTS = {"one": declarations.read_go_file(ONE.encode()), "two": declarations.read_go_file(TWO.encode())}
AT = {
    "v1": {"p.go": "one"},
    "v2": {"p.go": "one"},
    "v3": {"p.go": "two"},
    "v4": {},
}


def date(*references: Reference, at=AT):
    return dating.date_by_files(references, at, DOCUMENTS)


def test_ties_are_told_as_ties():
    assert date(Reference("p.go", "A", 3)).best == ("v1", "v2")


def test_a_near_miss_says_what_is_off():
    found = date(Reference("p.go", "A", 3), Reference("p.go", "A"))

    assert [(near.tag, near.exact) for near in found.near] == [("v3", 1)]
    assert found.near[0].off[0].reason == "A stands in line 4, not 3"


def test_a_file_that_is_not_there_is_off():
    (last,) = [tag for tag in date(Reference("p.go", "A", 3)).tags if tag.tag == "v4"]

    assert last.off[0].reason == "p.go is not there"


def test_a_line_alone_tells_where_a_declaration_begins_there():
    assert date(Reference("p.go", line=4)).best == ("v3",)


def test_a_range_tells_where_it_is_a_whole_declaration():
    assert date(Reference("p.go", line=3, end_line=5)).best == ("v1", "v2")


def test_a_range_that_ends_elsewhere_tells_nothing():
    found = date(Reference("p.go", line=3, end_line=4))

    assert (found.best, found.silent) == ((), 1)


def test_a_line_within_a_function_tells_nothing_and_is_counted_as_silent():
    found = date(Reference("p.go", line=5), Reference("p.go", "A", 3), at={"v1": {"p.go": "one"}})

    assert (found.silent, found.best, found.references) == (1, ("v1",), 2)


def test_another_repository_tells_nothing():
    assert date(Reference("p.go", "A", 3, repository="other/one")).silent == 1


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        (["v1.2.3", "v18.09.0-ce-beta1", "docker-v29.0.0", "v22.06.0-beta.0"], 4),
        (["api/v1.52.0", "latest", "xdocs-v1.10-09-05-2016", "v1"], 0),
    ],
)
def test_only_tags_that_name_a_version_of_the_whole_repository_are_tried(tags, kept):
    assert len(versions.versions(tags)) == kept
