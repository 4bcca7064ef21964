"""The workflow that publishes the site: its steps build it from a local repository with two tags."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "pages.yml").read_text(encoding="utf-8"))
ADDRESS = "https://us.example.org/moby-annotated"

pytestmark = pytest.mark.slow


def steps() -> Iterator[dict[str, str]]:
    """The steps that run a command, but for the one that installs what the tests run in already."""
    named = [step for step in WORKFLOW["jobs"]["build"]["steps"] if "run" in step]
    assert [step["name"] for step in named] == ["Install", "Build", "Check"]
    yield from named[1:]


@pytest.fixture
def published(project: Path, shop: Path) -> Path:
    for name in ("mkdocs.yml", "versions.yml"):
        shutil.copy(ROOT / "site" / name, project / "site")
    for name in ("assets", "theme"):
        shutil.copytree(ROOT / "site" / name, project / "site" / name)
    settings = project / "annotator.toml"
    lines = settings.read_text(encoding="utf-8")
    settings.write_text(f'supported = ["v2.*"]\n{lines}', encoding="utf-8")
    (project / ".venv" / "bin").mkdir(parents=True)
    python = project / ".venv" / "bin" / "python"

    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    subprocess.run(
        [python, "-m", "annotator", "record", "--source", shop], cwd=project, check=True, capture_output=True
    )
    for step in steps():
        environment = os.environ | {"SOURCE": str(shop), "SITE_URL": ADDRESS}
        ended = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", step["run"]],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
    return project / "site" / "html"


def test_workflow_publishes_the_baseline_the_supported_line_and_latest(published: Path) -> None:
    assert sorted(one.name for one in published.iterdir() if one.is_dir()) == ["latest", "v1.0.0", "v2.0.0"]
    page = (published / "v2.0.0" / "index.html").read_text(encoding="utf-8")
    assert f'<link rel="canonical" href="{ADDRESS}/v2.0.0/index.html">' in page
    for file in (published / "latest").rglob("*.html"):
        (target,) = re.findall(r'<a href="([^"]*)"', file.read_text(encoding="utf-8"))
        assert (file.parent / target).resolve().is_relative_to(published / "v2.0.0")
        assert (file.parent / target).is_file()
