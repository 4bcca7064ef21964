"""Commands in a Python that lacks what Windows lacks: its modules are blocked and its functions removed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sample_projects import KILN

pytestmark = pytest.mark.slow

# What runs in the other Python, before anything of ours is imported.
_WITHOUT_UNIX = """
import importlib.abc, multiprocessing, os, signal, subprocess, sys

BLOCKED = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "uvloop"}

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
for name in BLOCKED:
    sys.modules.pop(name, None)
for module, names in (
    (os, ("fork", "forkpty", "killpg", "getpgid", "setsid", "sched_getaffinity")),
    (signal, ("SIGALRM", "setitimer", "SIGHUP")),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)

start = subprocess.Popen.__init__
def checked(self, *arguments, **options):
    assert not options.get("pass_fds") and not options.get("preexec_fn"), "Windows has neither"
    start(self, *arguments, **options)
subprocess.Popen.__init__ = checked

from annotator import cli
for line in sys.stdin.read().splitlines():
    arguments, _, expected = line.rpartition(" -> ")
    code = cli.run(arguments.split())
    assert str(code) == expected, (line, code)
"""


def run(folder: Path, *lines: str) -> str:
    """Run command lines, each with its exit code behind an arrow; return all that they print."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_UNIX], cwd=folder, input="\n".join(lines), text=True,
        env=os.environ | {"ANNOTATOR_CACHE": str(folder.parent / "cache")},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_commands_on_documents_need_nothing_of_unix(tmp_path):
    work = tmp_path / "work"
    KILN.build(work / "source")
    (work / "docs").mkdir()
    (work / "docs" / "guide.md").write_text(KILN.documents["docs/guide.md"])

    said = run(
        work,
        "init -> 0",
        "verify -> 0",
        "verify docs --tag v2.1.0 --format json -> 1",
        "track kiln.go:6 -> 0",
        "date docs/guide.md -> 0",
        "explain docs/guide.md:3 -> 0",
        "affected v1.1.0 v1.2.0 -> 1",
        "diff v1.1.0 v1.2.0 -> 0",
        "bump v1.2.0 --check -> 1",
        "bump v1.2.0 -> 0",
        "verify --update --tag v2.0.0 -> 0",
    )

    assert "internal error" not in said


def test_site_is_built_where_examples_cannot_run(tmp_path):
    work = tmp_path / "work"
    KILN.build(work / "source")
    (work / "port" / "examples").mkdir(parents=True)
    (work / "port" / "__init__.py").write_text('"""A port."""\n')
    (work / "port" / "examples" / "__init__.py").write_text("")
    (work / "port" / "examples" / "show.py").write_text(
        '"""Shows it."""\n\n\ndef main() -> None:\n    """Show it."""\n    raise SystemExit(1)\n\n\n'
        'if __name__ == "__main__":\n    main()\n'
    )
    (work / "annotator.toml").write_text(
        f'repository = "{KILN.address}"\nsource = "source"\nbaseline = "v1.0.0"\npackages = ["port"]\n'
        '[examples]\nfolder = "port/examples"\ncommand = "python -m port.examples.{name}"\n'
    )

    run(work, "record -> 0", "build -> 0")

    assert "not run here" in (work / "site" / "docs" / "examples" / "show.md").read_text()
