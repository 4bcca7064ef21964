"""Programs of a project: what they print, their time limit, and their end."""

from __future__ import annotations

import signal
import subprocess
import sys

import processes
import pytest

from annotator.errors import InvalidInput
from annotator.subprocess_pool import SubprocessPool, started

# Starts a process of its own, and one that leaves its session; both note their ids.
FAMILY = """
import os, subprocess, sys, time
code = "import os, sys, time; open(os.path.join(sys.argv[1], str(os.getpid())), 'w'); time.sleep(3600)"
subprocess.Popen([sys.executable, "-c", code, sys.argv[1]])
subprocess.Popen([sys.executable, "-c", code, sys.argv[1]], start_new_session=True)
open(os.path.join(sys.argv[1], str(os.getpid())), "w")
time.sleep(float(sys.argv[2]))
"""


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def test_a_program_runs_in_the_project_and_imports_from_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    (tmp_path / "shop.py").write_text("NAME = 'shop'")
    code = "import os, shop, sys; print(shop.NAME, os.getcwd(), '/elsewhere' in sys.path); sys.exit(3)"

    with SubprocessPool(tmp_path) as programs:
        finished = programs.start("it", python(code)).result()

    assert (finished.code, finished.output.decode()) == (3, f"shop {tmp_path} True\n")


def test_a_program_that_does_not_end_in_time_is_one_sentence(tmp_path):
    with SubprocessPool(tmp_path, time_limit=0.5) as programs:
        running = programs.start("walk.py: the walk", python("import time; time.sleep(3600)"))
        with pytest.raises(InvalidInput, match=r"walk\.py: the walk did not end within 0\.5 s"):
            running.result()


@pytest.mark.parametrize("seconds", ["0", "3600"])
def test_what_a_program_started_ends_with_it(tmp_path, seconds):
    with SubprocessPool(tmp_path) as programs:
        programs.start("it", python(FAMILY, str(tmp_path), seconds))
        found = processes.noted(tmp_path, 3 if seconds != "0" else 1)

    processes.wait_until(lambda: not any(map(processes.is_running, found)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGINT])
def test_no_program_outlives_the_annotator(tmp_path, number):
    code = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "from annotator.subprocess_pool import SubprocessPool\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with SubprocessPool(Path(sys.argv[1])) as programs:\n"
        "    programs.start('it', [sys.executable, '-c', sys.argv[2], sys.argv[1], '3600']).result()\n"
    )
    parent = processes.start(code, str(tmp_path), FAMILY)
    found = processes.noted(tmp_path, 3)

    parent.send_signal(number)
    parent.wait()

    processes.wait_until(lambda: not any(map(processes.is_running, found)))


def test_an_interrupted_program_can_remove_its_files(tmp_path):
    code = (
        "import signal, sys, tempfile, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with tempfile.TemporaryDirectory(dir=sys.argv[1]):\n"
        "    open(sys.argv[1] + '/1', 'w')\n"
        "    time.sleep(3600)\n"
    )
    with SubprocessPool(tmp_path) as programs:
        programs.start("it", python(code, str(tmp_path)))
        processes.noted(tmp_path, 1)

    assert [entry.name for entry in tmp_path.iterdir()] == ["1"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_server_outlives_the_annotator(tmp_path, number):
    code = (
        "import sys\n"
        "from annotator.subprocess_pool import started\n"
        "with started([sys.executable, '-c', sys.argv[2], sys.argv[1], '3600']) as server:\n"
        "    server.wait()\n"
    )
    parent = processes.start(code, str(tmp_path), FAMILY)
    found = processes.noted(tmp_path, 3)

    parent.send_signal(number)
    parent.wait()

    processes.wait_until(lambda: not any(map(processes.is_running, found)))


def test_a_started_command_gives_its_output_and_exit_code():
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    with started(python(code), stdout=subprocess.PIPE) as process:
        assert process.communicate() == (b"out\n", b"err\n")

    assert process.returncode == 3
