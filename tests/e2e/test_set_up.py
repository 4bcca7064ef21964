"""What `make` sets up: pinned packages, a supported Python, a checkout at any path."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A Python that says it is an old one, whatever it is asked to run.
_OLD = """\
#!/bin/sh
[ "$1" = -c ] || { echo "ran $*" >&2; exit 9; }
exec "$REAL" -c 'import sys; sys.version_info = (3, 10, 13); exec(sys.argv[1])' "$2"
"""


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder; what it said is in stdout."""
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=os.environ | environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_requirement_is_pinned():
    pins = {
        canonical(line.split("==")[0])
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    further = (ROOT / ".ci" / "tools.in").read_text().splitlines()
    required = [
        *settings["project"]["dependencies"],
        *(each for group in settings["project"]["optional-dependencies"].values() for each in group),
        *settings["build-system"]["requires"],
        *(line for line in further if not line.startswith("#")),
    ]
    names = {canonical(re.split(r"[\[<>=!~ ]", each)[0]) for each in required} - {"moby-annotated"}

    assert names - pins == set(), "run `make constraints`"


def test_unsupported_python_is_refused_before_anything_is_made(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    old = tmp_path / "python3.10"
    old.write_text(_OLD)
    old.chmod(0o755)

    done = make(tmp_path, "build", "PYTHON=./python3.10", REAL=sys.executable)

    assert done.returncode == 2
    assert "Python 3.11 or later is needed, this is 3.10" in done.stdout
    assert not (tmp_path / ".venv").exists()


@pytest.mark.slow
def test_checkout_below_an_odd_path_builds_and_tests(tmp_path, release):
    release("v20.10.24")
    checkout = tmp_path / "a b 'c' \"d\" $e ü" / "checkout"
    shutil.copytree(
        ROOT,
        checkout,
        ignore=shutil.ignore_patterns(".venv*", ".git", "html", "docs", ".cache", "__pycache__"),
    )
    # what a run with an unsupported Python, or one that was interrupted, leaves behind
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to("/nowhere/python3.10")
    temporary = tmp_path / "temporary 'folder' ü"
    temporary.mkdir()
    python = f"PYTHON={sys.executable}"

    built = make(checkout, "build", python, "ARGS=--source debian --tag v20.10.24", TMPDIR=str(temporary))
    assert built.returncode == 0, built.stdout
    assert "pages at v20.10.24" in built.stdout
    assert not any((checkout / ".venv" / "bin" / name).exists() for name in ("pytest", "mypy"))

    tested = make(checkout, "test", python, "ARGS=tests/annotator/test_config.py", TMPDIR=str(temporary))
    assert tested.returncode == 0, tested.stdout
    assert re.search(r"\d+ passed", tested.stdout)
