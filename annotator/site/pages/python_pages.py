"""One page per Python module and per example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.site import highlighting
from annotator.site.excerpts import LineRange, python_excerpt
from annotator.site.markup import href
from annotator.site.site_index import EXAMPLES, SiteIndex, example_page, link_to, module_page
from annotator.site.view_models import (
    DefinedCounterpart,
    ExampleExcerpt,
    ExamplePage,
    ExamplesPage,
    Link,
    ModulePage,
    SitePage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.model.port import Comparison
    from annotator.site.inputs import ExampleRun


def module_page_of(atlas: SiteIndex, path: str) -> SitePage:
    """The page of a Python file."""
    name, page = atlas.given.mirror.named(path), module_page(path)
    data = atlas.given.mirror.modules[path].data
    last = data.count(b"\n") + (not data.endswith(b"\n"))
    return SitePage(
        path=page,
        title=name,
        summary=f"The Python file {path}, whole, with the Go symbols that it mirrors.",
        view=ModulePage(
            name=name,
            doc=atlas.given.mirror.modules[path].doc.partition("\n\n")[0],
            excerpt=python_excerpt(
                atlas, page, LineRange(path, 1, last), highlighting.LineAnchors("py-L"), name
            ),
            defined=tuple(_defined(atlas, page, pair) for pair in atlas.counterparts.get(path, ())),
        ),
    )


def _defined(atlas: SiteIndex, page: str, pair: Comparison) -> DefinedCounterpart:
    known = pair.counterpart
    places = (atlas.places.get((one.path, one.symbol)) for one in pair.originals)
    line = atlas.given.mirror.objects[known.name].line
    return DefinedCounterpart(
        link=Link(known.name.removeprefix(f"{atlas.given.mirror.named(known.path)}."), f"#py-L{line}"),
        kind=known.kind,
        originals=tuple(link_to(page, place) for place in places if place),
    )


def example_pages(atlas: SiteIndex) -> Iterator[SitePage]:
    """The list of examples, and a page for each."""
    found = atlas.given.mirror.examples
    if not found:
        return
    yield SitePage(
        path=EXAMPLES,
        title="Examples",
        summary="Programs that run: what to type, and what they print.",
        view=ExamplesPage(tuple(example_excerpt(EXAMPLES, one) for one in found)),
    )
    for one in found:
        yield _page(atlas, one)


def example_excerpt(page: str, example: ExampleRun) -> ExampleExcerpt:
    """An example as a page other than its own shows it."""
    return ExampleExcerpt(
        title=example.title,
        link=Link(example.name, href(page, example_page(example.name))),
        command=example.command,
        output=example.output,
    )


def _page(atlas: SiteIndex, example: ExampleRun) -> SitePage:
    page = example_page(example.name)
    data = atlas.given.mirror.modules[example.path].data
    last = data.count(b"\n") + (not data.endswith(b"\n"))
    anchors = highlighting.LineAnchors("py-L", href(page, module_page(example.path)))
    source = python_excerpt(atlas, page, LineRange(example.path, 1, last), anchors, example.name)
    texts = (stop for stop in atlas.stops if stop.text and stop.text.example == example.name)
    told = (text for text in atlas.given.texts if text.section and text.example == example.name)
    return SitePage(
        path=page,
        title=f"Example: {example.name}",
        summary=example.title,
        view=ExamplePage(
            example=ExampleExcerpt(
                example.title, Link(example.name, ""), example.command, example.output, source
            ),
            chapters=(
                *(Link(stop.label, href(page, stop.page)) for stop in texts),
                *(Link(text.title, href(page, f"{text.name}.md")) for text in told),
            ),
            symbols=tuple(link_to(page, place) for place in atlas.used[example.name]),
        ),
    )
