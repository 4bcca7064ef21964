"""Locks of files, with whatever the system has for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from annotator import file_io


@pytest.fixture(params=["fcntl", "neither fcntl nor msvcrt"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param != "fcntl":
        monkeypatch.setattr(file_io, "fcntl", None)
    return str(request.param)


def test_a_lock_is_held_by_one(tmp_path: Path, system: str) -> None:
    with file_io.lock(tmp_path / "a"):
        with pytest.raises(BlockingIOError), file_io.lock(tmp_path / "a", wait=False):
            pass
        with file_io.lock(tmp_path / "b", wait=False):
            pass
    with file_io.lock(tmp_path / "a", wait=False):
        pass


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path, system: str) -> None:
    program = (
        "import os, sys; from pathlib import Path; from annotator import file_io\n"
        f"if {system!r} != 'fcntl': file_io.fcntl = None\n"
        "with file_io.lock(Path(sys.argv[1])): os.kill(os.getpid(), 9)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a")], env=environment, check=False)

    with file_io.lock(tmp_path / "a", wait=False):
        pass


def test_the_annotator_loads_without_fcntl() -> None:
    program = "import sys; sys.modules['fcntl'] = None; import annotator.cli, annotator.site.output"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
