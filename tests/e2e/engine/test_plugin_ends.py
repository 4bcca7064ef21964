"""What users and the log are told of plugins that end, and what ends with them."""

from __future__ import annotations

import io
import json
import os
import signal
import tarfile
from pathlib import Path
from typing import Any

import pytest

from runtime.plugin.executor import executor

pytestmark = pytest.mark.slow

HEAD = "#!/bin/sh\n"
LISTENS = """#!/usr/bin/env python3
import socket, subprocess, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
"""
SERVES = "while True: listener.accept()[0].close()\n"
FOREIGN = (
    b"\x7fELF\x02\x01\x01" + bytes(9) + (2).to_bytes(2, "little") + (8).to_bytes(2, "little") + bytes(44)
)
NO_LOADER = "interpreter"


def create(engine: Any, name: str, program: bytes | str | None, mode: int = 0o755) -> None:
    """Create a plugin whose program is the given text."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        config = {
            "entrypoint": ["/plugin", "/run/docker/plugins/p.sock"],
            "interface": {"socket": "p.sock", "types": ["docker.volumedriver/1.0"]},
            "propagatedMount": "/data",
        }
        files = {"config.json": (json.dumps(config).encode(), 0o644)}
        if program is not None:
            files["rootfs/plugin"] = (program if isinstance(program, bytes) else program.encode(), mode)
        for directory in ("rootfs",):
            folder = tarfile.TarInfo(directory)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)
        for path, (data, permissions) in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), permissions
            archive.addfile(entry, io.BytesIO(data))
    assert engine.ask("POST", f"/plugins/create?name={name}", made.getvalue()).status == 204


def enable(engine: Any, name: str = "p") -> str:
    answer = engine.ask("POST", f"/plugins/{name}/enable?timeout=30")
    return "" if answer.status == 200 else answer.json()["message"]


def rootfs_of(engine: Any) -> Path:
    (found,) = engine.root.glob("plugins/*/rootfs")
    return Path(found)


@pytest.mark.parametrize(
    ("program", "mode", "words"),
    [
        (f"{HEAD}echo 'no \x1b[2J /etc/x' >&2; exit 3", 0o755, ("exit code 3", "no \\x1b[2J /etc/x")),
        (f"{HEAD}sleep 0.3; echo late; exit 4", 0o755, ("exit code 4", '"late"')),
        (f"{HEAD}kill -SEGV $$", 0o755, ("signal SIGSEGV", "it printed nothing")),
        (f"{HEAD}yes | head -c 20000; exit 5", 0o755, ("exit code 5",)),
        ("#!/usr/bin/env no-such-program", 0o755, ("exit code 127", "no-such-program")),
        ("#!/no/such/python\n", 0o755, ("interpreter '/no/such/python' does not exist",)),
        (HEAD, 0o644, ("not executable (mode 0644)",)),
        (None, 0, ("no such program in the plugin's root file system",)),
        ("echo no first line", 0o755, ("exec format error", "neither a binary nor a script")),
        (b"", 0o755, ("exec format error",)),
        (FOREIGN, 0o755, ("exec format error", "it is built for mips, this machine is")),
    ],
)
def test_enable_tells_why_a_plugin_did_not_start(
    engines: Any, program: bytes | str | None, mode: int, words: tuple[str, ...]
) -> None:
    engine = engines.ours().start()
    create(engine, "p", program, mode)
    message = enable(engine)
    assert all(word in message for word in words), message
    assert message.isprintable()
    assert len(message) < 2500
    assert not engine.ask("GET", "/plugins/p/json").json()["Enabled"]
    assert str(engine.root) not in Path("/proc/self/mountinfo").read_text()


@pytest.mark.parametrize("style", ["text", "json"])
def test_printed_log_names_plugin_and_cause(engines: Any, style: str) -> None:
    engine = engines.ours("--log-format", style).start()
    create(engine, "p", f"{LISTENS}print('oops', file=sys.stderr, flush=True)\n{SERVES}")
    assert enable(engine) == ""
    (plugin,) = engine.ask("GET", "/plugins").json()
    rootfs = rootfs_of(engine)
    engine.stop()
    (rootfs / "plugin").chmod(0o644)
    broken = engine.root / "plugins" / ("a" * 64)
    broken.mkdir()
    (broken / "config.json").write_text('{"plugin":')
    engine.start()
    engine.wait_until(lambda: "failed to enable plugin" in engine.said())
    engine.stop()
    if style == "json":
        lines = [json.loads(line) for line in engine.said().splitlines()]
        fields = {
            line["msg"]: (line.get("plugin") or line.get("id"), line.get("error", "")) for line in lines
        }
        assert fields["oops"] == (plugin["Id"], "")
        assert fields["error loading plugin, skipping"][0] == "a" * 64
        assert "not executable" in fields["failed to enable plugin"][1]
        return
    assert f"level=error msg=oops plugin={plugin['Id']}" in engine.said()
    assert f"id={'a' * 64}" in engine.said()
    failed = next(line for line in engine.said().splitlines() if "failed to enable plugin" in line)
    assert f"id={plugin['Id']}" in failed
    assert "is not executable (mode 0644)" in failed


@pytest.mark.parametrize("delay", ["", "sleep 0.3;"])
def test_plugin_that_dies_after_a_restart_is_disabled(engines: Any, delay: str) -> None:
    engine = engines.ours().start()
    create(engine, "p", LISTENS + SERVES)
    assert enable(engine) == ""
    rootfs = rootfs_of(engine)
    engine.stop()
    (rootfs / "plugin").write_text(f"{HEAD}echo 'cannot open x' >&2; {delay} exit 3\n")
    engine.start()
    engine.wait_until(lambda: not engine.ask("GET", "/plugins/p/json").json()["Enabled"])
    ends = [line for line in engine.said().splitlines() if "plugin ended unexpectedly" in line]
    assert ends
    assert all('end="exit code 3"' in line and "cannot open x" in line for line in ends)
    answer = engine.ask("POST", "/volumes/create", {"Name": "v", "Driver": "p"})
    assert "found but disabled" in answer.json()["message"]
    assert str(engine.root) not in Path("/proc/self/mountinfo").read_text()


def helper(engine: Any, code: str = "") -> executor.ProcessIdentity:
    """Enable a plugin with a helper in a session of its own, and return the helper."""
    start = "h = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
    create(engine, "p", f"{LISTENS}{code or start}print('helper', h.pid, flush=True)\n{SERVES}")
    assert enable(engine) == ""
    engine.wait_until(lambda: "helper " in engine.said())
    return executor.of(int(engine.said().split('msg="helper ')[1].partition('"')[0]))


def runs(process: executor.ProcessIdentity) -> bool:
    pidfd = process.open()
    if pidfd is not None:
        os.close(pidfd)
    return pidfd is not None


@pytest.mark.parametrize("how", ["disable", "stop", "crash", "engine killed"])
def test_helper_in_its_own_session_ends_with_plugin(engines: Any, how: str) -> None:
    engine = engines.ours().start()
    found = helper(engine)
    assert runs(found)
    if how == "disable":
        assert engine.ask("POST", "/plugins/p/disable").status == 200
    elif how == "stop":
        engine.stop()
    elif how == "crash":
        (plugin,) = engine.root.parent.glob("x/plugins/plugins.moby/*/state.json")
        os.kill(json.loads(plugin.read_text())["pid"], signal.SIGKILL)
        engine.wait_until(lambda: not runs(found))
    else:
        engine.stop(signal.SIGKILL)
        assert runs(found)
        engine.start()
        engine.wait_until(lambda: not runs(found))
    assert not runs(found)
