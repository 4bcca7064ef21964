"""Several tags, a site each: on a small repository of ours, and on two real releases of moby."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import processes
import pytest
import walker
from file_server import serving

from annotator import cli

ROOT = Path(__file__).parents[2]
TAGS = ("v20.10.24", "v26.1.5")
BOTH = ("--tag", "v1.0.0", "--tag", "v2.0.0")


@pytest.fixture
def mapped(project: Path, shop: Path) -> Path:
    """The project with facts of its baseline, and the settings by which mkdocs builds our site."""
    for name in ("mkdocs.yml", "versions.yml"):
        shutil.copy(ROOT / "site" / name, project / "site")
    for name in ("assets", "theme"):
        shutil.copytree(ROOT / "site" / name, project / "site" / name)
    assert cli.run(["record", "--source", str(shop)]) == 0
    return project


def text(project: Path, page: str) -> str:
    return (project / "site" / "docs" / page).read_text(encoding="utf-8")


# ── history ──────────────────────────────────────────────────────────────────────────────────────


def test_build_without_history_has_no_page_of_it(mapped, shop):
    assert cli.run(["build", "--source", str(shop)]) == 0

    assert not (mapped / "site" / "docs" / "history.md").exists()
    assert not (mapped / "site" / "docs" / "porting.md").exists()


def test_history_shows_the_map_each_symbols_own_and_what_to_port(mapped, shop):
    assert cli.run(["build", "--source", str(shop), "--tag", "v2.0.0", "--history"]) == 0

    assert 'class="history-bars"' in text(mapped, "history.md")
    assert 'class="releases"' in text(mapped, "go/pkg/store/Store.md")
    assert "v1&#46;0&#46;0 → v2&#46;0&#46;0" in text(mapped, "porting.md")


def test_since_an_unknown_tag_is_said(mapped, shop, capsys):
    assert cli.run(["build", "--source", str(shop), "--since", "v9"]) == 2
    assert "v9" in capsys.readouterr().err


def test_a_counterpart_stands_beside_its_original_where_that_moved_to(mapped, shop):
    assert cli.run(["build", "--source", str(shop), "--tag", "v2.0.0"]) == 0

    shown = text(mapped, "go/pkg/store/Store.md")
    assert "port&#46;Store" in shown
    assert "was in store&#47;store&#46;go" in shown


# ── versions ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("--tag", "v1.0.0", "--tag", "v2.0.0"), ("--all",)])
def test_each_version_has_a_page_at_every_address_of_the_others(mapped, shop, arguments):
    assert cli.run(["build", "--source", str(shop), *arguments]) == 0

    html = mapped / "site" / "html"
    assert [one["version"] for one in json.loads((html / "versions.json").read_bytes())] == [
        "v2.0.0",
        "v1.0.0",
    ]
    for page in ("go/store/Store.html", "go/pkg/store/Store.html"):
        assert all((html / tag / page).is_file() for tag in ("v1.0.0", "v2.0.0"))
    assert [str(broken) for broken in walker.walk(html)] == []


@pytest.mark.slow
def test_versions_are_made_in_each_language(mapped, shop, browser):
    settings = mapped / "annotator.toml"
    settings.write_text(f'languages = ["zh"]\n{settings.read_text()}')
    assert cli.run(["build", "--source", str(shop), *BOTH]) == 0

    html = mapped / "site" / "html"
    assert json.loads((html / "v1.0.0" / "versions.json").read_bytes()) == [
        {"version": "../v2.0.0", "title": "v2.0.0", "aliases": []},
        {"version": "../v1.0.0", "title": "v1.0.0 (baseline)", "aliases": ["zh"]},
    ]
    assert [str(broken) for broken in walker.walk(html)] == []
    page = browser.new_context(locale="zh-CN").new_page()
    with serving(html) as address:
        page.goto(f"{address}/latest/symbols.html#x")
        page.wait_for_url("**/v2.0.0/zh/symbols.html#x")
        # The list opens under the pointer; what counts here is where its link leads.
        page.locator(".md-version__link", has_text="v1.0.0").evaluate("link => link.click()")
        page.wait_for_url("**/v1.0.0/zh/symbols.html#x")
    page.context.close()


ENDLESS = '''\
"""Never ends."""

import os
import time
from pathlib import Path


def main() -> None:
    """Note this process and wait."""
    Path(os.environ["PIDS"], str(os.getpid())).touch()
    time.sleep(3600)


if __name__ == "__main__":
    main()
'''


@pytest.mark.slow
def test_version_is_built_again_only_after_a_change(mapped, shop, capsys):
    assert cli.run(["build", "--source", str(shop), *BOTH]) == 0
    built = capsys.readouterr().err
    assert {f"annotator: site {number} of 2: " in built for number in (1, 2)} == {True}

    assert cli.run(["build", "--source", str(shop), *BOTH]) == 0
    assert "site 2 of 2: v2.0.0 is built already" in capsys.readouterr().err

    chapter = mapped / "site" / "chapters" / "1.md"
    chapter.write_text('+++\nnumber = "1"\ntitle = "Another"\n+++\n\nNew.\n')
    assert cli.run(["build", "--source", str(shop), *BOTH]) == 0
    assert "already" not in capsys.readouterr().err


@pytest.mark.slow
def test_interrupted_build_leaves_no_process(mapped, shop, tmp_path):
    (mapped / "port/examples").mkdir()
    (mapped / "port/examples/__init__.py").write_text("")
    (mapped / "port/examples/wait.py").write_text(ENDLESS)
    with (mapped / "annotator.toml").open("a") as settings:
        settings.write(
            'examples = { folder = "port/examples", command = "python -m port.examples.{name}" }\n'
        )
    (tmp_path / "pids").mkdir()
    build = subprocess.Popen(
        # A parent that runs in the background ignores the signal, and its children would too.
        [
            "env",
            "--default-signal=INT",
            sys.executable,
            "-m",
            "annotator",
            "build",
            "--source",
            str(shop),
            *BOTH,
        ],
        cwd=mapped,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PIDS": str(tmp_path / "pids")},
        start_new_session=True,
    )
    examples = processes.noted(tmp_path / "pids", 1)
    build.send_signal(signal.SIGINT)  # to the command alone: its workers do not see a Ctrl-C

    assert build.wait(processes.PATIENCE) == 130
    processes.wait_until(lambda: not any(map(processes.is_running, examples)))
    assert not (mapped / "site" / "html").exists()


@pytest.mark.slow
def test_tag_that_mkdocs_refuses_is_reported_and_the_other_stays(mapped, shop, capsys):
    (mapped / "site" / "chapters" / "1.md").write_text(
        '+++\nnumber = "1"\ntitle = "A"\n+++\n\n[x](nowhere.md)\n'
    )
    assert cli.run(["build", "--source", str(shop), *BOTH]) == 2

    printed = capsys.readouterr()
    assert [line for line in printed.err.splitlines() if "v1.0.0: mkdocs cannot build it: " in line]
    assert printed.out == ""
    assert not (mapped / "site" / "html").exists()


@pytest.mark.slow
def test_remarks_name_their_tag_and_come_once(mapped, shop, capsys):
    (mapped / "site" / "chapters" / "1.md").write_text(
        '+++\nnumber = "1"\ntitle = "A"\n+++\n\nSee `nowhere/nothing.go::Nothing`.\n'
    )

    assert cli.run(["build", "--source", str(shop), *BOTH]) == 0

    remarks = [line for line in capsys.readouterr().err.splitlines() if "1.md" in line]
    assert remarks == [
        "annotator: v1.0.0: 1.md:6: nowhere/nothing.go::Nothing is on no page, so its mention has no link"
    ]


@pytest.fixture(scope="module")
def releases(release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's site at the releases of Debian's oldstable and stable."""
    folder = tmp_path_factory.mktemp("versions")
    generated = shutil.ignore_patterns("docs", "html", ".cache", "__pycache__", "node_modules")
    for name in ("annotator", "runtime", "templates", "site"):
        shutil.copytree(ROOT / name, folder / name, ignore=generated)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for tag in TAGS:
        release(tag)
    tags = (part for tag in TAGS for part in ("--tag", tag))
    subprocess.run(
        [sys.executable, "-m", "annotator", "build", "--source", "debian", *tags],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        check=True,
    )
    return folder / "site" / "html"


@pytest.mark.slow
def test_two_releases_stand_side_by_side_and_every_link_leads_somewhere(releases):
    found = json.loads((releases / "versions.json").read_bytes())

    assert [one["version"] for one in found] == ["v26.1.5", "v20.10.24"]
    # The theme labels a table of contents that a chapter without headings of its own does not have.
    broken = [str(one) for one in walker.walk(releases) if one.link != "#__toc"]
    assert broken == []


@pytest.fixture
def served(releases: Path) -> Iterator[str]:
    with serving(releases) as address:
        yield address


@pytest.mark.slow
def test_the_switcher_leads_to_the_same_symbol_in_the_other_release(served, browser):
    page = browser.new_page()
    page.goto(f"{served}/v20.10.24/go/plugin/Manager.html")
    page.hover(".md-version")
    page.click(".md-version__link >> text=v26.1.5")
    page.wait_for_url("**/v26.1.5/**")

    assert page.url == f"{served}/v26.1.5/go/plugin/Manager.html"
    page.close()
