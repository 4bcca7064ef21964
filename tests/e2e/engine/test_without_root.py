"""The engine as a user who may not read what dockerd has left."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.engine.conftest import program

NOBODY = 65534

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user"),
]


@pytest.fixture
def engine(engines: Any) -> Iterator[Any]:
    """An engine run by nobody, whose folders of legacy plugins root alone may read."""
    become = [program("setpriv", "util-linux"), "--reuid", str(NOBODY), "--clear-groups"]
    if subprocess.run([*become, sys.executable, "-c", "import runtime.cli"], check=False).returncode:
        pytest.skip("nobody cannot run this Python")
    private = engines.folder / "private"
    (private / "plugins").mkdir(parents=True)
    engine = engines.ours("--plugins-dir", str(private / "plugins"), "--plugins-dir", str(private))
    engines.folder.chmod(0o755)
    os.chown(engines.folder / "o", NOBODY, NOBODY)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(private / "plugins" / "theirs.sock"))
        secret = engines.folder / "o" / "plugins" / "secret.spec"
        secret.write_text("tcp://127.0.0.1:1")
        secret.chmod(0o600)
        shut = engines.folder / "o" / "plugins" / "shut"
        shut.mkdir(0o700)
        (shut / "shut.spec").write_text("tcp://127.0.0.1:1")
        private.chmod(0o700)
        engine.command = [*become, *engine.command]
        yield engine.start()


def test_unreadable_plugin_folder_is_reported_once(engine: Any) -> None:
    private = engine.root.parent.parent / "private"
    for _ in range(3):
        assert engine.ask("GET", "/volumes").status == 200
    assert engine.ask("GET", "/volumes/none").status == 404
    assert engine.ask("POST", "/volumes/create", {"Name": "data"}).status == 201
    assert engine.ask("POST", "/volumes/create", {}).status == 201
    assert engine.ask("GET", "/volumes/data").json()["Driver"] == "local"
    assert len(engine.ask("GET", "/volumes").json()["Volumes"]) == 2
    for folder in (private, private / "plugins"):
        assert engine.said().count(f"legacy plugins in {folder} are ignored: permission denied") == 1


def test_plugin_in_an_unreadable_place_is_not_found(engine: Any) -> None:
    answer = engine.ask("POST", "/volumes/create", {"Name": "data", "Driver": "theirs"})
    assert answer.status == 404
    assert b"Errno" not in answer.body


def test_unreadable_spec_is_named_in_the_answer(engine: Any) -> None:
    answer = engine.ask("POST", "/volumes/create", {"Name": "data", "Driver": "secret"})
    spec = Path(engine.root.parent, "plugins", "secret.spec")
    assert f"open {spec}: permission denied" in answer.json()["message"]
