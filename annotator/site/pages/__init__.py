"""The list of all pages, and of redirects from addresses that pages had before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TypeVar

import msgspec

from annotator.model.reference import Problem
from annotator.site import data_files
from annotator.site.inputs import MovedFile, SiteInput
from annotator.site.language import deferred, translated
from annotator.site.markup import built, href
from annotator.site.page_inputs import PageInputs
from annotator.site.pages import chapter_pages, history_pages, python_pages, trace_page
from annotator.site.pages.chapter_pages import chapter_page
from annotator.site.pages.overview_pages import (
    contents_page,
    errata_page,
    home_page,
    index_page,
    report_page,
    site_frame,
)
from annotator.site.pages.parity_pages import parity_pages
from annotator.site.pages.python_pages import module_page_of
from annotator.site.pages.symbol_pages import symbol_page
from annotator.site.site_index import HOME, REPORT, SiteIndex, module_page
from annotator.site.view_models import Link, PageGroup, PageRecipe, Redirect, SitePage, SitePlan
from annotator.toml_file import Toml

T = TypeVar("T")

_MORE = deferred("More")
"""The section of texts that name none."""


def plan_site(given: SiteInput) -> SitePlan:
    """Plan the pages of a site."""
    index = SiteIndex(given)
    # Pages of code get an input that lacks our prose, so that a changed word does not change them.
    code = given.without_prose()
    code_index = SiteIndex(code)
    return SitePlan(
        frame=site_frame(index),
        groups=(
            PageGroup("texts", msgspec.msgpack.encode(given), tuple(text_recipes(index))),
            PageGroup(
                "code",
                msgspec.msgpack.encode(code),
                tuple(code_recipes(code_index)),
                lambda: data_of(code_index),
            ),
        ),
        problems=(*_unlinked(index), *redirect_problems(index)),
        sections=tuple(navigation_sections(index)),
        redirects=tuple(page_redirects(index)),
    )


def text_recipes(index: SiteIndex) -> Iterator[PageRecipe]:
    """Yield what makes each page that shows our texts, and the report."""
    inputs = PageInputs(index)
    yield PageRecipe(lambda: (home_page(index), contents_page(index)))
    yield PageRecipe(lambda: chapter_pages.text_pages(index))
    for chapter in index.chapters:
        yield PageRecipe(_single_page(chapter_page, index, chapter), partial(inputs.of_chapter, chapter))
    yield PageRecipe(lambda: python_pages.example_pages(index))
    yield PageRecipe(lambda: (report_page(index), errata_page(index)))


def code_recipes(index: SiteIndex) -> Iterator[PageRecipe]:
    """Yield what makes each page that shows code without our texts."""
    inputs = PageInputs(index)
    yield PageRecipe(lambda: parity_pages(index))
    yield PageRecipe(lambda: trace_page.pages(index))
    yield PageRecipe(lambda: (index_page(index),))
    for plan in index.page_plans:
        yield PageRecipe(_single_page(symbol_page, index, plan), partial(inputs.of_symbol_page, plan.page))
    for path in index.input.python.modules:
        yield PageRecipe(_single_page(module_page_of, index, path), partial(inputs.of_module_page, path))
    yield PageRecipe(lambda: history_pages.pages(index))
    yield PageRecipe(lambda: history_pages.moved_pages(index))


def data_of(index: SiteIndex) -> Mapping[str, bytes]:
    """Return the inventory for other documentation, and the data of the finder, the cards and the player."""
    project = index.input.repository.rpartition("/")[2]
    return {
        "objects.inv": data_files.encode_inventory(inventory_entries(index), project, index.input.version),
        data_files.SEARCH_FILE: data_files.encode_search_entries(data_files.search_entries(index)),
        **data_files.card_scripts(index),
        **trace_page.scripts(index),
    }


def _single_page(
    made: Callable[[SiteIndex, T], SitePage], index: SiteIndex, of: T
) -> Callable[[], Iterable[SitePage]]:
    return lambda: (made(index, of),)


def inventory_entries(index: SiteIndex) -> Iterator[data_files.InventoryEntry]:
    """Yield the symbols of the inventory."""
    for (path, symbol), place in index.locations.items():
        address = href(HOME, place.page, place.anchor)
        yield data_files.InventoryEntry(f"{path}::{symbol}", "std:label", address, place.name)
    for name, known in index.input.python.objects.items():
        address = index.python_address(HOME, name)
        if address and known.kind in data_files.ROLES:
            yield data_files.InventoryEntry(name, data_files.ROLES[known.kind], address)


def navigation_sections(index: SiteIndex) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the parts of the navigation that our texts ask for."""
    names = dict.fromkeys(text.section or _MORE for text in index.texts)
    for name in names:
        yield name, tuple(f"{text.name}.md" for text in index.texts if (text.section or _MORE) == name)


def _unlinked(index: SiteIndex) -> Iterator[Problem]:
    for text, one in index.unlinked_mentions():
        message = f"{one.path}::{one.symbol} is on no page, so its mention has no link"
        yield Problem(f"{text.name}.md", one.line, message, "unlinked")


REDIRECTS_FILE = "redirects.toml"
"""In a site's folder: by a file's old path, the files that have its content now."""


def read_redirects(name: str, data: bytes) -> tuple[MovedFile, ...]:
    """Return the Python files that have moved.

    Raises:
        InvalidInput: The file is not TOML, or a value is not a list of paths.
    """
    toml = Toml(name, data)
    moved = toml.convert(dict[str, tuple[str, ...]])
    return tuple(MovedFile(old, new, toml.line(old)) for old, new in moved.items())


def page_redirects(index: SiteIndex) -> Iterator[tuple[str, Redirect]]:
    """Yield a redirect for each old address that no page of this site has.

    These are the pages of Python files that have moved, and of chapters that only the report shows.
    """
    modules = index.input.python.modules
    taken = {module_page(path) for path in modules}
    for file in index.input.redirects:
        page = module_page(file.old)
        targets = tuple(Link(path, href(page, module_page(path))) for path in file.new if path in modules)
        if targets and page not in taken:
            yield built(page), Redirect(file.old, targets)
    articles = list(dict.fromkeys(chapter.article.file for chapter, _ in index.verdicts))
    for chapter in index.reported_chapters:
        if chapter.article.file in articles:
            anchor = f"article-{articles.index(chapter.article.file) + 1}"
            target = Link(translated(chapter.article.title), href(chapter.page, REPORT, anchor))
            yield built(chapter.page), Redirect(chapter.label, (target,))


def redirect_problems(index: SiteIndex) -> Iterator[Problem]:
    """Yield a problem for each redirect to a file that is not shown."""
    modules = index.input.python.modules
    for file in index.input.redirects if modules else ():
        for path in file.new:
            if path not in modules:
                yield Problem(
                    REDIRECTS_FILE, file.line, f"{file.old} leads to {path}, which no page shows", "redirect"
                )
