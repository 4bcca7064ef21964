"""The built wheel, outside the checkout: a project of somebody else from its first command to its site."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from sample_projects import POST

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The files that the wheel installs."""
    folder = tmp_path_factory.mktemp("wheel")
    # With the backend at hand no index is asked for it.
    isolation = ["--no-build-isolation"] if find_spec("hatchling") else []
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", *isolation, "-w", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_site_of_another_project_is_built_from_the_wheel(unpacked, tmp_path):
    POST.build(tmp_path / "source")
    for name, text in POST.documents.items():
        (tmp_path / name).write_text(text)
    environment = os.environ | {
        "PYTHONPATH": str(unpacked), "ANNOTATOR_CACHE": str(tmp_path / ".cache"), "NO_MKDOCS_2_WARNING": "1"
    }  # fmt: skip

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    assert run("-c", "import annotator; print(annotator.__file__)").startswith(str(unpacked))
    run("-m", "annotator", "init")
    assert "2 verified" in run("-m", "annotator", "verify", "--tag", "v1.2.0")
    run("-m", "annotator", "build")
    assert "WARNING" not in run("-m", "mkdocs", "build", "-f", "site/mkdocs.yml", "--strict")

    page = (tmp_path / "site/html/go/queue/Queue.html").read_text()
    assert "post annotated" in page
    for asset in ("site.css", "code.js", "icon.svg"):
        assert (tmp_path / "site/html/assets" / asset).is_file()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        ".cache", "annotator.toml", "architecture.rst", "pinned.md", "site", "source"
    ]  # fmt: skip
