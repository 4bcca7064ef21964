"""Managed plugins work with the default directories, and with any root."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runtime.cli import runnable
from tests.e2e.engine.conftest import PROJECT, Engine

pytestmark = pytest.mark.slow

# As much as moby's /run/docker/plugins/ID leaves.
SOCKET = "a-name-of-22-bytes.sck"
assert len(SOCKET) == 22


def packed_as(source: Path, target: Path) -> bytes:
    """The packed plugin with the longest name of a socket, as a tar."""
    shutil.copytree(source, target, symlinks=True)
    config = (target / "config.json").read_text().replace("example.sock", SOCKET)
    (target / "config.json").write_text(config)
    assert json.loads(config)["interface"]["socket"] == SOCKET
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        tar.add(target, ".")
    return context.getvalue()


def use(engine: Engine, plugin: bytes) -> None:
    """Create, enable and use a managed plugin; it is used again after a restart of the engine."""
    created = engine.ask("POST", "/plugins/create?name=tiny", plugin, {"Content-Type": "application/x-tar"})
    assert created.status == 204, created.body
    enabled = engine.ask("POST", "/plugins/tiny/enable?timeout=0")
    assert enabled.status == 200, enabled.body
    made = engine.ask("POST", "/volumes/create", {"Name": "data", "Driver": "tiny"})
    assert made.status == 201, made.body
    assert engine.stop() == 0
    engine.start()
    assert engine.ask("GET", "/volumes/data").json()["Driver"] == "tiny:latest"
    assert engine.ask("DELETE", "/volumes/data").status == 204
    assert engine.ask("POST", "/plugins/tiny/disable").status == 200
    assert engine.ask("DELETE", "/plugins/tiny").status == 200


@contextmanager
def running(command: list[str], host: str, root: Path, log: Path, env: Mapping[str, str]) -> Iterator[Engine]:
    short = log.parent / "short"
    short.mkdir(0o700)
    engine = Engine(command, host, root, log)
    start = engine.start
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(short), **env}
    engine.start = lambda **options: start(env=environment, **options)  # type: ignore[method-assign]
    engine.start()
    try:
        yield engine
    finally:
        if engine.process is not None:
            engine.stop()
    assert list(short.iterdir()) == []


@pytest.mark.parametrize("home", ["h", "a home"])
def test_plugin_works_with_no_options(engines: Any, packed: Path, home: str) -> None:
    folder = engines.folder / home
    folder.mkdir()
    root = folder / ".local/share/moby-annotated"
    command = [sys.executable, "-m", "runtime", "serve"]
    env = {"HOME": str(folder)}
    with running(command, f"unix://{root}/docker.sock", root, engines.folder / "log", env) as engine:
        use(engine, packed_as(packed, engines.folder / "source"))
        assert oct((root / "run").stat().st_mode & 0o777) == "0o700"


@pytest.mark.parametrize("executor", ["process", "runc"])
@pytest.mark.parametrize(
    "name", ["d" * 200, "ü" * 100, 'it\'s "a b" $HOME %s \\n;'], ids=["deep", "umlauts", "quotes"]
)
def test_plugin_works_below_any_root(engines: Any, packed: Path, name: str, executor: str) -> None:
    if executor == "runc" and (os.geteuid() != 0 or shutil.which("runc", path="/usr/sbin:/usr/bin") is None):
        pytest.skip("needs root and runc")
    root = engines.folder / name / name
    host = f"unix://{engines.folder}/s"
    command = [sys.executable, "-m", "runtime", "serve", "--root", str(root), "--host", host]
    command += ["--executor", executor]
    temporary = engines.folder / 'a b "c" ü'
    temporary.mkdir()
    with running(command, host, root, engines.folder / "log", {"TMPDIR": str(temporary)}) as engine:
        use(engine, packed_as(packed, engines.folder / "source"))


def test_root_too_long_for_the_api_is_refused_with_a_remedy(engines: Any) -> None:
    root = engines.folder / ("d" * 120)
    command = [sys.executable, "-m", "runtime", "serve", "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=PROJECT)
    assert done.returncode == 2
    assert done.stderr.endswith("give a shorter one with --host unix://PATH\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a directory away")
@pytest.mark.parametrize("planted", ["directory", "link", "open"])
def test_exec_root_of_a_stranger_is_refused(engines: Any, planted: str) -> None:
    engine = engines.ours()
    exec_root = engine.root.parent / "x"
    theirs = engines.folder / "theirs"
    theirs.mkdir()
    if planted == "directory":
        exec_root.mkdir()
        os.chown(exec_root, 65534, -1)
    elif planted == "link":
        exec_root.symlink_to(theirs)
        os.chown(exec_root, 65534, -1, follow_symlinks=False)
    else:
        exec_root.mkdir()
        exec_root.chmod(0o777)
    done = subprocess.run(
        engine.command, capture_output=True, text=True, timeout=60, check=False, cwd=PROJECT
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.endswith("give another --exec-root\n")
    assert list(theirs.iterdir()) == []


@pytest.mark.parametrize("executor", ["process", "runc"])
def test_python_in_a_path_with_spaces_can_be_packed(engines: Any, executor: str) -> None:
    if executor == "runc" and (os.geteuid() != 0 or shutil.which("runc", path="/usr/sbin:/usr/bin") is None):
        pytest.skip("needs root and runc")
    python = engines.folder / "my python" / "python3"
    python.parent.mkdir()
    shutil.copy2(Path(sys._base_executable).resolve(), python)  # type: ignore[attr-defined]
    source = engines.folder / "packed"
    pack = f"from pathlib import Path; from runtime.examples.packing import pack; pack(Path({str(source)!r}))"
    subprocess.run([python, "-c", pack], cwd=PROJECT, check=True)
    engine = engines.ours("--executor", executor).start()
    use(engine, packed_as(source, engines.folder / "source"))


@pytest.fixture(scope="module")
def odd_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a virtual environment in a path that no script's first line can name."""
    folder = tmp_path_factory.mktemp("venv") / 'it\'s "a b" \\x ü'
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n{PROJECT}\n")
    return folder / "bin" / "python"


@pytest.mark.parametrize("name", sorted(runnable()))
def test_example_works_in_odd_paths(odd_python: Path, engines: Any, name: str) -> None:
    temporary = engines.folder / 'a b "c" ü'
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [odd_python, "-m", "runtime", "example", name]
    done = subprocess.run(
        command, env=environment, cwd=temporary, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert list(temporary.iterdir()) == []
