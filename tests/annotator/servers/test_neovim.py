"""A real editor with the language server: Debian's Neovim, set up as the page about editors says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from your_editor_page import shown

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
LINK = "https://github.com/example/kiln/blob/v1.0.0/kiln/kiln.go#L4"


@pytest.fixture
def neovim(kiln, source, made_kiln, tmp_path):
    """Run the script of answers on a document; return what it wrote."""
    if (program := shutil.which("nvim")) is None:
        pytest.skip("needs Debian's package neovim")

    recipe = tmp_path / "recipe.lua"
    recipe.write_text(shown("lua"))
    settings = (kiln / "annotator.toml").read_text().replace("v1.0.0", "v1.1.0")
    (kiln / "annotator.toml").write_text(f'source = "{source}"\n{settings}')

    def run(text: str) -> dict[str, object]:
        (kiln / "a.md").write_text(text)
        output = tmp_path / "answers.json"
        job = {"recipe": str(recipe), "file": str(kiln / "a.md"), "output": str(output)}
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ANNOTATOR_CACHE": str(made_kiln / "cache"), "HOME": str(tmp_path),
            "XDG_STATE_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "JOB": json.dumps(job),
        }  # fmt: skip
        setting = "let g:job = json_decode($JOB)"
        subprocess.run(
            [program, "--headless", "--clean", "--cmd", setting, "-c", f"luafile {HERE / 'editor.lua'}"],
            cwd=kiln, env=environment, check=True, timeout=120, capture_output=True,
        )  # fmt: skip
        answers: dict[str, object] = json.loads(output.read_text())
        return answers

    return run


def test_neovim_shows_fixes_and_follows_references(neovim):
    answers = neovim(f"# Heat\n\nSee <{LINK}>.\n")

    assert answers["messages"] == []
    (diagnostic,) = answers["diagnostics"]
    assert (diagnostic["lnum"], diagnostic["code"], diagnostic["source"]) == (2, "moved", "annotator")
    assert "func Fire(temp int) error" in answers["hover"]
    assert answers["actions"][0] == "Write where it is at v1.1.0: kiln/kiln.go:8"
    assert answers["text"][2] == f"See <{LINK.replace('v1.0.0', 'v1.1.0').replace('L4', 'L8')}>."
    assert answers["definition"] == {"line": "func Fire(temp int) error {", "readonly": True}
