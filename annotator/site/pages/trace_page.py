"""The traced run as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.site.markup import href
from annotator.site.site_index import WALK, SiteIndex, link_to
from annotator.site.view_models import Link, SitePage, TracePage, TraceStep, TraceThread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from annotator.model.port import TracedStep
    from annotator.site.placement import PageLocation

_DEEPEST = 9
"""Deeper steps are shown no further in."""


def pages(index: SiteIndex) -> Iterator[SitePage]:
    """Yield the walk, where the project has one."""
    walk = index.input.python.walk
    if walk is None:
        return
    seen: set[str] = set()
    threads = tuple(TraceThread(one.name, tuple(_steps(index, one.steps, 0, seen))) for one in walk.threads)
    yield SitePage(
        path=WALK,
        title="A walk",
        summary="The port really run: which counterparts ran, thread by thread, beside Go's order.",
        view=TracePage(threads),
    )


def _steps(index: SiteIndex, steps: Iterable[TracedStep], depth: int, seen: set[str]) -> Iterator[TraceStep]:
    """Yield the steps and those within them; Go's order stands where a function runs for the first time."""
    for step in steps:
        calls = () if step.python in seen else step.calls
        seen.add(step.python)
        yield _step(index, step, calls, min(depth, _DEEPEST))
        yield from _steps(index, step.steps, depth + 1, seen)


def _step(index: SiteIndex, step: TracedStep, calls: Iterable[str], depth: int) -> TraceStep:
    address, title = index.python_link(WALK, step.python) or ("", "")
    places = [place for name in step.go if (place := _place(index, name)) is not None]
    return TraceStep(
        depth=depth,
        python=Link(step.python, address, title),
        go=tuple(_link(index, name) for name in step.go),
        chapters=tuple(
            Link(chapter.number, href(WALK, chapter.page), chapter.title)
            for place in places
            for chapter in index.chapters_by_symbol.get((place.page, place.anchor), ())
        ),
        took=f"{step.micros / 1000:.1f} ms" if step.micros >= 0 else "did not end",
        calls=tuple(_link(index, name) for name in calls),
        order=tuple(f"{_name(one.first)} ran before {_name(one.then)}: {one.reason}" for one in step.order),
    )


def _place(index: SiteIndex, notation: str) -> PageLocation | None:
    path, _, symbol = notation.partition("::")
    return index.locations.get((path, symbol))


def _link(index: SiteIndex, notation: str) -> Link:
    place = _place(index, notation)
    return link_to(WALK, place) if place is not None else Link(_name(notation), "", notation)


def _name(notation: str) -> str:
    return notation.rpartition("::")[2]
