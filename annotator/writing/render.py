"""Pages as Markdown: the templates, and the one rule by which values reach them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from annotator.writing.atlas import CONTENTS, ERRATA, HOME, REPORT, SYMBOLS
from annotator.writing.escape import escape, label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.writing.pages import Site
    from annotator.writing.views import Page

SETTINGS = "type-make-serve-first.yml"
"""The generated half of mkdocs.yml. Its name is what mkdocs says when nothing has been built yet."""


def files(site: Site) -> Mapping[str, bytes]:
    """Every generated file by its path below the documents' folder."""
    rendered = {page.path: markdown(site, page).encode() for page in site.pages}
    return {**rendered, SETTINGS: settings(site).encode()}


def markdown(site: Site, page: Page) -> str:
    """A page as Markdown for mkdocs, with its head."""
    root = "../" * page.path.count("/")
    template = _environment().get_template(_name(page))
    return template.render(page=page, view=page.view, frame=site.frame, root=root)


def settings(site: Site) -> str:
    """The navigation, for mkdocs.yml to inherit: the chapters in order, symbols only by links."""
    chapters = [page.path for page in site.pages if page.path.startswith("chapters/")]
    lines = [
        "# Generated; mkdocs.yml inherits it.",
        "nav:",
        f"  - {HOME}",
        "  - Chapters:",
        *(f'      - "{path}"' for path in (CONTENTS, *(path for path in chapters if path != CONTENTS))),
        *(f"  - {path}" for path in (SYMBOLS, REPORT, ERRATA)),
    ]
    return "\n".join(lines) + "\n"


def _name(page: Page) -> str:
    """The template of a view: `SymbolPage` is written by `symbol.md.jinja`."""
    name = type(page.view).__name__.removesuffix("Page")
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() + ".md.jinja"


def folder() -> Path:
    """The templates: inside the installed package, or beside it in the project's tree."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


@cache
def _environment() -> jinja2.Environment:
    """Every value that a template prints goes through `escape`, so that none can be forgotten."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder()),
        autoescape=True,
        finalize=escape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["label"] = label
    return environment
