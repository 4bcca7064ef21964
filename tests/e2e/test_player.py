"""Recordings are played in a browser: on the small hostile site, and from start to end on real moby."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the PyPI package playwright")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")

CHROMIUM = shutil.which("chromium")
PROJECT = Path(__file__).resolve().parents[2]
LARGEST = 1_500_000
"""Bytes that all recordings may have when they are compressed."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs Debian's package chromium"),
]


@pytest.fixture
def page(browser: sync_api.Browser) -> Iterator[sync_api.Page]:
    """A page from the disk that must not complain, and must not ask another host for anything."""
    context = browser.new_context(viewport={"width": 1366, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda one: None if one.url.startswith("file:") else faults.append(one.url))
    yield page
    assert page.evaluate("window.hurt") is None
    assert faults == []
    context.close()


@pytest.fixture(params=["built_site", "zensical_site"])
def walk(request: pytest.FixtureRequest) -> str:
    """The address of the player on the small site."""
    site: Path = request.getfixturevalue(request.param)
    return (site / "walk.html").as_uri()


def says(page: sync_api.Page) -> str:
    return page.locator(".player-says").inner_text()


def test_keys_step_and_the_address_follows(page: sync_api.Page, walk: str) -> None:
    page.goto(walk)
    sync_api.expect(page.locator(".player-says")).to_contain_text("Step 1 of 5")
    page.locator(".player-buttons button", has_text="Step").click()
    assert page.url.endswith("#pour-2")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "Step ▶"
    assert "has run line" in says(page)
    page.keyboard.press("End")
    assert page.url.endswith("#pour-5")
    page.keyboard.press("ArrowRight")
    assert page.url.endswith("#pour-5")
    page.keyboard.press("Home")
    page.keyboard.press("c")
    assert page.url.endswith("#pour-3")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert page.url.endswith("#pour-1")
    page.locator(".player-slider").fill("4")
    assert page.url.endswith("#pour-4")


def test_space_plays_to_the_end(page: sync_api.Page, walk: str) -> None:
    page.goto(f"{walk}#pour-4")
    sync_api.expect(page.locator(".player-says")).to_contain_text("Step 4 of 5")
    page.locator(".player-slider").focus()
    page.keyboard.press(" ")
    sync_api.expect(page.locator(".player-says")).to_contain_text("Step 5 of 5", timeout=30_000)
    sync_api.expect(page.locator(".player-play")).to_have_text("Play")


def test_step_has_an_address(page: sync_api.Page, walk: str) -> None:
    page.goto(f"{walk}#pour-2")
    sync_api.expect(page.locator(".player-says")).to_contain_text("Step 2 of 5")
    lines = page.locator(".player-line").all_inner_texts()
    assert [line.strip() for line in lines] == [
        'return &Cup{name: "</span>" + name}',
        'return cup("</span>" + name)',
    ]
    page.evaluate("location.hash = '#pour-1'")
    sync_api.expect(page.locator(".player-says")).to_contain_text("Step 1 of 5")


def test_hostile_state_and_names_are_shown_as_they_are(
    page: sync_api.Page, walk: str, hostile: tuple[str, ...]
) -> None:
    page.goto(f"{walk}#pour-5")
    sync_api.expect(page.locator(".player-says")).to_contain_text("Step 5 of 5")
    assert hostile[0] in says(page)
    assert hostile[1] in page.locator(".player-pick").inner_text()
    changed = page.locator(".player-is-changed")
    assert changed.locator("dt").inner_text() == hostile[1]
    assert changed.locator("del").inner_text() == hostile[2]
    assert changed.locator("ins").inner_text() == hostile[3]
    assert page.locator(".player-is-gone dt").inner_text() == "red"
    assert page.locator(".player-lane-name").all_inner_texts() == ["main thread", hostile[0]]


def test_chapter_leads_to_the_step_and_back(page: sync_api.Page, built_site: Path) -> None:
    page.goto((built_site / "chapters" / "1.html").as_uri())
    page.locator(".notes .note-step").first.click()
    page.wait_for_url("**/walk.html#pour-*")
    page.locator(".player-links a").first.click()
    page.wait_for_url("**/chapters/1.html#note-ref-*")


def test_state_is_announced_and_narrow_windows_do_not_scroll_sideways(page: sync_api.Page, walk: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{walk}#pour-3")
    status = page.locator("#player [role=status]")
    sync_api.expect(status).to_contain_text("Step 3 of 5")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out_of_a_step(browser: sync_api.Browser, built_site: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto((built_site / "walk.html").as_uri() + "#pour-3")
    sync_api.expect(page.locator(".player-says")).to_contain_text("Step 3 of 5")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]}
    violations = axe.Axe().run(page, options=rules).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []
    context.close()


def test_without_javascript_the_list_has_the_steps(browser: sync_api.Browser, walk: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(walk)
    page.locator(".player-list summary").click()
    assert page.locator(".player-list li").count() == 5
    assert page.locator("#pour-5").is_visible()
    context.close()


# ── Real moby ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def read(request: pytest.FixtureRequest) -> Callable[[str], bytes]:
    """What files of the project and of moby hold at the tag that the site shows."""
    repository = os.environ.get("MOBY_SOURCE")
    tree = None if repository else request.getfixturevalue("release")("v20.10.24")

    def read(path: str) -> bytes:
        if path.endswith(".py"):
            return (PROJECT / path).read_bytes()
        if tree is not None:
            data: bytes = tree.data(path)
            return data
        command = ["git", "-C", str(repository), "show", f"v18.09.6:{path}"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    return read


PLAY = """async (name) => {
  const wait = (test) => new Promise((done) => {
    const look = () => (test() ? done() : setTimeout(look, 20));
    look();
  });
  const says = () => document.querySelector(".player-says").textContent;
  const own = (line) => {
    const bare = line.cloneNode(true);
    bare.querySelector(".jump")?.remove();
    return bare.textContent.replace(/\\n$/, "");
  };
  await wait(() => says().startsWith("Step 1 of") && location.hash === `#${name}-1`);
  const buttons = [...document.querySelectorAll(".player-buttons button")];
  const forward = buttons.find((one) => one.textContent === "Step ▶");
  const count = Number(/of (\\d+)/.exec(says())[1]), found = [];
  for (let step = 1; step <= count; step++) {
    const lines = [];
    for (const pane of document.querySelectorAll(".player-body .source"))
      for (const line of pane.querySelectorAll(".player-line"))
        lines.push([pane.querySelector(".source-path").textContent, own(line)]);
    found.push({url: location.hash, lines, says: says()});
    forward.click();
  }
  return found;
}"""
"""Plays a recording, and returns the address, the words and the highlighted lines of each step."""


def recorded(file: Path) -> dict[str, Any]:
    text = file.read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text[text.index("(") + 1 : text.rindex(")")])
    return found


def test_recordings_are_small(moby_site: Path) -> None:
    files = list((moby_site / "recordings").glob("*.js"))
    assert {file.stem for file in files} > {"start-up", "_code"}
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= LARGEST
    here = re.compile(rf'"{tempfile.gettempdir()}/|{re.escape(str(PROJECT))}')
    assert not [file.name for file in files if here.search(file.read_text(encoding="utf-8"))]


def test_recordings_are_played_and_each_line_is_the_files_own(
    page: sync_api.Page, moby_site: Path, read: Callable[[str], bytes]
) -> None:
    page.set_default_timeout(120_000)
    for file in sorted((moby_site / "recordings").glob("[!_]*.js")):
        made = recorded(file)
        page.goto((moby_site / "walk.html").as_uri() + f"#{file.stem}-1")
        shown = page.evaluate(
            PLAY,
            file.stem,
        )
        assert [one["url"] for one in shown] == [
            f"#{file.stem}-{at}" for at in range(1, len(made["steps"]) + 1)
        ]
        for one, step in zip(shown, made["steps"], strict=True):
            assert len(one["lines"]) == 1 + bool(step[3]), one["says"]
            for place, text in one["lines"]:
                path, _, number = place.rpartition(":")
                line = read(path).split(b"\n")[int(number) - 1].decode()
                assert text == line, place
