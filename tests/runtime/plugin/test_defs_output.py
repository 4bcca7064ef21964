"""What plugins print becomes lines of the log."""

from __future__ import annotations

import logging

import pytest

from runtime.plugin.defs import LINE_LIMIT, make_logger_streams


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "runtime.plugin.output")
    return caplog


def test_each_stream_has_its_level_and_each_line_its_plugin(lines: pytest.LogCaptureFixture) -> None:
    stdout, stderr = make_logger_streams("the id")
    stdout.write(b"one\ntw")
    stderr.write(b"wrong\n")
    stdout.write(b"o\nrest")
    stdout.close()
    assert [
        (record.levelname, record.getMessage(), record.__dict__["plugin"]) for record in lines.records
    ] == [
        ("INFO", "one", "the id"),
        ("ERROR", "wrong", "the id"),
        ("INFO", "two", "the id"),
        ("INFO", "rest", "the id"),
    ]


def test_a_line_without_end_is_cut(lines: pytest.LogCaptureFixture) -> None:
    stdout, _ = make_logger_streams("id")
    stdout.write(b"x" * (2 * LINE_LIMIT + 3))
    stdout.close()
    assert [len(message) for message in lines.messages] == [LINE_LIMIT, LINE_LIMIT, 3]


def test_what_could_forge_a_line_or_move_a_cursor_is_escaped(lines: pytest.LogCaptureFixture) -> None:
    stdout, _ = make_logger_streams("id")
    stdout.write("a\x1b[2Jb\rc\u2028d\xff\tz\r\n".encode() + b"\xfe\n")
    assert lines.messages == ["a\\x1b[2Jb\\rc\\u2028d\xff\tz", "\ufffd"]
