"""The extension for VS Code: type-checked, packaged, and run in Node against the language server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def extension(tmp_path_factory):
    """A copy of the extension with its packages installed, where npm and its registry can be had."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs Debian's package npm")
    folder = tmp_path_factory.mktemp("extension") / "vscode"
    ignored = shutil.ignore_patterns("node_modules", "out", "*.vsix")
    shutil.copytree(ROOT / "editors" / "vscode", folder, ignore=ignored)
    installed = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    if installed.returncode:
        pytest.skip(f"npm cannot install the extension's packages: {installed.stderr[-200:]}")
    return folder


def test_client_works_with_the_server(extension, kiln, source, made_kiln):
    command = [sys.executable, "-m", "annotator", "lsp", "--source", source]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "ANNOTATOR_CACHE": str(made_kiln / "cache"), "ANNOTATOR_PROJECT": str(kiln),
        "ANNOTATOR_COMMAND": json.dumps(command),
    }  # fmt: skip

    done = subprocess.run(
        ["npm", "test"],
        cwd=extension,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_extension_is_packaged(extension):
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").partition(".")[0]) < 20:
        pytest.skip("vsce needs Node 20")
    done = subprocess.run(
        ["npm", "run", "package"], cwd=extension, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr

    with zipfile.ZipFile(extension / "annotator.vsix") as packed:
        names = packed.namelist()
    assert "extension/out/extension.js" in names
    assert "extension/node_modules/vscode-languageclient/node.js" in names
    assert not [name for name in names if "/test/" in name and "node_modules" not in name]


def test_no_workspace_names_the_command():
    manifest = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text())

    settings = manifest["contributes"]["configuration"]["properties"]
    assert settings["annotator.command"]["scope"] == "machine"
    assert manifest["capabilities"]["untrustedWorkspaces"]["supported"] is False
