"""The pages of examples: their source, how to run them, and what they really print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.writing import code
from annotator.writing.addresses import href
from annotator.writing.atlas import EXAMPLES, Atlas, example_page, module_page, to
from annotator.writing.excerpts import Stretch, python
from annotator.writing.views import ExamplePage, ExampleShown, ExamplesPage, Link, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.writing.mirror import Example


def examples(atlas: Atlas) -> Iterator[Page]:
    """The list of examples, and a page for each."""
    found = atlas.given.mirror.examples
    if not found:
        return
    yield Page(
        path=EXAMPLES,
        title="Examples",
        summary="Programs that run: what to type, and what they print.",
        view=ExamplesPage(tuple(shown(EXAMPLES, one) for one in found)),
    )
    for one in found:
        yield _page(atlas, one)


def shown(page: str, example: Example) -> ExampleShown:
    """An example as a page other than its own shows it."""
    return ExampleShown(
        title=example.title,
        link=Link(example.name, href(page, example_page(example.name))),
        command=example.command,
        output=example.output,
    )


def _page(atlas: Atlas, example: Example) -> Page:
    page = example_page(example.name)
    data = atlas.given.mirror.modules[example.path].data
    last = data.count(b"\n") + (not data.endswith(b"\n"))
    anchors = code.Anchors("py-L", href(page, module_page(example.path)))
    source = python(atlas, page, Stretch(example.path, 1, last), anchors, example.name)
    texts = (stop for stop in atlas.stops if stop.text and stop.text.example == example.name)
    told = (text for text in atlas.given.texts if text.section and text.example == example.name)
    return Page(
        path=page,
        title=f"Example: {example.name}",
        summary=example.title,
        view=ExamplePage(
            example=ExampleShown(
                example.title, Link(example.name, ""), example.command, example.output, source
            ),
            chapters=(
                *(Link(stop.label, href(page, stop.page)) for stop in texts),
                *(Link(text.title, href(page, f"{text.name}.md")) for text in told),
            ),
            symbols=tuple(to(page, place) for place in atlas.used[example.name]),
        ),
    )
