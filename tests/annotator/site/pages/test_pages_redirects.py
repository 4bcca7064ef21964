"""Redirects from the old addresses of Python pages."""

from __future__ import annotations

import html

import msgspec
import pytest

from annotator.errors import InvalidInput
from annotator.site import pages, rendering
from annotator.site.inputs import PythonFile, PythonInput, SiteInput
from annotator.site.pages import read_redirects


def _site(given: SiteInput, text: str) -> SiteInput:
    shown = PythonInput(
        modules={"larder/pkg/new.py": PythonFile(b"x = 1\n"), "larder/pkg/more.py": PythonFile(b"y = 1\n")}
    )
    moved = read_redirects("redirects.toml", text.encode())
    return msgspec.structs.replace(given, python=shown, redirects=moved)


def test_old_address_leads_to_the_new_page(given: SiteInput) -> None:
    plan = pages.plan_site(_site(given, '"larder/old.py" = ["larder/pkg/new.py"]\n'))
    page = html.unescape(rendering.files(plan)["py/larder/old.html"].decode())
    assert '<meta http-equiv="refresh" content="0; url=pkg/new.html">' in page
    assert '<a href="pkg/new.html">' in page
    assert not plan.problems


def test_split_file_offers_every_new_page(given: SiteInput) -> None:
    text = '"larder/old.py" = ["larder/pkg/new.py", "larder/pkg/more.py"]\n'
    plan = pages.plan_site(_site(given, text))
    page = html.unescape(rendering.files(plan)["py/larder/old.html"].decode())
    assert "refresh" not in page
    assert '<a href="pkg/new.html">' in page
    assert '<a href="pkg/more.html">' in page


def test_redirect_to_a_missing_file_is_reported(given: SiteInput) -> None:
    plan = pages.plan_site(_site(given, '# moved\n"larder/old.py" = ["larder/gone.py"]\n'))
    assert [(remark.line, remark.message) for remark in plan.problems] == [
        (2, "larder/old.py leads to larder/gone.py, which no page shows")
    ]
    assert "py/larder/old.html" not in rendering.files(plan)


def test_existing_page_is_not_replaced(given: SiteInput) -> None:
    plan = pages.plan_site(_site(given, '"larder/pkg/new.py" = ["larder/pkg/more.py"]\n'))
    assert "py/larder/pkg/new.html" not in rendering.files(plan)


def test_hostile_paths_stay_below_the_site(given: SiteInput) -> None:
    plan = pages.plan_site(_site(given, '"../../x<script>.py" = ["larder/pkg/new.py"]\n'))
    [(path, page)] = [(path, data) for path, data in rendering.files(plan).items() if path.endswith(".html")]
    assert path.startswith("py/")
    assert ".." not in path.split("/")
    assert b"<script>" not in page


@pytest.mark.parametrize("text", ["old.py", '"old.py" = "new.py"', '"old.py" = [1]'])
def test_invalid_redirects_name_file_and_line(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^redirects\.toml:1: "):
        read_redirects("redirects.toml", text.encode())
