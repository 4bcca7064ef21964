"""Trees that follow each other, by what changed between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotator.repository.tag_snapshots import Succession

FILE, LINK, GONE = "100644", "120000", "000000"
PATHS = ["a/a.go", "b.go", "vendor/v.go", "../x.go"]
OWN = PATHS[:2]

changes = st.tuples(
    st.sampled_from([FILE, FILE, LINK, GONE]), st.sampled_from("abcdef"), st.sampled_from(PATHS)
)
steps = st.lists(st.lists(changes, max_size=4), min_size=1, max_size=8)


def raw(mode: str, blob: str) -> str:
    return f":100644 {mode} {'0' * 40} {blob * 40} M"


def listed(history: list[list[tuple[str, str, str]]]) -> list[dict[str, str]]:
    """The files after each step, told the plain way."""
    files: dict[str, str] = {}
    found = []
    for step in history:
        for mode, blob, path in step:
            files.pop(path, None)
            if mode == FILE and path in OWN:
                files[path] = blob * 40
        found.append(dict(files))
    return found


@given(steps, st.lists(st.integers(0, 7), min_size=1))
def test_each_tree_is_listed_whatever_the_order_in_which_they_are_asked_for(history, order):
    succession = Succession([(raw(mode, blob), path) for mode, blob, path in step] for step in history)

    for number in (each % len(history) for each in order):
        files = {path: blob.id for path, blob in succession.files(number).items()}
        assert files == listed(history)[number]


@given(steps, st.lists(st.integers(0, 7), min_size=1))
def test_a_file_is_found_by_its_path_as_in_the_whole_tree(history, order):
    succession = Succession([(raw(mode, blob), path) for mode, blob, path in step] for step in history)

    for number in (each % len(history) for each in order):
        files = succession.files(number)
        found = {path: files[path].id for path in PATHS if path in files}
        assert found == listed(history)[number] == {path: blob.id for path, blob in files.items()}
        assert len(files) == len(found)
        assert set(files) == files.keys() == found.keys()


@given(steps)
def test_what_two_trees_share_are_the_bits_of_both(history):
    contents = Succession([(raw(*change[:2]), change[2]) for change in step] for step in history).contents

    trees = [set(files.values()) for files in listed(history)]
    for one, first in zip(contents, trees, strict=True):
        for other, second in zip(contents, trees, strict=True):
            assert ((one & other).bit_count(), (one | other).bit_count()) == (
                len(first & second),
                len(first | second),
            )
