"""Ctrl-C before a program has come to its work ends it without a word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("program", ["annotator", "runtime"])
def test_ctrl_c_while_the_program_is_loaded_ends_it_quietly(tmp_path: Path, program: str) -> None:
    interrupts = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nprint('went on')\n"
    (tmp_path / "typer.py").write_text(interrupts)  # what both load first
    done = subprocess.run(
        # A parent that runs in the background ignores the signal, and its children would too.
        ["env", "--default-signal=INT", sys.executable, "-m", program, "--help"],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        timeout=60,
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
