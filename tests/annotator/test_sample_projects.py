"""The sample projects are what their comments say."""

from pathlib import Path

import pytest
from sample_projects import PROJECTS, TAGS, SampleProject


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_sample_project_has_five_tags(project: SampleProject, tmp_path: Path):
    assert set(project.build(tmp_path / "source")) == set(TAGS)
