"""One page per Python module and per example."""

from __future__ import annotations

import difflib
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from annotator.site import highlighting
from annotator.site.excerpts import python_excerpt
from annotator.site.language import _, translated
from annotator.site.markup import href
from annotator.site.page_locations import LineRange
from annotator.site.site_index import EXAMPLES, SiteIndex, example_page, link_to, module_page
from annotator.site.view_models import (
    DefinedCounterpart,
    ExampleExcerpt,
    ExamplePage,
    ExamplesPage,
    ExercisePage,
    Link,
    ModulePage,
    ModulePart,
    RunPanel,
    SitePage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.model.port import Comparison
    from annotator.site.inputs import ExampleRun
    from annotator.site.project_texts import Exercise, MarkdownText


def module_page_of(index: SiteIndex, path: str) -> SitePage:
    """Return the page of a Python file."""
    name, page = index.input.python.named(path), module_page(path)
    return SitePage(
        path=page,
        title=name,
        summary=_("The Python file %(path)s, whole, with the Go symbols that it mirrors.", path=path),
        view=ModulePage(
            name=name,
            doc=index.input.python.modules[path].doc.partition("\n\n")[0],
            parts=tuple(_parts(index, page, path, name)),
            defined=tuple(_defined(index, page, pair) for pair in index.counterparts_by_file.get(path, ())),
        ),
    )


_ROOM, _PART = 400, 120
"""Lines of a file that its page shows at once, and about as many as are folded together."""


def _parts(index: SiteIndex, page: str, path: str, name: str) -> Iterator[ModulePart]:
    """Yield a file in one part, or a long one in parts that begin with a definition."""
    data = index.input.python.modules[path].data
    last = data.count(b"\n") + (not data.endswith(b"\n"))
    found = (known for known in index.input.python.objects.values() if known.path == path)
    defined = sorted(
        (known for known in found if known.kind in ("class", "function")), key=lambda one: one.line
    )
    begins = [1]
    if last > _ROOM:
        lines = data.split(b"\n")
        for known in defined:
            # A definition begins after the blank line before it, with its comments and decorators.
            begin = next((at + 1 for at in range(known.line - 1, 0, -1) if not lines[at - 1].strip()), 1)
            if begin - begins[-1] >= _PART:
                begins.append(begin)
    for first, after in pairwise((*begins, last + 1)):
        line_range = LineRange(path, first, after - 1)
        excerpt = python_excerpt(index, page, line_range, highlighting.LineAnchors("py-L"), name)
        names = (known.name.removeprefix(f"{name}.") for known in defined if first <= known.line < after)
        yield ModulePart(excerpt, tuple(names), folded=last > _ROOM and after > _ROOM)


def _defined(index: SiteIndex, page: str, pair: Comparison) -> DefinedCounterpart:
    known = pair.counterpart
    places = (index.locations.get((one.path, one.symbol)) for one in pair.originals)
    line = index.input.python.objects[known.name].line
    return DefinedCounterpart(
        link=Link(known.name.removeprefix(f"{index.input.python.named(known.path)}."), f"#py-L{line}"),
        originals=tuple(link_to(page, place) for place in places if place),
    )


def example_pages(index: SiteIndex) -> Iterator[SitePage]:
    """Yield the list of examples, and a page for each."""
    found = index.input.python.examples
    if not found:
        return
    yield SitePage(
        path=EXAMPLES,
        title=_("Examples"),
        summary=_("Programs that run: what to type, and what they print."),
        view=ExamplesPage(
            tuple(example_excerpt(EXAMPLES, one) for one in found),
            exercise_links(index, EXAMPLES),
            runs=index.input.runs,
        ),
    )
    for one in found:
        yield _page(index, one)
    for texts in index.exercises.values():
        yield from (_exercise_page(index, text, text.exercise) for text in texts if text.exercise)


def exercise_links(index: SiteIndex, page: str, chapter: str = "") -> tuple[tuple[Link, int], ...]:
    """Return the exercises of a chapter, or all, with their minutes."""
    found = (text for texts in index.exercises.values() for text in texts)
    return tuple(
        (Link(text.title, href(page, f"{text.name}.md")), text.exercise.minutes)
        for text in found
        if text.exercise and chapter in ("", text.exercise.chapter)
    )


def _exercise_page(index: SiteIndex, text: MarkdownText, exercise: Exercise) -> SitePage:
    page = f"{text.name}.md"
    chapter = next((one for one in index.chapters if one.number == exercise.chapter), None)
    module = next((one.module for one in index.input.python.examples if one.module), "")
    changes = difflib.unified_diff(
        exercise.task.splitlines(), exercise.solution.splitlines(), lineterm="", n=2
    )
    return SitePage(
        path=page,
        title=text.title,
        summary=text.summary or _("An exercise of %(count)s minutes.", count=exercise.minutes),
        view=ExercisePage(
            chapter=Link(chapter.label, href(page, chapter.page)) if chapter else Link("", ""),
            minutes=exercise.minutes,
            body=index.linked_text(text, page),
            path=exercise.path,
            runs=RunPanel(exercise.path, exercise.task, module, editing=True)
            if index.input.runs and module
            else None,
            hints=exercise.hints,
            solution="\n".join(line for line in changes if not line.startswith(("---", "+++", "@@"))),
        ),
        untranslated=index.is_untranslated(text),
    )


def example_excerpt(page: str, example: ExampleRun) -> ExampleExcerpt:
    """Return an example as a page other than its own shows it."""
    return ExampleExcerpt(
        title=example.title,
        link=Link(example.name, href(page, example_page(example.name))),
        command=example.command,
        output=example.output,
    )


def _page(index: SiteIndex, example: ExampleRun) -> SitePage:
    page = example_page(example.name)
    data = index.input.python.modules[example.path].data
    last = data.count(b"\n") + (not data.endswith(b"\n"))
    anchors = highlighting.LineAnchors("py-L", href(page, module_page(example.path)))
    source = python_excerpt(index, page, LineRange(example.path, 1, last), anchors, example.name)
    texts = (chapter for chapter in index.chapters if chapter.text and chapter.text.example == example.name)
    told = (text for text in index.input.texts if text.section and text.example == example.name)
    return SitePage(
        path=page,
        title=re.split(r"[:.,\uff1a\u3002\uff0c]", translated(example.title))[0],
        summary=translated(example.title),
        view=ExamplePage(
            runs=RunPanel(
                path=example.path,
                source=data.decode("utf-8", "replace"),
                module=example.module,
                not_in_page=example.not_in_page,
            )
            if index.input.runs
            else None,
            example=ExampleExcerpt(
                example.title, Link(example.name, ""), example.command, example.output, source
            ),
            chapters=(
                *(Link(chapter.label, href(page, chapter.page)) for chapter in texts),
                *(Link(text.title, href(page, f"{text.name}.md")) for text in told),
            ),
            symbols=tuple(link_to(page, place) for place in index.symbols_by_example[example.name]),
        ),
    )
