"""Redirects from addresses that pages had before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.model.reference import Problem
from annotator.site.inputs import MovedFile
from annotator.site.markup import built, href
from annotator.site.site_index import REPORT, SiteIndex, module_page
from annotator.site.view_models import Link, Redirect
from annotator.toml_file import Toml

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "redirects.toml"
"""In a site's folder: by a file's old path, the files that have its content now."""


def read(name: str, data: bytes) -> tuple[MovedFile, ...]:
    """Return the Python files that have moved.

    Raises:
        InvalidInput: The file is not TOML, or a value is not a list of paths.
    """
    toml = Toml(name, data)
    moved = toml.convert(dict[str, tuple[str, ...]])
    return tuple(MovedFile(old, new, toml.line(old)) for old, new in moved.items())


def redirects(index: SiteIndex) -> Iterator[tuple[str, Redirect]]:
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


def problems(index: SiteIndex) -> Iterator[Problem]:
    """Yield a problem for each redirect to a file that is not shown."""
    modules = index.input.python.modules
    for file in index.input.redirects if modules else ():
        for path in file.new:
            if path not in modules:
                yield Problem(FILE, file.line, f"{file.old} leads to {path}, which no page shows", "redirect")
