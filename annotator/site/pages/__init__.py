"""The list of all pages, and of redirects from addresses that pages had before."""

from __future__ import annotations

from collections.abc import Iterator

from annotator.model.reference import Problem
from annotator.site import data_files
from annotator.site.inputs import MovedFile, SiteInput
from annotator.site.markup import built, href
from annotator.site.pages.overview_pages import inventory_entries, navigation_sections, recipes, site_frame
from annotator.site.site_index import REPORT, SiteIndex, module_page
from annotator.site.view_models import Link, Redirect, SitePlan
from annotator.toml_file import Toml


def plan_site(given: SiteInput) -> SitePlan:
    """Plan the pages of a site."""
    index = SiteIndex(given)
    return SitePlan(
        frame=site_frame(index),
        recipes=tuple(recipes(index)),
        problems=(*_unlinked(index), *redirect_problems(index)),
        sections=tuple(navigation_sections(index)),
        inventory=data_files.encode_inventory(
            inventory_entries(index), given.repository.rpartition("/")[2], given.version
        ),
        redirects=tuple(page_redirects(index)),
        scripts={
            data_files.SEARCH_FILE: data_files.encode_search_entries(data_files.search_entries(index)),
            **data_files.card_scripts(index),
        },
    )


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
            target = Link(chapter.article.title, href(chapter.page, REPORT, anchor))
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
