"""The page of recipes for other projects: its commands run, its files are what the programs take."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from small_repository import KILN, SHIFTED, build

from annotator import cli, config

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "site/pages/your-project.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
WORKFLOWS = [text for language, text in BLOCKS if language == "yaml" and ".github/workflows" in text]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


def shown(language: str, begins: str = "") -> list[str]:
    return [text for each, text in BLOCKS if each == language and text.startswith(begins)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A Go repository with two tags, and a handbook that cites it, side by side."""
    folder = tmp_path_factory.mktemp("own")
    changed = SHIFTED.replace("hours * 2", "hours * 3")
    build(folder / "kiln", {"v1.0.0": {"kiln.go": KILN}, "v1.1.0": {"kiln.go": changed}})
    (folder / "handbook/docs").mkdir(parents=True)
    (folder / "handbook/README.md").write_text("No reference.\n")
    (folder / "handbook/docs/guide.md").write_text("`kiln.go:4` heats, `kiln.go::Cool#L13` waits.\n")
    return folder


@pytest.fixture
def handbook(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path / "own")
    monkeypatch.chdir(tmp_path / "own/handbook")
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "own/handbook"


def test_the_commands_of_the_page_run(handbook, capsys):
    codes = {
        line.removeprefix("$ annotator "): cli.run(line.removeprefix("$ annotator ").split())
        for block in shown("console")
        for line in block.splitlines()
    }

    findings = {command for command, code in codes.items() if code == cli.FINDINGS}
    assert findings == {"affected v1.0.0 v1.1.0", "bump v1.1.0 --check"}, capsys.readouterr().err
    assert set(codes.values()) == {cli.OK, cli.FINDINGS}
    assert config.find(handbook).config.baseline == "v1.1.0"
    assert (handbook / "docs/guide.md").read_text() == "`kiln.go:8` heats, `kiln.go::Cool#L17` waits.\n"


@pytest.mark.parametrize("text", shown("toml"))
def test_the_settings_of_the_page_are_settings(tmp_path, text):
    (tmp_path / "annotator.toml").write_text(text)

    assert config.find(tmp_path).config.articles


def test_the_ignored_line_of_the_page_is_ignored(handbook, capsys):
    (comment,) = re.findall(r"`(<!-- .*? -->)`", PAGE)
    (handbook / "docs/guide.md").write_text(f"`kiln.go:4` {comment}\n`kiln.go:400`\n")

    cli.run(["verify", "--source=../kiln", "docs/guide.md", "--format=json"])

    assert [each["reference"]["at_line"] for each in json.loads(capsys.readouterr().out)["references"]] == [2]


@pytest.mark.parametrize("text", WORKFLOWS, ids=["verify", "bump"])
def test_the_workflows_of_the_page_fit_the_action(text):
    workflow = yaml.safe_load(text)
    (job,) = workflow["jobs"].values()
    (own,) = [step for step in job["steps"] if step.get("uses", "").startswith("OWNER/moby-annotated@")]

    assert set(own.get("with", {})) <= set(ACTION["inputs"])
    outputs = re.findall(r"steps\.(\w+)\.outputs\.(\w+)", text)
    assert all(name == own["id"] and output in ACTION["outputs"] for name, output in outputs)
    granted = workflow["permissions"] | job.get("permissions", {})
    assert granted["pull-requests"] == "write"
    assert (granted["contents"] == "write") == (own.get("with", {}).get("command") == "bump")


def test_the_hooks_of_the_page_exist():
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    (block,) = shown("yaml", "# .pre-commit-config.yaml")

    assert {hook["id"] for repo in yaml.safe_load(block)["repos"] for hook in repo["hooks"]} <= hooks
    assert set(re.findall(r"`((?:verify|update)-references)`", PAGE)) <= hooks


@pytest.fixture
def shell(handbook, tmp_path):
    """Run a command in the handbook with the annotator in the path, and what installs it left out."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "annotator").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m annotator "$@"\n')
    (programs / "pip").write_text("#!/bin/sh\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    cli.run(["init", "--source", "../kiln"])
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def run(*command: str) -> int:
        return subprocess.run(command, env=environment, check=False, capture_output=True).returncode

    return run


@pytest.mark.slow
def test_the_make_target_of_the_page_checks(shell, handbook):
    (handbook / "Makefile").write_text(shown("make")[0])

    assert shell("make", "references") == 0
    (handbook / "docs/guide.md").write_text("`kiln.go:400`\n")
    assert shell("make", "references") == 2


@pytest.mark.slow
def test_the_gitlab_job_of_the_page_leaves_its_report(shell, handbook):
    job = yaml.safe_load(shown("yaml", "# .gitlab-ci.yml")[0])["references"]
    (handbook / "docs/guide.md").write_text("`kiln.go:400`\n")

    codes = [shell("sh", "-c", line) for line in job["script"]]

    assert codes == [0, 1]
    (issue,) = json.loads((handbook / job["artifacts"]["reports"]["codequality"]).read_text())
    assert issue["location"] == {"path": "docs/guide.md", "lines": {"begin": 1}}
