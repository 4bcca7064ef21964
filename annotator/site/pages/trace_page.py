"""The traced run as a page, and the scripts with the recordings that the player on it shows."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from annotator.site.excerpts import go_excerpt, python_excerpt
from annotator.site.highlighting import LineAnchors
from annotator.site.language import _, english, html, translated, translated_parts
from annotator.site.markup import Html, href, slug, ticked
from annotator.site.page_locations import LineRange
from annotator.site.site_index import WALK, SiteIndex, link_to, module_page
from annotator.site.view_models import (
    Link,
    RecordedRun,
    RecordedStep,
    SitePage,
    TracePage,
    TraceStep,
    TraceThread,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from annotator.model.port import Changes, PythonObject, TracedStep
    from annotator.site.page_locations import PageLocation
    from annotator.site.recordings import PlayedRecording, PlayedStep, StepNote


def pages(index: SiteIndex) -> Iterator[SitePage]:
    """Yield the walk, where the project has one or has recordings."""
    walk = index.input.python.walk
    recordings = tuple(_recorded(index, played) for played in index.recordings.played)
    if walk is None and not recordings:
        return
    seen: set[str] = set()
    traced = walk.threads if walk else ()
    threads = tuple(TraceThread(one.name, _steps(index, one.steps, seen)) for one in traced)
    yield SitePage(
        path=WALK,
        title=_("A walk"),
        summary=_("Step through real runs of the port: lines of Go and Python, the call stack, the state."),
        view=TracePage(threads, recordings),
    )


def _recorded(index: SiteIndex, played: PlayedRecording) -> RecordedRun:
    steps = []
    for one in played.steps:
        name, line = _short(index, one.python), one.step.line
        says = (
            _("%(name)s begins", name=name)
            if one.step.begins
            else _("%(name)s, line %(line)s", name=name, line=line)
        )
        address, title = index.python_link(WALK, one.python.name) or ("", "")
        place = index.recordings.original(one.python.name)
        steps.append(
            RecordedStep(
                # Without character references, as zensical's check of anchors decodes none.
                id=Html(slug(one.id)),
                says=says,
                python=Link(f"{one.python.path}:{line}", address, title),
                go=link_to(WALK, place, f"{place.path}:{one.go_line or place.declaration.line}")
                if place
                else None,
                changes=tuple(_changes(one)),
                notes=tuple(_note_link(note) for note in one.notes),
            )
        )
    made = played.recording
    return RecordedRun(made.name, translated(made.title), translated(made.about), tuple(steps))


def _changes(played: PlayedStep) -> Iterator[str]:
    for heading, found in _states(played.step.changes).items():
        for name, text in found.items():
            yield (
                _("%(heading)s: %(name)s is gone", heading=heading, name=name)
                if text is None
                else _("%(heading)s: %(name)s: %(text)s", heading=heading, name=name, text=text)
            )


def _states(found: Changes) -> Changes:
    """Return states by their headings, in the language of the page."""
    return {
        translated(heading): {name: text and translated_parts(text) for name, text in things.items()}
        for heading, things in found.items()
    }


def _note_link(note: StepNote) -> Link:
    address = href(WALK, note.page, f"note-ref-{note.number}")
    return Link(_("%(chapter)s, note %(number)s", chapter=note.chapter, number=note.number), address)


def _short(index: SiteIndex, python: PythonObject) -> str:
    """Return the name of a function without that of its module."""
    return python.name.removeprefix(f"{index.input.python.named(python.path)}.")


CODE = "recordings/_code.js"
"""The script with the code of all functions that recordings show."""


def scripts(index: SiteIndex) -> Mapping[str, bytes]:
    """Return the scripts of the player's data: one for each recording, and one with the code of all."""
    played = index.recordings.played
    if not played:
        return {}
    functions = {one.name: one for each in played for step in each.steps for one in _functions(step)}
    code = {}
    for name, python in functions.items():
        code[_key(python.path, python.line)] = _python_code(index, python)
        if (place := index.recordings.original(name)) is not None:
            span = place.declaration.span
            lines = LineRange(place.path, span.line, span.end_line)
            shown = go_excerpt(index, WALK, index.page_plan(place.page), lines)
            code[_key(place.path, span.line)] = str(shown.markup)
    found = {
        f"recordings/{one.recording.name}.js": _script("annotatorRecording", _data(index, one))
        for one in played
    }
    return {CODE: _script("annotatorCode", code), **found}


def _script(function: str, data: object) -> bytes:
    return b"%s(%s);\n" % (function.encode(), msgspec.json.encode(data))


def _functions(played: PlayedStep) -> Iterator[PythonObject]:
    yield from (one for one, _, _ in played.stack)
    yield played.python


def _key(path: str, line: int) -> str:
    return f"{path}:{line}"


def _python_code(index: SiteIndex, python: PythonObject) -> str:
    page = module_page(python.path)
    found = python_excerpt(
        index,
        WALK,
        LineRange(python.path, python.line, python.end_line),
        LineAnchors("py-L", href(WALK, page)),
        python.name,
        hidden=frozenset(index.input.python.modules[python.path].section_lines),
    )
    return str(found.markup)


def _data(index: SiteIndex, played: PlayedRecording) -> Mapping[str, object]:
    """Return what the player needs of a recording; `site/assets/player.js` names the parts of a step."""
    functions = {one.name: one for step in played.steps for one in _functions(step)}
    numbers = {name: at for at, name in enumerate(functions)}
    threads = tuple(dict.fromkeys(step.thread for step in played.steps))
    notes = tuple(dict.fromkeys(note for step in played.steps for note in step.notes))
    return {
        "name": played.recording.name,
        "title": translated(played.recording.title),
        "about": translated(played.recording.about),
        "threads": threads,
        "functions": [_function(index, one) for one in functions.values()],
        "notes": [(note.text, note.href) for note in map(_note_link, notes)],
        "start": _states(played.recording.start),
        "steps": [
            (
                0 if one.step.begins else 2 if one.step.changes else 1,
                numbers[one.python.name],
                one.step.line,
                one.go_line,
                threads.index(one.thread),
                [(numbers[around.name], line, go_line) for around, line, go_line in one.stack],
                _states(one.step.changes),
                [notes.index(note) for note in one.notes],
            )
            for one in played.steps
        ],
    }


def _function(index: SiteIndex, python: PythonObject) -> tuple[object, ...]:
    """Return a function's name, its file, its key in the code and its address; then those of its original."""
    address, _ = index.python_link(WALK, python.name) or ("", "")
    ours = (_short(index, python), python.path, _key(python.path, python.line), address)
    place = index.recordings.original(python.name)
    if place is None:
        return ours
    link = link_to(WALK, place)
    declared = place.declaration
    original = (declared.symbol, place.path, _key(place.path, declared.span.line), link.href)
    return (*ours, *original, declared.line)


def _steps(index: SiteIndex, steps: Iterable[TracedStep], seen: set[str]) -> tuple[TraceStep, ...]:
    """Return the steps with those within them; repetitions in a row without inner steps appear once.

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
    time = f"{micros / 1000:.1f}"
    return TraceStep(
        python=Link(step.python, address, title),
        go=tuple(_link(index, name) for name in step.go),
        chapters=tuple(
            Link(chapter.number, href(WALK, chapter.page), chapter.title)
            for place in places
            for chapter in index.chapters_by_symbol.get((place.page, place.anchor), ())
        ),
        took=_("%(time)s ms", time=time) if micros >= 0 else _("did not end"),
        calls=tuple(_link(index, name) for name in calls),
        order=tuple(
            html(
                "%(first)s ran before %(then)s: %(reason)s",
                first=_name(one.first),
                then=_name(one.then),
                reason=english(ticked(one.reason)),
            )
            for one in step.order
        ),
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
