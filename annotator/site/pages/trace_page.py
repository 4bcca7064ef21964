"""The traced run as a page."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from annotator.site.markup import href
from annotator.site.site_index import WALK, SiteIndex, link_to
from annotator.site.view_models import Link, SitePage, TracePage, TraceStep, TraceThread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from annotator.model.port import TracedStep
    from annotator.site.placement import PageLocation


def pages(index: SiteIndex) -> Iterator[SitePage]:
    """Yield the walk, where the project has one."""
    walk = index.input.python.walk
    if walk is None:
        return
    seen: set[str] = set()
    threads = tuple(TraceThread(one.name, _steps(index, one.steps, seen)) for one in walk.threads)
    yield SitePage(
        path=WALK,
        title="A walk",
        summary="The port really run: which counterparts ran, thread by thread, beside Go's order.",
        view=TracePage(threads),
    )


def _steps(index: SiteIndex, steps: Iterable[TracedStep], seen: set[str]) -> tuple[TraceStep, ...]:
    """Return the steps with those within them; what repeats in a row and has no steps stands there once.

    Go's order stands where a function runs for the first time.
    """
    found: list[TraceStep] = []
    for python, repeated in groupby(steps, key=lambda step: step.python if not step.steps else None):
        ran = list(repeated)
        if python is None:
            found += [_step(index, step, seen, 1, step.micros) for step in ran]
        else:
            micros = -1 if any(step.micros < 0 for step in ran) else sum(step.micros for step in ran)
            found.append(_step(index, ran[0], seen, len(ran), micros))
    return tuple(found)


def _step(index: SiteIndex, step: TracedStep, seen: set[str], times: int, micros: int) -> TraceStep:
    calls = () if step.python in seen else step.calls
    seen.add(step.python)
    steps = _steps(index, step.steps, seen)
    address, title = index.python_link(WALK, step.python) or ("", "")
    places = [place for name in step.go if (place := _place(index, name)) is not None]
    return TraceStep(
        python=Link(step.python, address, title),
        go=tuple(_link(index, name) for name in step.go),
        chapters=tuple(
            Link(chapter.number, href(WALK, chapter.page), chapter.title)
            for place in places
            for chapter in index.chapters_by_symbol.get((place.page, place.anchor), ())
        ),
        took=f"{micros / 1000:.1f} ms" if micros >= 0 else "did not end",
        calls=tuple(_link(index, name) for name in calls),
        order=tuple(f"{_name(one.first)} ran before {_name(one.then)}: {one.reason}" for one in step.order),
        steps=steps,
        inside=sum(one.times + one.inside for one in steps),
        times=times,
    )


def _place(index: SiteIndex, notation: str) -> PageLocation | None:
    path, _, symbol = notation.partition("::")
    return index.locations.get((path, symbol))


def _link(index: SiteIndex, notation: str) -> Link:
    place = _place(index, notation)
    return link_to(WALK, place) if place is not None else Link(_name(notation), "", notation)


def _name(notation: str) -> str:
    return notation.rpartition("::")[2]
