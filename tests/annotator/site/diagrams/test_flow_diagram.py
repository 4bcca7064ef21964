"""Pictures are well-formed, lead somewhere and say what they show."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest

from annotator.site.diagrams.flow_diagram import (
    NeighboursTitle,
    neighbours_diagram,
    pairs_diagram,
    pipeline_diagram,
)
from annotator.site.diagrams.svg import DiagramStep, DiagramTitle

STEPS = (
    DiagramStep("2.1", "First", "a.html", "p.First"),
    DiagramStep("2.2", "Second & <last>", "b.html"),
    DiagramStep(
        "2.2.1", "Part of it, with a title that goes on far longer than any box is wide" * 2, "c.html"
    ),
    DiagramStep("2.2.1.1", "Part of that", "d.html"),
    DiagramStep("2.3", "Third", "e.html"),
    DiagramStep("2.3.1", "Its part", "f.html"),
)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("wide", [True, False])
def test_each_step_is_a_link_with_its_whole_name(wide: bool) -> None:
    drawing = ET.fromstring(pipeline_diagram(STEPS, wide=wide))  # noqa: S314 - our own drawing

    links = drawing.findall(f"{SVG}a")
    assert [link.get("href") for link in links] == [step.href for step in STEPS]
    assert [link.findtext(f"{SVG}title") for link in links][:2] == [
        "2.1 First: p.First",
        "2.2 Second & <last>",
    ]


@pytest.mark.parametrize("wide", [True, False])
def test_no_box_leaves_the_picture(wide: bool) -> None:
    drawing = ET.fromstring(pipeline_diagram(STEPS, wide=wide))  # noqa: S314 - our own drawing

    *_, width, height = map(float, drawing.attrib["viewBox"].split())
    for box in drawing.iter(f"{SVG}rect"):
        x, y, w, h = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height


def test_the_picture_has_a_title_and_a_description() -> None:
    drawing = ET.fromstring(pipeline_diagram(STEPS, wide=True))  # noqa: S314 - our own drawing

    assert drawing.findtext(f"{SVG}title")
    assert "2.3.1 Its part" in str(drawing.findtext(f"{SVG}desc"))


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize(
    "title",
    ["daemon.registerMetricsPluginCallback", "go/pkg/plugingetter/PluginWithV1Client", "W" * 90, "a b " * 40],
)
def test_boxes_hold_all_words_of_long_titles(title: str, wide: bool) -> None:
    steps = tuple(DiagramStep(number, title, "x.html", title) for number in ("1", "1.1", "1.1.1", "2"))
    drawing = ET.fromstring(pipeline_diagram(steps, wide=wide))  # noqa: S314 - our own drawing

    for link in drawing.findall(f"{SVG}a"):
        box, texts = link.find(f"{SVG}rect"), link.findall(f"{SVG}text")
        assert box is not None
        words = "".join(text.text or "" for text in texts if text.get("class") == "picture-title")
        assert words.replace(" ", "") == title.replace(" ", "")
        top, height = float(box.attrib["y"]), float(box.attrib["height"])
        assert all(top < float(text.attrib["y"]) < top + height for text in texts)
        rows = [text.attrib["y"] for text in texts if text.get("class") != "picture-number"]
        assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("wide", [True, False])
def test_neighbours_are_drawn_on_both_widths(wide: bool) -> None:
    steps = tuple(DiagramStep("", f"pkg.LongNameOfSomething{at}", f"{at}.html") for at in range(5))
    about = NeighboursTitle("calls", "Calls", "called by", "calls")
    drawing = ET.fromstring(neighbours_diagram(steps[0], steps[1:2], steps[2:], about, wide=wide))  # noqa: S314 - our own drawing

    assert len(drawing.findall(f"{SVG}a")) == 5
    assert drawing.findall(f"{SVG}path")
    boxes = [
        [float(box.attrib[name]) for name in ("x", "y", "width", "height")]
        for box in drawing.iter(f"{SVG}rect")
    ]
    *_, width, height = map(float, drawing.attrib["viewBox"].split())
    assert all(0 <= x <= x + w <= width and 0 <= y <= y + h <= height for x, y, w, h in boxes)


def test_arrows_of_pairs_end_at_the_boxes_beside() -> None:
    steps = tuple(DiagramStep("", f"Lock{at}", f"#{at}") for at in range(5))
    drawing = ET.fromstring(pairs_diagram((steps[:3], steps[3:4], steps[4:]), DiagramTitle("x", "X", ())))  # noqa: S314 - our own drawing

    boxes = [
        [float(box.attrib[name]) for name in ("x", "y", "width", "height")]
        for box in drawing.iter(f"{SVG}rect")
    ]
    ends = [path.attrib["d"] for path in drawing.findall(f"{SVG}path")]
    assert len(ends) == 2
    for end, (x, y, _, height) in zip(ends, boxes[1:3], strict=True):
        assert x - 4 <= float(end.rpartition("H")[2]) <= x
        assert y < float(end.partition("V")[2].partition("H")[0]) < y + height
    above = [(y, y + height) for x, y, _, height in boxes if x == 1]
    assert all(low < high for (_, low), (high, _) in itertools.pairwise(above))


def test_without_steps_there_is_no_picture() -> None:
    assert pipeline_diagram((), wide=True) == ""
