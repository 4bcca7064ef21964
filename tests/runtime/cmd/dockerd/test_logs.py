"""Records as they are printed."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from runtime.cmd.dockerd.logs import Json, Text


def record(message: str = "it failed", **fields: Any) -> logging.LogRecord:
    attributes = {"msg": message, "levelno": logging.ERROR, "name": "runtime.x", "created": 0.5}
    return logging.makeLogRecord({**attributes, **fields})


def test_text_has_fields_sorted_and_quoted_when_needed() -> None:
    line = Text().format(record(id="abc/1.2", error='no "x"', plugin="a b", empty=""))
    assert line == (
        'time="1970-01-01T00:00:00.500000Z" level=error msg="it failed" '
        'empty= error="no \\"x\\"" id=abc/1.2 plugin="a b"'
    )


@pytest.mark.parametrize(
    "value", ["a\nlevel=info msg=forged", "\x1b[2J", "a\u2028b", "\ud800", "k=v", "\x00", 'a" level="']
)
def test_hostile_text_stays_one_field(value: str) -> None:
    line = Text().format(record(value, error=value))
    assert line.isprintable()
    assert line.count(" level=") - line.count('\\" level=') - value.count("\nlevel") <= 1
    assert "error=" + line.partition(" msg=")[2].partition(" error=")[0] in line


def test_names_that_are_taken_get_a_prefix() -> None:
    hostile = record(time="t", level="l", logger="g", trace="x")
    text = Text().format(hostile)
    assert " fields.level=l" in text
    assert " fields.time=t" in text
    found = json.loads(Json().format(hostile))
    assert (found["level"], found["fields.level"], found["fields.logger"]) == ("error", "l", "g")


def test_json_has_every_field_beside_the_message() -> None:
    found = json.loads(Json().format(record(error="a\nb\ud800", id=7)))
    assert (found["msg"], found["error"], found["id"]) == ("it failed", "a\nb?", "7")


def test_traceback_cannot_forge_a_record() -> None:
    error = ValueError('x\ntime="now" level=info msg=forged\x1b[2J')
    lines = Text().format(record(exc_info=(ValueError, error, None))).splitlines()
    assert lines[0].endswith('msg="it failed"')
    assert all(line.startswith("    ") and line.isprintable() for line in lines[1:])
