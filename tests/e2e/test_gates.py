"""The gates for other projects: what the Action runs, and the pre-commit hooks, on the shop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def environment(tmp_path: Path, **further: str) -> dict[str, str]:
    """What a step of an Action sees, with our program first on the path."""
    programs = tmp_path / "bin"
    programs.mkdir(exist_ok=True)
    program = programs / "annotator"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m annotator "$@"\n')
    program.chmod(0o755)
    return os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"} | further


def test_the_actions_step_writes_findings_and_fails_on_them(project, shop, tmp_path):
    step = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"][-1]
    given = environment(tmp_path, ARTICLES="", TAG="v2.0.0", SOURCE=str(shop), SARIF="out.sarif")

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", step["run"]],
        env=given,
        cwd=project,
        check=False,
        capture_output=True,
    )

    assert done.returncode == 1
    (run,) = json.loads((project / "out.sarif").read_text())["runs"]
    assert {result["ruleId"] for result in run["results"]} == {"reference-moved"}


def test_the_actions_step_runs_nothing_of_what_it_is_given(project, shop, tmp_path):
    step = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"][-1]
    hostile = "$(touch pwned) `touch pwned` ; touch pwned"
    given = environment(tmp_path, ARTICLES=hostile, TAG=hostile, SOURCE=str(shop), SARIF="out.sarif")

    subprocess.run(["bash", "-euo", "pipefail", "-c", step["run"]], env=given, cwd=project, check=False)

    assert not list(project.rglob("pwned"))


@pytest.mark.parametrize("hook", ["verify-references", "update-references"])
def test_a_pre_commit_hook_is_a_command_that_takes_files(project, shop, tmp_path, hook):
    hooks = {each["id"]: each for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    settings = project / "annotator.toml"
    settings.write_text(settings.read_text().replace('"https://example.org/shop.git"', json.dumps(str(shop))))

    done = subprocess.run(
        [*hooks[hook]["entry"].split(), "site/articles/shop.toml"],
        env=environment(tmp_path),
        cwd=project,
        check=False,
        capture_output=True,
    )

    assert done.returncode == 0, done.stderr
