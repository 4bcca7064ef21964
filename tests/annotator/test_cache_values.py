"""Values that are made once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from annotator.cache import Kept


class Shelf:
    def __init__(self) -> None:
        self.values: dict[tuple[str, str], bytes] = {}

    def get_values(self, kind: str, keys: Iterable[str]) -> Mapping[str, bytes]:
        return {key: self.values[kind, key] for key in keys if (kind, key) in self.values}

    def put_values(self, kind: str, values: Mapping[str, bytes]) -> None:
        self.values |= {(kind, key): value for key, value in values.items()}


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def lengths(lacking: list[str]) -> dict[str, int]:
    return {word: len(word) for word in lacking}


def test_what_is_kept_is_not_made_again(shelf: Shelf) -> None:
    Kept(shelf, "length", int).all({"one": "1", "three": "3"}, lengths)
    asked: list[str] = []

    def make(lacking: list[str]) -> dict[str, int]:
        asked.extend(lacking)
        return lengths(lacking)

    found = Kept(shelf, "length", int).all({"four": "4", "three": "3"}, make)

    assert (found, asked) == ({"four": 4, "three": 5}, ["four"])


def test_nothing_is_made_where_all_is_kept(shelf: Shelf) -> None:
    kept = Kept(shelf, "length", int)
    kept.put({"1": 3})

    assert kept.one("1", lambda: pytest.fail("made again")) == 3


@pytest.mark.parametrize("damage", [b"", b"\xc1", b"\xa3abc"])
def test_what_has_another_shape_is_made_again(shelf: Shelf, damage: bytes) -> None:
    shelf.values["length", "1"] = damage

    assert Kept(shelf, "length", int).one("1", lambda: 7) == 7
    assert Kept(shelf, "length", int).get({"one": "1"}) == {"one": 7}


def test_kinds_do_not_know_each_other(shelf: Shelf) -> None:
    Kept(shelf, "length", int).put({"1": 3})

    assert Kept(shelf, "width", int).get({"one": "1"}) == {}


def test_two_with_one_key_have_one_value(shelf: Shelf) -> None:
    assert Kept(shelf, "length", int).all({"one": "k", "two": "k"}, lengths) == {"one": 3, "two": 3}
