"""The list of all pages."""

from __future__ import annotations

from collections.abc import Iterator

from annotator.model.reference import Problem
from annotator.site import search_entries, sphinx_inventory, symbol_cards
from annotator.site.inputs import SiteInput
from annotator.site.pages import redirects
from annotator.site.pages.overview_pages import inventory_entries, navigation_sections, recipes, site_frame
from annotator.site.site_index import SiteIndex
from annotator.site.view_models import SitePlan


def plan_site(given: SiteInput) -> SitePlan:
    """Plan the pages of a site."""
    index = SiteIndex(given)
    return SitePlan(
        frame=site_frame(index),
        recipes=tuple(recipes(index)),
        problems=(*_unlinked(index), *redirects.problems(index)),
        sections=tuple(navigation_sections(index)),
        inventory=sphinx_inventory.encode(
            inventory_entries(index), given.repository.rpartition("/")[2], given.version
        ),
        redirects=tuple(redirects.redirects(index)),
        scripts={
            search_entries.FILE: search_entries.encode(search_entries.entries(index)),
            **symbol_cards.scripts(index),
        },
    )


def _unlinked(index: SiteIndex) -> Iterator[Problem]:
    for text, one in index.unlinked_mentions():
        message = f"{one.path}::{one.symbol} is on no page, so its mention has no link"
        yield Problem(f"{text.name}.md", one.line, message, "unlinked")
