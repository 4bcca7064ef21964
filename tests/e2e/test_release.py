"""The release workflow: what its steps accept and refuse, and the wheel that they build."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
STEPS = {step["name"]: step for step in WORKFLOW["jobs"]["publish"]["steps"] if "name" in step}
CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n- next\n\n## {} - 2026-11-29\n\n### Added\n\n- `it`\n\n## 0.0.1\n\n- x\n"
)


def run(step: str, folder: Path, tag: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]["run"]]
    return subprocess.run(
        command, cwd=folder, env=os.environ | {"TAG": tag}, check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("version", "section", "tag", "says"),
    [
        ("0.2.0", "0.2.0", "v0.2.0", ""),
        ("0.2.0", "0.2.0", "v0.3.0", "the version is not 0.3.0"),
        ("0.2.0", "0.20.0", "v0.2.0", "no section for 0.2.0"),
        ("0.2.0", "0.2.0.1", "v0.2.0", "no section for 0.2.0"),
    ],
)
def test_a_release_needs_its_version_and_its_notes(tmp_path, version, section, tag, says):
    (tmp_path / "annotator").mkdir()
    (tmp_path / "annotator/__init__.py").write_text(f'"""x."""\n\n__version__ = "{version}"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG.format(section))

    done = run("Take the notes from the changelog", tmp_path, tag)

    assert (done.returncode == 0) == (says == "")
    assert says in done.stdout
    if not says:
        assert (tmp_path / "notes.md").read_text().strip() == "### Added\n\n- `it`"


def test_only_the_job_that_publishes_may_write():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert WORKFLOW["jobs"]["publish"]["needs"] == "test"
    assert "permissions" not in WORKFLOW["jobs"]["test"]
    assert "${{" not in "".join(step["run"] for step in STEPS.values())
