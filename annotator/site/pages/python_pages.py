"""One page per Python module and per example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.site import highlighting
from annotator.site.excerpts import Stretch, python
from annotator.site.markup import href
from annotator.site.site_index import EXAMPLES, Atlas, example_page, module_page, to
from annotator.site.view_models import (
    Defined,
    ExamplePage,
    ExampleShown,
    ExamplesPage,
    Link,
    ModulePage,
    Page,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.model.port import Comparison
    from annotator.site.inputs import Example


def module(atlas: Atlas, path: str) -> Page:
    """The page of a Python file."""
    name, page = atlas.given.mirror.named(path), module_page(path)
    data = atlas.given.mirror.modules[path].data
    last = data.count(b"\n") + (not data.endswith(b"\n"))
    return Page(
        path=page,
        title=name,
        summary=f"The Python file {path}, whole, with the Go symbols that it mirrors.",
        view=ModulePage(
            name=name,
            doc=atlas.given.mirror.modules[path].doc.partition("\n\n")[0],
            excerpt=python(atlas, page, Stretch(path, 1, last), highlighting.Anchors("py-L"), name),
            defined=tuple(_defined(atlas, page, pair) for pair in atlas.counterparts.get(path, ())),
        ),
    )


def _defined(atlas: Atlas, page: str, pair: Comparison) -> Defined:
    known = pair.counterpart
    places = (atlas.places.get((one.path, one.symbol)) for one in pair.originals)
    line = atlas.given.mirror.objects[known.name].line
    return Defined(
        link=Link(known.name.removeprefix(f"{atlas.given.mirror.named(known.path)}."), f"#py-L{line}"),
        kind=known.kind,
        originals=tuple(to(page, place) for place in places if place),
    )


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
    anchors = highlighting.Anchors("py-L", href(page, module_page(example.path)))
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
