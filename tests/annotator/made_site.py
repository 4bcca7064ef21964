"""All pages of a site at once, which the annotator itself makes one by one."""

from __future__ import annotations

from typing import NamedTuple

from annotator.model.reference import Problem
from annotator.site.inputs import SiteInput
from annotator.site.pages import plan_site
from annotator.site.view_models import SiteFrame, SitePage, SitePlan


class MadeSite(NamedTuple):
    """All pages in the order in which they are read, and the plan that they were made by."""

    pages: tuple[SitePage, ...]
    plan: SitePlan

    @property
    def frame(self) -> SiteFrame:
        return self.plan.frame

    @property
    def data(self) -> dict[str, bytes]:
        return {path: data for group in self.plan.groups for path, data in group.data().items()}

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.plan.problems


def make_site(given: SiteInput) -> MadeSite:
    plan = plan_site(given)
    return MadeSite(
        tuple(page for group in plan.groups for recipe in group.recipes for page in recipe.make()), plan
    )
