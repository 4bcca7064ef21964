"""The list of all pages."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from annotator.model.reference import Problem
from annotator.site import sphinx_inventory
from annotator.site.inputs import SiteInput
from annotator.site.pages import redirects
from annotator.site.pages.overview_pages import inventory_entries, navigation_sections, recipes, site_frame
from annotator.site.site_index import SiteIndex
from annotator.site.view_models import SiteFrame, SitePage, SitePlan


class Site(msgspec.Struct, frozen=True):
    """All pages, in the order in which they are read, and the plan that they were made by."""

    pages: tuple[SitePage, ...]
    plan: SitePlan

    @property
    def frame(self) -> SiteFrame:
        """What every page says of the source."""
        return self.plan.frame

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What our own texts get wrong."""
        return self.plan.problems


def make(given: SiteInput) -> Site:
    """Return all pages of the site."""
    plan = plan_site(given)
    return Site(tuple(page for recipe in plan.recipes for page in recipe()), plan)


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
    )


def _unlinked(index: SiteIndex) -> Iterator[Problem]:
    for text, one in index.unlinked_mentions():
        message = f"{one.path}::{one.symbol} is on no page, so its mention has no link"
        yield Problem(f"{text.name}.md", one.line, message, "unlinked")
