"""Progress: what is shown of long work, on a terminal and elsewhere."""

from __future__ import annotations

import io
import logging
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from annotator import terminal

ROOT = Path(__file__).parents[2]


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def terminal_settings(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_long_stage_is_one_plain_line(clock):
    stream = io.StringIO()
    display = terminal.Display(stream, clock)

    display.tell("reading 812 files", 0, 0)
    for clock.now in (0.5, 1.5, 2.5):
        display.tell("reading 812 files", int(clock.now), 3)
        display.tick()

    assert stream.getvalue() == "annotator: reading 812 files\n"


def test_short_stages_are_not_shown(clock):
    stream = io.StringIO()
    display = terminal.Display(stream, clock)

    for number in range(4):
        display.tell(f"stage {number}", 0, 0)
        clock.now += 0.6
        display.tick()

    assert stream.getvalue() == ""


def test_terminal_shows_how_far_a_stage_is_and_clears_it(clock, terminal_settings):
    stream = Terminal()
    display = terminal.Display(stream, clock)

    display.tell("reading 812 files", 203, 812)
    clock.now = 2
    display.tick()
    shown = stream.getvalue()
    display.tell("", 0, 0)

    assert "reading 812 files 25 % (2 s)" in shown
    assert stream.getvalue().rstrip("\x1b[?25h").endswith("\x1b[2K")


def test_hostile_names_do_not_reach_the_terminal(clock, terminal_settings):
    for stream in (io.StringIO(), Terminal()):
        display = terminal.Display(stream, clock)
        display.tell("downloading \x1b]0;title\x07", 0, 0)
        clock.now += 2
        display.tick()

        assert "\x1b]0" not in stream.getvalue()


def test_dumb_terminal_has_no_control_codes(clock, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    display = terminal.Display(stream, clock)
    display.tell("reading", 0, 0)
    clock.now = 2
    display.tick()

    assert stream.getvalue() == "annotator: reading\n"


def test_warnings_of_loggers_are_no_stages(clock):
    stream = io.StringIO()
    display = terminal.Display(stream, clock)
    display.handle(logging.LogRecord("annotator.x", logging.WARNING, "x.py", 1, "careful", (), None))
    clock.now = 2
    display.tick()

    assert stream.getvalue() == ""


def test_timer_and_logger_are_as_before_at_the_end():
    before = signal.getsignal(signal.SIGALRM)
    with terminal.progress():
        assert signal.getitimer(signal.ITIMER_REAL)[1] > 0

    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert logging.getLogger("annotator").handlers == []


# A command whose work takes longer than a stage may without being shown.
_SLOW = """\
import time, sys
from annotator import cli, terminal
from annotator.commands import verify as command
verify = command.verify
def slow(at, files, **options):
    terminal.report("waiting for nothing", 1, 2)
    time.sleep(1.5)
    return verify(at, files, **options)
command.verify = slow
cli.main(sys.argv[1:])
"""


def _slow(*arguments: str) -> list[str]:
    return [sys.executable, "-c", _SLOW, "verify", *arguments]


@pytest.mark.slow
def test_redirected_output_has_plain_lines(project, shop):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"}
    done = subprocess.run(
        _slow("--source", str(shop)), env=environment, capture_output=True, text=True, check=True
    )

    assert done.stderr == "annotator: waiting for nothing\n"
    assert "\x1b" not in done.stdout


@pytest.mark.slow
def test_quiet_shows_no_progress(project, shop):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        _slow("--source", str(shop), "--quiet"), env=environment, capture_output=True, text=True, check=True
    )

    assert done.stderr == ""


@pytest.mark.slow
def test_no_color_is_respected_on_a_terminal(project, shop):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "NO_COLOR": "1"}
    leader, follower = pty.openpty()
    with subprocess.Popen(_slow("--source", str(shop)), env=environment, stdout=follower, stderr=follower):
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 1 << 16):
                shown += chunk
        except OSError:  # the other end is closed
            pass
        os.close(leader)

    assert "waiting for nothing 50 %" in shown.decode()
    assert b"\x1b[3" not in shown.replace(b"\x1b[2K", b"")
