"""A site that is built again is as if built from nothing; one tag's site as a task, and how it fails."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path

import msgspec
import pytest

from annotator import cli, config
from annotator.commands import build as command
from annotator.commands.build import SiteTask
from annotator.site import fingerprint, pages, rendering
from annotator.site.builder import BuildOptions
from annotator.site.output import unpack
from annotator.site.version_sites import FailedSite

CHAPTER = """\
+++
number = "1"
title = "The store"
summary = "Where things are."
locks = ["store/store.go::Store"]
+++

It is `store/store.go::Store` that keeps things[^get].

[^get]: `store/store.go::Store.Get` "s.names[name]": By name.
"""
SCOPE = """\
[[absent]]
reason = "There is no command."
symbols = ["cmd/main.go::*"]
"""
SHOW = '''\
"""Shows a find."""

from port import Store


def main() -> None:
    """Find."""
    print(Store().get("abc"))


if __name__ == "__main__":
    main()
'''
SETTINGS = 'examples = { folder = "port/examples", command = "python -m port.examples.{name}" }\n'


@pytest.fixture
def site(project: Path, shop: Path) -> Path:
    """The project with a chapter, an example and the facts of the baseline, and its site."""
    (project / "port/examples").mkdir()
    (project / "port/examples/__init__.py").write_text("")
    (project / "port/examples/show.py").write_text(SHOW)
    (project / "site/chapters/1.md").write_text(CHAPTER)
    (project / "site/scope.toml").write_text(SCOPE)
    with (project / "annotator.toml").open("a") as settings:
        settings.write(SETTINGS)
    assert cli.run(["record", "--source", str(shop)]) == cli.OK
    build(project, shop)
    return project


def build(project: Path, shop: Path, *options: str) -> Mapping[str, bytes]:
    """The pages after a build."""
    assert cli.run(["build", "--source", str(shop), *options]) == cli.OK
    docs = project / "site/docs"
    return {
        file.relative_to(docs).as_posix(): file.read_bytes() for file in docs.rglob("*") if file.is_file()
    }


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("site/chapters/1.md", "keeps things", "really keeps things"),
        pytest.param("site/chapters/1.md", "By name.", "Zero without one.", marks=pytest.mark.slow),
        pytest.param("site/scope.toml", "There is no command.", "It is a library.", marks=pytest.mark.slow),
        pytest.param("site/chapters/1.md", 'locks = ["store/store.go::Store"]\n', "", marks=pytest.mark.slow),
        ("site/articles/shop.toml", "line = 9", "line = 10"),
        pytest.param(
            "site/articles/shop.toml", 'symbol = "Store.Get"', 'symbol = "Store.Lost"', marks=pytest.mark.slow
        ),
        ("port/__init__.py", "Keeps things.", "Really keeps things."),
        pytest.param(
            "port/__init__.py", "Find a thing.", "Find a thing.\n\n        Or none.", marks=pytest.mark.slow
        ),
        pytest.param(
            "port/__init__.py",
            "store/store.go::Store.Get",
            "store/store.go::Store.Lost",
            marks=pytest.mark.slow,
        ),
        ("port/__init__.py", "return len(name)", "return 2 * len(name)"),
        ("port/examples/show.py", '"abc"', '"abcd"'),
        pytest.param("annotator.toml", 'prefixes = ["src"]', 'prefixes = ["source"]', marks=pytest.mark.slow),
    ],
)
def test_after_a_change_the_site_is_as_if_built_from_nothing(
    site: Path, shop: Path, tmp_path: Path, path: str, old: str, new: str
) -> None:
    before = (site / path).read_text()
    (site / path).write_text(before.replace(old, new))
    changed = build(site, shop)
    shutil.rmtree(tmp_path / "cache")
    shutil.rmtree(site / "site/docs")

    assert changed == build(site, shop)
    assert (site / path).read_text() != before


@pytest.mark.slow
def test_after_another_tag_the_site_is_as_if_built_from_nothing(
    site: Path, shop: Path, tmp_path: Path
) -> None:
    rebuilt = build(site, shop, "--tag", "v2.0.0")
    shutil.rmtree(tmp_path / "cache")
    shutil.rmtree(site / "site/docs")

    assert rebuilt == build(site, shop, "--tag", "v2.0.0")


def test_changed_template_renders_its_pages_again(
    site: Path, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "templates"
    shutil.copytree(fingerprint.templates(), folder)
    before = build(site, shop)
    chapter = folder / "chapter.md.jinja"
    chapter.write_text(chapter.read_text().replace("What the article cites here", "It cites"))
    monkeypatch.setattr(fingerprint, "templates", lambda: folder)
    monkeypatch.setattr(rendering, "_environment", cache(rendering._environment.__wrapped__))

    after = build(site, shop)

    changed = {path for path in after if path.endswith(".md") and after[path] != before[path]}
    assert changed == {"chapters/1.md", "chapters/2.md"}
    assert b"It cites" in after["chapters/1.md"]


def test_changed_word_of_a_text_leaves_pages_of_code_alone(
    site: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chapter = site / "site/chapters/1.md"
    chapter.write_text(chapter.read_text().replace("keeps things", "holds things").replace("By", "With a"))
    made: list[str] = []
    markdown = rendering.markdown
    monkeypatch.setattr(
        rendering, "markdown", lambda frame, page: made.append(page.path) or markdown(frame, page)
    )
    monkeypatch.setattr(pages, "symbol_page", None)  # building one would fail

    assert b"holds things" in build(site, shop)["chapters/1.md"]
    assert made == ["chapters/1.md"]


def test_what_an_example_prints_is_on_its_page(site: Path) -> None:
    assert b"<code>3&#10;</code>" in (site / "site/docs/examples/show.md").read_bytes()


def test_an_example_that_fails_fails_the_build_in_a_sentence_and_the_old_site_stays(
    site: Path, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (site / "site/docs/index.md").read_bytes()
    (site / "port/examples/show.py").write_text(SHOW.replace('"abc"', "None"))

    assert cli.run(["build", "--source", str(shop)]) == cli.USAGE

    assert "port/examples/show.py: the example ended with exit code 1" in capsys.readouterr().err
    assert (site / "site/docs/index.md").read_bytes() == before


class Workers(Executor):
    """Workers that end each task with an exception."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.futures = list(errors), []

    def submit(self, _: Callable[..., object], *_arguments: object) -> Future[object]:
        self.futures.append(Future())
        if self.errors:
            self.futures[-1].set_exception(self.errors.pop(0))
        return self.futures[-1]


def test_every_error_of_a_worker_fails_its_tag_only(project: Path) -> None:
    workers = Workers(
        ModuleNotFoundError("No module named 'jinja2'"), BrokenProcessPool(), ValueError("x" * 999)
    )
    task = SiteTask("", None, config.find(project), (), BuildOptions())
    tasks = [SiteTask(tag, None, task.project, (), task.options) for tag in ("v1", "v2", "v3")]

    failed = {outcome.tag: outcome for outcome in command._run(workers, tasks)}

    assert failed["v1"] == FailedSite(
        "v1",
        "its worker failed: ModuleNotFoundError: No module named 'jinja2'; "
        "run `pip install 'moby-annotated[site]'`",
        4,
    )
    assert "a worker process was ended" in failed["v2"].reason
    assert len(failed["v3"].reason) < 300


def test_tasks_are_cancelled_when_their_outcomes_are_left(project: Path) -> None:
    workers = Workers(ValueError())
    tasks = [SiteTask(tag, None, config.find(project), (), BuildOptions()) for tag in ("v1", "v2")]

    outcomes = command._run(workers, tasks)
    next(outcomes)
    outcomes.close()

    assert [future.cancelled() for future in workers.futures] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], "give several `--tag`, or `--all`"),
        (["--all", "--scheduler", "here"], "write tcp://HOST:PORT or tls://HOST:PORT"),
    ],
)
def test_wrong_use_of_a_scheduler_is_reported(
    project: Path, shop: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert cli.run(["build", "--source", str(shop), *arguments]) == cli.USAGE
    assert message in capsys.readouterr().err


@pytest.fixture
def task(project: Path, shop: Path) -> SiteTask:
    assert cli.run(["record", "--source", str(shop)]) == 0
    return SiteTask("v1.0.0", str(shop), config.find(project), (), BuildOptions())


def test_task_and_failure_survive_being_sent(task: SiteTask) -> None:
    failed = FailedSite("v1", "why", 3)

    assert pickle.loads(pickle.dumps((task, failed))) == (task, failed)  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("changes", "reason", "exit_code"),
    [
        ({"source": "/nowhere/shop"}, "/nowhere/shop does not exist", 3),
        ({"tag": "v9"}, "the repository has no tag, ref or commit 'v9'", 2),
        ({"version": "0.0.1"}, "the task is from 0.0.1", 2),
        ({"files": b"x"}, "the archive is damaged", 2),
        ({}, "mkdocs.yml: No such file or directory", 2),
    ],
)
def test_failure_is_a_sentence_with_an_exit_code(
    task: SiteTask, changes: dict[str, object], reason: str, exit_code: int
) -> None:
    outcome = command.build_task(msgspec.structs.replace(task, **changes))

    assert isinstance(outcome, FailedSite)
    assert reason in outcome.reason
    assert outcome.exit_code == exit_code


def test_project_archive_has_what_a_build_reads(task: SiteTask, tmp_path: Path) -> None:
    root = task.project.root
    (root / "site/chapters/1.md").write_text('+++\ntitle = "A"\npackages = ["other"]\n+++\n')
    for name in ("other/x.py", "port/__pycache__/x.pyc", "site/docs/x.md", "site/.cache/x", "secret.txt"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("")

    unpack(command.pack_project(task.project), tmp_path / "copy")

    copied = {file.relative_to(tmp_path / "copy").as_posix() for file in (tmp_path / "copy").rglob("*")}
    assert copied == {
        "other", "other/x.py", "port", "port/__init__.py", "site", "site/chapters", "site/chapters/1.md",
        "site/articles", "site/articles/shop.toml", "site/baseline.json",
    }  # fmt: skip
