"""Pictures are well-formed, lead somewhere and say what they show."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from annotator.site.diagrams.flow_diagram import pipeline_diagram
from annotator.site.diagrams.svg import DiagramStep

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


def test_a_title_too_long_for_its_box_is_cut() -> None:
    drawing = ET.fromstring(pipeline_diagram(STEPS, wide=False))  # noqa: S314 - our own drawing

    shown = [text.text or "" for text in drawing.iter(f"{SVG}text")]
    assert any(text.endswith("…") for text in shown)


def test_without_steps_there_is_no_picture() -> None:
    assert pipeline_diagram((), wide=True) == ""
