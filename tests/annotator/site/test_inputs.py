"""Figures beside those of a peer: who is ahead, which are shown, and that nothing in them is markup."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from made_site import make_site

from annotator.errors import InvalidInput
from annotator.site import inputs, project_texts, rendering
from annotator.site.inputs import BenchmarkRow, BenchmarkTable, Machine

FIGURES = Path(__file__).resolve().parents[3] / "site" / inputs.FIGURES
TEXT = """+++
title = "Figures"
figures = ["door", "never run"]
+++

How they were measured.
"""
TABLE = BenchmarkTable(
    "Requests <b>a second</b>", Machine("2026-01-02", 2, "3.11.7"), (BenchmarkRow("create", "9/s"),)
)


@pytest.mark.parametrize(
    ("ratio", "goal", "ahead"),
    [
        ("1.20×", "≥ 1.0×", "ours"),
        ("0.80×", "≥ 1.0×", "peer"),
        ("0.80×", "≤ 1.0×", "ours"),
        ("1.20×", "≤ 2.0×", "peer"),
        ("1.00×", "≥ 1.0×", ""),
        ("", "≥ 1.0×", ""),
        ("1.20×", "0", ""),
        ("-", "≤ 2.00 s", ""),
    ],
)
def test_who_is_ahead_is_told_by_the_ratio_and_which_way_the_goal_points(
    ratio: str, goal: str, ahead: str
) -> None:
    assert BenchmarkRow("what", "ours", "theirs", ratio, goal).ahead == ahead


def test_a_text_shows_the_figures_that_it_asks_for_and_that_there_are(given) -> None:
    asked = msgspec.structs.replace(
        given, texts=(project_texts.parse("pages/figures", TEXT),), figures={"door": TABLE, "other": TABLE}
    )
    made = make_site(asked)
    page = next(page for page in made.pages if page.path == "pages/figures.md")
    assert page.view.measured == (TABLE,)
    shown = rendering.markdown(made.frame, page)
    assert shown.count("<table ") == 1
    assert "<b>a second" not in shown


def test_a_file_that_is_no_figures_is_refused_with_its_name() -> None:
    with pytest.raises(InvalidInput, match=r"site/figures\.json: these are no figures"):
        inputs.read_figures("site/figures.json", b'{"door": 1}')


def test_the_figures_of_the_project_are_whole() -> None:
    tables = inputs.read_figures(FIGURES.name, FIGURES.read_bytes())
    text = project_texts.parse(
        "measured", (FIGURES.parent / "pages" / "measured.md").read_text(encoding="utf-8")
    )
    assert set(text.figures) <= set(tables)
    assert all(table.about and table.rows and table.machine.date for table in tables.values())


def test_the_figures_of_the_project_name_no_place_of_the_machine_they_were_taken_on() -> None:
    assert not re.search(r"/(tmp|root|home|opt|work|var)/", FIGURES.read_text(encoding="utf-8"))
