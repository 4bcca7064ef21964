"""Nobody is shut out: axe-core finds nothing on the small site, any kind of page, and the longest."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the PyPI package playwright")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")

CHROMIUM = shutil.which("chromium")
PATIENCE = 120_000
"""Milliseconds in which a browser on a busy machine has answered."""

KINDS = (
    "index.html",
    "chapters/index.html",
    "chapters/2.1.html",
    "pages/locks.html",
    "pages/glossary.html",
    "examples/index.html",
    "examples/mount.html",
    "parity.html",
    "coverage.html",
    "walk.html",
    "symbols.html",
    "go/volume/service/ds.html",
    "py/runtime/errdefs.html",
    "report.html",
    "errata.html",
    "pages/measured-annotator.html",
    "pages/plugin-checker.html",
    "pages/settings.html",
    "zh/chapters/2.1.html",
    "zh/pages/settings.html",
)
"""A page of each template that a build without histories has, pages of wide tables, and Chinese ones."""

RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs Debian's package chromium"),
]


def faults(browser: sync_api.Browser, files: Iterable[Path], width: int, scheme: str) -> list[str]:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    found = []
    for file in files:
        page.goto(file.as_uri())
        violations = axe.Axe().run(page, options=RULES).response["violations"]
        found += [f"{file.name}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in violations]
    context.close()
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
class TestAxe:
    """WCAG 2.2, A and AA, in both themes at three widths."""

    def test_nobody_is_shut_out_of_the_small_site(
        self, browser: sync_api.Browser, built_site: Path, scheme: str, width: int
    ) -> None:
        files = sorted(set(built_site.rglob("*.html")) - {built_site / "404.html"})
        assert faults(browser, files, width, scheme) == []

    def test_nobody_is_shut_out_of_any_kind_of_page_or_the_longest(
        self, browser: sync_api.Browser, moby_site: Path, scheme: str, width: int
    ) -> None:
        longest = sorted(moby_site.rglob("*.html"), key=lambda file: file.stat().st_size)[-10:]
        files = dict.fromkeys((*(moby_site / name for name in KINDS), *longest))
        assert faults(browser, files, width, scheme) == []
