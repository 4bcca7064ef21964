"""Renders view models with Jinja; writes the navigation."""

from __future__ import annotations

import json
import logging
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from annotator.site import panes
from annotator.site.markup import escape, label, ticked
from annotator.site.site_index import (
    CONTENTS,
    COVERAGE,
    ERRATA,
    EXAMPLES,
    HISTORY,
    HOME,
    PARITY,
    PORTING,
    REPORT,
    SYMBOLS,
    WALK,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from annotator.site.view_models import Redirect, SiteFrame, SitePage, SitePlan

_LOG = logging.getLogger(__name__)

SETTINGS = "type-make-serve-first.yml"
"""The generated half of mkdocs.yml. Its name is what mkdocs says when nothing has been built yet."""

QUESTIONS = "Questions"
"""The section of the navigation that comes before the chapters."""


def files(plan: SitePlan) -> Mapping[str, bytes]:
    """Return every generated file by its path below the documents' folder."""
    _LOG.info("writing the pages of %s", plan.frame.tag)
    rendered = {
        page.path: markdown(plan.frame, page).encode() for recipe in plan.recipes for page in recipe()
    }
    return {
        **rendered,
        **{path: _redirect(view).encode() for path, view in plan.redirects},
        SETTINGS: settings(plan, list(rendered)).encode(),
        "objects.inv": plan.inventory,
    }


def markdown(frame: SiteFrame, page: SitePage) -> str:
    """Return a page as Markdown for mkdocs, with its head."""
    root = "../" * page.path.count("/")
    template = _environment().get_template(_name(page))
    return template.render(page=page, view=page.view, frame=frame, root=root)


def _redirect(view: Redirect) -> str:
    return _environment().get_template("redirect.html.jinja").render(view=view)


SOURCE = "Source"
"""The section of the navigation in which the report stands; texts of the project may join it."""


def settings(plan: SitePlan, paths: list[str]) -> str:
    """Return the navigation, for mkdocs.yml to inherit: our chapters in order, the rest only by links."""
    lines = ["# Generated; mkdocs.yml inherits it.", "nav:", *_nav(plan, paths)]
    return "\n".join(lines) + "\n"


def _nav(plan: SitePlan, paths: list[str]) -> Iterator[str]:
    sections = {name: list(found) for name, found in plan.sections}
    questions = sections.pop(QUESTIONS, [])
    yield f"  - {HOME}"
    yield from _listed(QUESTIONS, questions)
    yield from _listed("Chapters", [path for path in _below(paths, CONTENTS) if path.count("/") == 1])
    yield from (f"  - {json.dumps(path)}" for path in paths if path == EXAMPLES)
    yield from _listed("Go and Python", [path for path in (PARITY, COVERAGE, WALK, PORTING) if path in paths])
    source = [path for path in (SYMBOLS, HISTORY, REPORT, ERRATA) if path in paths]
    yield from _listed(SOURCE, [*source, *sections.pop(SOURCE, [])])
    for name, found in sections.items():
        yield from _listed(name, found)


def _below(paths: list[str], first: str) -> list[str]:
    """Return the pages of a folder, its own page first."""
    folder = first.rpartition("/")[0]
    found = [path for path in paths if path.startswith(f"{folder}/")]
    return sorted(found, key=lambda path: path != first)


def _listed(title: str, paths: list[str]) -> Iterator[str]:
    if paths:
        yield f"  - {json.dumps(title)}:"
        yield from (f"      - {json.dumps(path)}" for path in paths)


def _name(page: SitePage) -> str:
    """Return the template of a view: `SymbolPage` is written by `symbol.md.jinja`."""
    name = type(page.view).__name__.removesuffix("Page")
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() + ".md.jinja"


def folder() -> Path:
    """Return the folder of the templates: in the installed package, or next to it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


@cache
def _environment() -> jinja2.Environment:
    """Return the Jinja environment, which passes every printed value through `escape`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder()),
        autoescape=True,
        finalize=escape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["folded"] = panes.single
    environment.filters["label"] = label
    environment.filters["panes"] = panes.side_by_side
    environment.filters["ticked"] = ticked
    return environment
