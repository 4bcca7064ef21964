"""Paths of plugins that run in a file system of their own are judged from inside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from runtime.checker import checks, client, places
from tests.sockets import accepts

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")


@contextmanager
def plugin(mounts: str) -> Iterator[str]:
    """The address of the example plugin in a mount namespace, in which a script has mounted at ROOT."""
    with TemporaryDirectory(prefix="c", dir="/tmp") as made:
        (Path(made) / "root").mkdir()
        run = f"exec {sys.executable} -m runtime.examples.plugin --socket {made}/s --root {made}/root"
        script = f"{mounts.replace('ROOT', made + '/root')}\n{run}"
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                while not accepts(Path(made, "s")):
                    assert process.poll() is None
                    time.sleep(0.02)
                yield f"unix://{made}/s"
            finally:
                process.terminate()


def rules(address: str) -> set[str]:
    with client.Plugin(address, 30.0) as asked:
        report = checks.check(asked)
    return {finding.rule for step in report.steps for finding in step.findings} - {"bad-options-accepted"}


@needs_root
@pytest.mark.parametrize(
    ("mounts", "rule"),
    [
        ("mount -t tmpfs none ROOT", "mountpoint-not-shared"),
        ("mount -t tmpfs none ROOT; mount --make-shared ROOT", "mountpoint-inside"),
        ("true", ""),
    ],
)
def test_paths_are_judged_from_inside(mounts: str, rule: str) -> None:
    with plugin(mounts) as address:
        assert rules(address) == ({rule} if rule else set())


@needs_root
def test_a_plugin_of_another_user_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "view", lambda _: places.View(7, contained=True, readable=False))
    with plugin("mount -t tmpfs none ROOT") as address:
        assert rules(address) == {"mountpoint-not-seen"}


def test_a_port_is_seen_from_this_machine() -> None:
    assert places.view("tcp://127.0.0.1:1") == places.View()
