"""One tag's site as a task: what it needs, and how it fails."""

from __future__ import annotations

import pickle
from pathlib import Path

import msgspec
import pytest

from annotator import cli, config
from annotator.errors import AnnotatorError
from annotator.site import site_task
from annotator.site.builder import BuildOptions
from annotator.site.output import unpack
from annotator.site.site_task import SiteTask
from annotator.site.version_sites import FailedSite


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
    outcome = site_task.build(msgspec.structs.replace(task, **changes))

    assert isinstance(outcome, FailedSite)
    assert reason in outcome.reason
    assert outcome.exit_code == exit_code


def test_project_archive_has_what_a_build_reads(task: SiteTask, tmp_path: Path) -> None:
    root = task.project.root
    (root / "site/chapters/1.md").write_text('+++\ntitle = "A"\npackages = ["other"]\n+++\n')
    for name in ("other/x.py", "port/__pycache__/x.pyc", "site/docs/x.md", "site/.cache/x", "secret.txt"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("")

    unpack(site_task.pack_project(task.project), tmp_path / "copy")

    copied = {file.relative_to(tmp_path / "copy").as_posix() for file in (tmp_path / "copy").rglob("*")}
    assert copied == {
        "other", "other/x.py", "port", "port/__init__.py", "site", "site/chapters", "site/chapters/1.md",
        "site/articles", "site/articles/shop.toml", "site/baseline.json",
    }  # fmt: skip


@pytest.mark.slow
def test_pages_that_mkdocs_refuses_are_quoted(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "theme").mkdir(parents=True)
    (site / "mkdocs.yml").write_text("site_name: t\nsite_dir: html\nplugins: []\n")
    (site / "versions.yml").write_text("INHERIT: mkdocs.yml\ntheme: {name: mkdocs, custom_dir: theme}\n")

    with pytest.raises(AnnotatorError, match=r"mkdocs cannot build it: .*nowhere\.md"):
        site_task.render({"en": {"index.md": b"[x](nowhere.md)\n"}}, site, tmp_path / "v1")
