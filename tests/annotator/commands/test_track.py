"""Trails as text and JSON."""

from __future__ import annotations

import json

import pytest

from annotator.commands import track
from annotator.model.go import Kind
from annotator.model.reference import Anchor, FoundBy, Missing, Moved, Reference, Renamed, TextState, Verified
from annotator.model.symbol_history import ReferenceHistory, TagOutcome
from annotator.tracking.symbol_follower import TrackResult

HERE = Anchor("a/a.go", "Store", Kind.STRUCT, 4, 9)
LOWER = Anchor("a/a.go", "Store", Kind.STRUCT, 7, 12, 2)
THERE = Anchor("b/b.go", "Depot", Kind.STRUCT, 3, 8)
REFERENCE = Reference("a/a.go", "Store", 4, cited="src/a/a.go", cited_in="article 2")
TRAIL = ReferenceHistory(
    REFERENCE,
    (
        TagOutcome("v1.0", Verified(HERE, FoundBy.SYMBOL, "as cited"), TextState.SAME),
        TagOutcome("v1.1", Moved(LOWER, FoundBy.SYMBOL, "lower"), TextState.CHANGED),
        TagOutcome("v2.0", Renamed(THERE, FoundBy.BODY, "it was Store"), TextState.CHANGED),
        TagOutcome("v3.0", Missing("nobody has it", THERE), TextState.UNKNOWN),
    ),
)
FOUND = TrackResult(tuple(stop.tag for stop in TRAIL.stops), (TRAIL,))


def test_json_has_a_row_for_each_stop():
    value = json.loads(track.json(FOUND))

    assert value["tags"] == [stop.tag for stop in TRAIL.stops]
    (trail,) = value["trails"]
    assert trail["reference"]["path"] == "a/a.go"
    assert trail["stops"][1] == {
        "tag": "v1.1",
        "verdict": "moved",
        "by": "symbol",
        "text": "changed",
        "path": "a/a.go",
        "symbol": "Store",
        "line": 9,
        "end_line": 12,
    }


def test_a_missing_stop_has_no_place_in_json():
    stop = json.loads(track.json(FOUND))["trails"][0]["stops"][3]

    assert stop == {
        "tag": "v3.0",
        "verdict": "missing",
        "by": None,
        "text": "unknown",
        "path": None,
        "symbol": None,
        "line": None,
        "end_line": None,
    }


def test_text_has_a_line_for_each_stretch_in_one_place():
    lines = [line.plain for line in track.text(FOUND)]

    assert lines == [
        "a/a.go::Store#L4",
        "  v1.0 … v1.1 (2 tags)  moved  a/a.go::Store, lines 4 to 9, by symbol; another text at 1 of them",
        "  v2.0  renamed  b/b.go::Depot, line 3, by body; another text at 1 of them",
        "  v3.0  missing  nobody has it",
    ]


@pytest.mark.parametrize("hostile", ["\x1b[31m", "\u202e"])
def test_a_terminal_is_told_nothing_but_text(hostile):
    trail = ReferenceHistory(
        Reference(f"a/{hostile}.go", "X"), (TagOutcome(hostile, Missing(hostile), TextState.UNKNOWN),)
    )

    assert hostile not in "".join(line.plain for line in track.text(TrackResult((hostile,), (trail,))))
