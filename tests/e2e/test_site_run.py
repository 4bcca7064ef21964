"""Examples and exercises run in the page: in Chromium, over http, with nothing from elsewhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from file_server import serving

from annotator import config
from annotator.parity import examples
from annotator.python_source.modules import read_packages
from annotator.site import browser_python, output, pages, rendering
from annotator.site.inputs import ExampleRun, PythonFile, PythonInput, SiteInput
from annotator.site.project_texts import MarkdownText, own_texts
from annotator.subprocess_pool import SubprocessPool

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the PyPI package playwright")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")

ROOT = Path(__file__).parents[2]
PROJECT = config.find(ROOT)
CHROMIUM = shutil.which("chromium")
PATIENCE = 120_000
"""Milliseconds in which a browser on a busy machine has answered."""
RUN_HERE = (
    *("start", "load", "own_plugin", "mount", "shared"),
    *("driver_gone", "restart", "legacy", "dockerd_root"),
)
EXERCISES = [text for text in own_texts(PROJECT) if text.exercise]
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs Debian's package chromium"),
    pytest.mark.skipif(not shutil.which("npm"), reason="needs Debian's package npm"),
]


@pytest.fixture(scope="module")
def example_runs() -> tuple[ExampleRun, ...]:
    """The project's examples, with what they print in a terminal."""
    settings = PROJECT.config.examples
    found = [
        program
        for program in examples.find(read_packages(ROOT, ["runtime"]), settings.folder, settings.command)
        if program.name in (*RUN_HERE, "killed")
    ]
    with SubprocessPool(ROOT) as programs:
        running = [programs.start(one.name, examples.arguments(one)) for one in found]
        return tuple(
            ExampleRun(
                name=one.name,
                path=one.path,
                title=one.title,
                command=one.command,
                output=examples.output(one, ended.result()),
                module=settings.browser.module,
                not_in_page=settings.browser.not_in_page.get(one.name, ""),
            )
            for one, ended in zip(found, running, strict=True)
        )


@pytest.fixture(scope="module")
def site(example_runs: tuple[ExampleRun, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of the examples and the exercises alone, not yet built."""
    browser = browser_python.install(PROJECT)
    assert browser is not None
    home = MarkdownText(name="home", title="Home", summary="Of examples.", body="Read on.")
    given = SiteInput(
        repository="https://example.org/engine",
        tag="v1",
        commit=None,
        version="v1",
        baseline="v1",
        sources={},
        texts=(home, *EXERCISES),
        python=PythonInput(
            modules={one.path: PythonFile((ROOT / one.path).read_bytes()) for one in example_runs},
            examples=example_runs,
        ),
        runs=True,
    )
    folder = tmp_path_factory.mktemp("run")
    shutil.copy(ROOT / "site" / "mkdocs.yml", folder)
    shutil.copytree(ROOT / "site" / "theme", folder / "theme")
    files = {
        **rendering.files(pages.plan_site(given)),
        **output.assets(ROOT / "site" / "assets"),
        **browser_python.archive(PROJECT),
    }
    output.write(files, folder / "docs", browser)
    return folder


@pytest.fixture(scope="module")
def html(site: Path) -> Path:
    """The site as mkdocs builds it."""
    return built("mkdocs", site)


def built(tool: str, site: Path) -> Path:
    command = [sys.executable, "-m", tool, "build"]
    ended = subprocess.run(command, cwd=site, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return site / "html"


@pytest.fixture(scope="module")
def served(html: Path) -> Iterator[str]:
    with serving(html) as address:
        yield address


@pytest.fixture(scope="module")
def context(browser: sync_api.Browser) -> Iterator[sync_api.BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


class Panel:
    """The part of a page that runs its program."""

    def __init__(self, page: sync_api.Page, address: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(address)

    def run(self) -> list[str]:
        """Run the program to its end, and return what it printed."""
        self.page.click(".run-go")
        self.page.wait_for_selector('.run-go[aria-disabled="false"]')
        return self.output.splitlines()

    def write(self, program: str) -> None:
        """Put another program into the editor."""
        self.page.eval_on_selector(".run-editor", "(editor, text) => { editor.value = text }", program)

    @property
    def output(self) -> str:
        return self.page.text_content(".run-output") or ""

    @property
    def state(self) -> str:
        return self.page.text_content(".run-state") or ""

    def focused(self) -> str:
        return str(self.page.evaluate("document.activeElement.classList[0]"))


@pytest.fixture(scope="module")
def warm(context: sync_api.BrowserContext, served: str) -> Iterator[Panel]:
    """A page whose Python is loaded, for programs that tests write into it."""
    panel = Panel(context.new_page(), f"{served}/examples/own_plugin.html")
    yield panel
    panel.page.close()


class TestExamples:
    """Each example prints in the page what it prints in a terminal."""

    def test_python_is_loaded_with_the_first_click(self, warm: Panel, served: str) -> None:
        assert not [url for url in warm.requests if "/assets/run/" in url or "run_worker" in url]
        warm.run()
        assert any(url.endswith("pyodide.asm.wasm") for url in warm.requests)
        assert [url for url in warm.requests if not url.startswith(served)] == []
        loaded = len(warm.requests)
        warm.run()
        assert len(warm.requests) == loaded
        assert warm.errors == []

    @pytest.mark.parametrize("name", RUN_HERE)
    def test_it_prints_what_a_terminal_shows(
        self, warm: Panel, example_runs: tuple[ExampleRun, ...], name: str
    ) -> None:
        example = next(one for one in example_runs if one.name == name)
        warm.write((ROOT / example.path).read_text())
        assert warm.run() == example.output.splitlines()
        assert warm.state == "It has ended."

    def test_messages_and_files_can_be_inspected(self, warm: Panel) -> None:
        warm.page.click(".run-reset")
        warm.run()
        names = warm.page.locator(".run-messages summary").all_text_contents()
        assert "tiny /VolumeDriver.Create" in [name.strip() for name in names]
        assert '{"Name":"photos","Opts":null}' in (warm.page.text_content(".run-messages") or "")
        assert "metadata.sqlite3" in (warm.page.text_content(".run-files") or "")

    def test_files_show_their_contents(self, warm: Panel) -> None:
        warm.write(
            "import tempfile\nfrom pathlib import Path\nfrom runtime import Config, Daemon\n"
            "with tempfile.TemporaryDirectory() as folder:\n"
            "    with Daemon(Config(root=folder + '/root', plugin_folders=())) as daemon:\n"
            "        volume = daemon.volumes.create('diary', 'local', labels={'owner': 'me'})\n"
            "        (Path(volume.mountpoint) / 'page').write_text('<b>dear</b> diary')\n"
        )
        warm.run()
        shown = warm.page.text_content(".run-files") or ""
        assert "<b>dear</b> diary" in shown
        assert '"owner": "me"' in shown or '"owner":"me"' in shown

    def test_one_that_needs_a_machine_says_why(self, context: sync_api.BrowserContext, served: str) -> None:
        page = context.new_page()
        page.goto(f"{served}/examples/killed.html")
        assert "needs a machine: it kills a process" in page.inner_text("article")
        assert page.locator(".run").count() == 0
        page.close()


class TestControls:
    """Stop, Reset, keys, and pages that were opened as files."""

    def test_an_endless_loop_is_stopped(self, context: sync_api.BrowserContext, served: str) -> None:
        panel = Panel(context.new_page(), f"{served}/examples/mount.html")
        panel.write("print('begun')\nwhile True:\n    pass\n")
        panel.page.focus(".run-go")
        panel.page.keyboard.press("Enter")
        panel.page.wait_for_function("document.querySelector('.run-output').textContent.includes('begun')")
        panel.page.focus(".run-stop")
        panel.page.keyboard.press("Enter")
        assert panel.state == "Stopped. The next run starts Python again."
        assert panel.focused() == "run-go"
        panel.write("print('again')")
        assert panel.run() == ["again"]
        panel.page.close()

    def test_endless_output_does_not_stop_the_page(self, warm: Panel) -> None:
        warm.write("while True:\n    print('x' * 100)\n")
        warm.page.click(".run-go")
        warm.page.wait_for_function(
            "document.querySelector('.run-output').textContent.includes('more than can be shown')"
        )
        warm.page.click(".run-stop")
        assert len(warm.output) < 400_000

    def test_a_run_knows_nothing_of_the_last_one(self, warm: Panel) -> None:
        warm.write("name = 1\nprint(name)")
        assert warm.run() == ["1"]
        warm.write("print(name)")
        assert warm.run()[-1].startswith("NameError")
        assert warm.state == "It has ended with an error."

    def test_reset_brings_the_program_back(self, warm: Panel) -> None:
        warm.write("changed")
        warm.page.click(".run-reset")
        assert warm.page.input_value(".run-editor") == (ROOT / "runtime/examples/own_plugin.py").read_text()

    def test_the_editor_indents_and_runs_by_keys(self, warm: Panel) -> None:
        warm.page.click(".run-change summary")
        warm.write("")
        warm.page.focus(".run-editor")
        warm.page.keyboard.type("if True:\nprint('in')")
        warm.page.keyboard.press("Control+Enter")
        warm.page.wait_for_selector('.run-go[aria-disabled="false"]')
        assert warm.page.input_value(".run-editor") == "if True:\n    print('in')"
        assert (warm.output, warm.focused()) == ("in\n", "run-editor")
        warm.page.keyboard.press("Tab")
        assert warm.focused() != "run-editor"

    def test_a_page_that_is_a_file_says_how_to_serve(
        self, context: sync_api.BrowserContext, html: Path
    ) -> None:
        panel = Panel(context.new_page(), (html / "examples" / "mount.html").as_uri())
        panel.page.click(".run-go")
        assert "python3 -m http.server" in panel.state
        assert panel.errors == []
        panel.page.close()


@pytest.mark.parametrize("text", EXERCISES, ids=lambda text: text.name.rpartition("/")[2])
class TestExercises:
    """Each exercise fails as it is and is solved by its solution."""

    def test_it_is_solved_on_its_page(
        self, context: sync_api.BrowserContext, warm: Panel, served: str, text: MarkdownText
    ) -> None:
        page = context.new_page()
        page.goto(f"{served}/{text.name}.html")
        assert text.exercise is not None
        task = page.input_value(".run-editor")
        assert task == text.exercise.task
        assert page.locator("details.hint").count() == len(text.exercise.hints) + 1
        page.close()
        warm.write(task)
        warm.run()
        assert warm.state == "It has ended with an error."
        warm.write(text.exercise.solution)
        assert warm.run()[-1].startswith("Solved:")


STILL = """() => document.getAnimations().every(
  (one) => one.playState !== "running" || one.effect.getComputedTiming().endTime === Infinity)"""
"""Whether nothing moves on a page."""


@pytest.mark.parametrize("address", ["examples/own_plugin", "exercises/plugin-get"])
def test_nobody_is_shut_out_of_a_page_that_has_run(
    context: sync_api.BrowserContext, served: str, address: str
) -> None:
    panel = Panel(context.new_page(), f"{served}/{address}.html")
    panel.run()
    for summary in panel.page.locator(".run-messages summary, .hint summary").all()[:3]:
        summary.click()
    for width in (1440, 390):
        for scheme in ("light", "dark"):
            panel.page.set_viewport_size({"width": width, "height": 900})
            panel.page.emulate_media(color_scheme=scheme)
            panel.page.wait_for_function(STILL)  # colours change little by little
            violations = axe.Axe().run(panel.page, options=RULES).response["violations"]
            assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in violations] == []
            assert panel.page.evaluate("document.scrollingElement.scrollWidth") <= width
    panel.page.close()


def test_it_runs_on_a_site_of_zensical(
    context: sync_api.BrowserContext, site: Path, tmp_path: Path, example_runs: tuple[ExampleRun, ...]
) -> None:
    folder = tmp_path / "site"
    shutil.copytree(site, folder, ignore=shutil.ignore_patterns("html", ".cache"))
    with serving(built("zensical", folder)) as address:
        panel = Panel(context.new_page(), f"{address}/examples/shared.html")
        printed = next(one.output for one in example_runs if one.name == "shared")
        assert panel.run() == printed.splitlines()
        panel.page.close()
