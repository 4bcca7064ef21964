"""Clients of /events: many of them, slow ones, and the order of what they get."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

MANY = 200


@contextmanager
def listening(engine: Any, query: str = "") -> Iterator[HTTPResponse]:
    """The answer to GET /events, without its head, once the engine has begun it."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(engine.host.removeprefix("unix://"))
        client.sendall(f"GET /events{query} HTTP/1.1\r\nHost: d\r\n\r\n".encode())
        with HTTPResponse(client) as answer:
            answer.begin()
            yield answer


def threads(engine: Any) -> int:
    status = Path(f"/proc/{engine.process.pid}/status").read_text()
    return int(re.findall(r"Threads:\s+(\d+)", status)[0])


def create(engine: Any, name: str) -> None:
    assert engine.ask("POST", "/volumes/create", {"Name": name}).status == 201


def name_of(line: bytes) -> str:
    return json.loads(line)["Actor"]["ID"]


def test_listener_needs_no_thread_of_its_own(new_engine: Any) -> None:
    create(new_engine, "before")
    before = threads(new_engine)
    with ExitStack() as stack:
        answers = [stack.enter_context(listening(new_engine)) for _ in range(MANY)]
        assert threads(new_engine) <= before + 2  # workers of the requests, which come and go
        create(new_engine, "after")
        assert {name_of(answer.readline()) for answer in answers} == {"after"}
        assert new_engine.ask("GET", "/info").json()["NEventsListener"] == MANY
    new_engine.wait_until(lambda: new_engine.ask("GET", "/info").json()["NEventsListener"] == 0)


def test_listeners_get_all_events_in_order(new_engine: Any) -> None:
    names = [f"v{number}" for number in range(100)]
    with listening(new_engine) as one, listening(new_engine) as other:
        for name in names:
            create(new_engine, name)
        for answer in (one, other):
            assert [name_of(answer.readline()) for _ in names] == names


def test_listener_that_does_not_read_stops_nobody(new_engine: Any) -> None:
    count = 1800  # more than its queue and its socket hold
    with listening(new_engine), listening(new_engine) as other:
        for number in range(count):
            create(new_engine, f"{'x' * 200}{number}")
            assert name_of(other.readline()) == f"{'x' * 200}{number}"
        assert new_engine.ask("GET", "/_ping").body == b"OK"


def test_listener_until_a_time_ends_then(new_engine: Any) -> None:
    create(new_engine, "past")
    until = time.time() + 1
    with listening(new_engine, f"?since=0&until={until:.9f}") as answer:
        create(new_engine, "soon")
        assert [name_of(line) for line in answer] == ["past", "soon"]
