"""The same operations on dockerd 20.10 and on ours: the events of both, with every difference explained."""

from __future__ import annotations

import difflib
import io
import json
import re
import socket
import tarfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.slow

PLUGIN = "events/plugin:latest"
FILTERS: tuple[Any, ...] = (
    {}, {"type": ["volume"]}, {"type": ["plugin"]}, {"type": ["container"]}, {"type": ["volume", "plugin"]},
    {"event": ["create"]}, {"event": ["destroy"]}, {"event": ["create", "remove"]}, {"event": ["creat"]},
    {"volume": ["one"]}, {"volume": ["on"]}, {"volume": ["none"]}, {"volume": ["one", "two"]},
    {"plugin": [PLUGIN]}, {"plugin": ["events/plugin"]}, {"plugin": ["events"]}, {"plugin": ["none"]},
    {"type": ["volume"], "event": ["create"]}, {"type": ["plugin"], "volume": ["one"]},
    {"volume": ["one"], "plugin": [PLUGIN]}, {"scope": ["local"]}, {"scope": ["swarm"]}, {"label": ["k"]},
    {"label": ["k=v"]}, {"label": ["driver=local"]}, {"label": ["name"]}, {"image": ["x"]},
    {"container": ["x"]}, {"daemon": ["x"]}, {"network": ["x"]}, {"bogus": ["x"]},
)  # fmt: skip


@dataclass(frozen=True)
class Reason:
    """Why an engine has an event that the other has not.

    Args:
        kind: A change of moby's since 18.09, or a mended oddity.
        why: The change, or the row of the table of oddities.
        who: Who has the event.
        event: A pattern of it.
    """

    kind: Literal["version", "mended"]
    why: str
    who: Literal["dockerd", "ours"]
    event: str

    def explains(self, who: str, event: str) -> bool:
        return who == self.who and re.search(self.event, event) is not None


REASONS = (
    Reason(
        "mended",
        "6.13: a volume that is there already is not created, and no event says so",
        "dockerd",
        '"create".*"ID": "again"',
    ),
    Reason("version", "v20.10.0 tells of a prune", "dockerd", '"Action": "prune"'),
)


def operations(packed: Path) -> Iterator[tuple[str, str, Any]]:
    """Requests, of which some fail."""
    yield "POST", "/volumes/create", {"Name": "one", "Labels": {"k": "v"}}
    yield "POST", "/volumes/create", {"Name": "two", "DriverOpts": {"type": "tmpfs", "device": "tmpfs"}}
    yield "POST", "/volumes/create", {"Name": "a/b"}
    yield "POST", "/volumes/create", {"Name": "again"}
    yield "POST", "/volumes/create", {"Name": "again"}
    yield "GET", "/volumes/one", None
    yield "DELETE", "/volumes/none", None
    yield "DELETE", "/volumes/none?force=1", None
    yield "DELETE", "/volumes/one", None
    yield "POST", "/volumes/create", {"Name": "one"}
    yield "DELETE", "/volumes/one?force=1", None
    yield "POST", f"/plugins/create?name={PLUGIN}", tar(packed)
    yield "POST", f"/plugins/create?name={PLUGIN}", b"refused before it is read"
    yield "POST", "/plugins/events/plugin/set", ["PYTHONDONTWRITEBYTECODE=1"]
    yield "POST", "/plugins/events/plugin/enable?timeout=30", None
    yield "POST", "/plugins/events/plugin/enable?timeout=30", None
    yield "POST", "/volumes/create", {"Name": "theirs", "Driver": PLUGIN}
    yield "DELETE", "/volumes/theirs", None
    yield "POST", f"/plugins/{PLUGIN}/disable", None
    yield "POST", "/plugins/none/disable", None
    yield "POST", "/plugins/events/plugin/enable?timeout=30", None
    yield "DELETE", "/plugins/events/plugin", None
    yield "DELETE", f"/plugins/{PLUGIN}?force=1", None
    yield "POST", "/volumes/create", {"Name": "unused"}
    yield "POST", "/volumes/prune", None


def tar(packed: Path) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(packed, ".")
    return made.getvalue()


class Told:
    """What an engine told: the status of each operation, and all events as they came.

    Args:
        engine: The engine.
        packed: A plugin.
    """

    def __init__(self, engine: Any, packed: Path) -> None:
        self.engine = engine
        with ExitStack() as stack:
            listening = stack.enter_context(socket.socket(socket.AF_UNIX))
            listening.settimeout(60)
            listening.connect(engine.host.removeprefix("unix://"))
            listening.sendall(b"GET /v1.39/events HTTP/1.1\r\nHost: d\r\n\r\n")
            stream = stack.enter_context(listening.makefile("rb"))
            while stream.readline().strip():
                pass
            self.statuses = [engine.ask(*each).status for each in operations(packed)]
            self.past = self.ask({})
            objects = (line for line in iter(stream.readline, b"") if line.startswith(b"{"))
            self.live = [json.loads(line) for line in islice(objects, len(self.past))]

    def ask(self, filters: Any, since: str = "0", until: str = "") -> list[Any]:
        """The past events that filters want, of a span of time."""
        path = (
            f"/v1.39/events?since={since}&until={until or time.time()}&filters={quote(json.dumps(filters))}"
        )
        return [json.loads(line) for line in self.engine.ask("GET", path).body.splitlines()]

    def around(self, first: int, last: int) -> list[Any]:
        """The events from one to another, by their own times."""
        since, until = (self.past[at]["timeNano"] for at in (first, last))
        return self.ask({}, *(f"{at // 10**9}.{at % 10**9:09}" for at in (since, until)))


def plain(events: list[Any]) -> list[str]:
    """Events without what is never the same twice."""
    shown = [{key: value for key, value in event.items() if not key.startswith("time")} for event in events]
    return [re.sub(r"[0-9a-f]{64}", "$ID", json.dumps(event, sort_keys=True)) for event in shown]


def differences(theirs: list[Any], ours: list[Any]) -> list[tuple[str, str]]:
    """The events that one engine has and the other has not, with whose they are."""
    whose = {"- ": "dockerd", "+ ": "ours"}
    lines = difflib.ndiff(plain(theirs), plain(ours))
    return [(whose[line[:2]], line[2:]) for line in lines if line[:2] in whose]


def unexplained(theirs: list[Any], ours: list[Any]) -> list[tuple[str, str]]:
    return [each for each in differences(theirs, ours) if not any(one.explains(*each) for one in REASONS)]


@pytest.fixture(scope="module")
def told(module_engines: tuple[Any, Any], packed: Path) -> tuple[Told, Told]:
    theirs, ours = (Told(engine, packed) for engine in module_engines)
    return theirs, ours


def test_the_same_operations_succeed_and_fail(told: tuple[Told, Told]) -> None:
    theirs, ours = told
    assert theirs.statuses == ours.statuses


def test_the_same_events_are_told_of(told: tuple[Told, Told]) -> None:
    theirs, ours = told
    assert unexplained(theirs.live, ours.live) == []
    assert len(ours.live) >= 12


def test_they_have_the_same_fields(told: tuple[Told, Told]) -> None:
    theirs, ours = told
    assert list(theirs.live[0]) == list(ours.live[0])
    for event in ours.live:
        assert event["time"] == event["timeNano"] // 10**9


def test_what_is_told_afterwards_is_what_was_told_then(told: tuple[Told, Told]) -> None:
    for each in told:
        assert each.past == each.live


@pytest.mark.parametrize("filters", FILTERS, ids=json.dumps)
def test_filters_want_the_same_events(told: tuple[Told, Told], filters: Any) -> None:
    theirs, ours = told
    assert unexplained(theirs.ask(filters), ours.ask(filters)) == []


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 2), (2, 4), (4, 4)])
def test_a_span_of_time_has_both_its_ends(told: tuple[Told, Told], first: int, last: int) -> None:
    for each in told:
        assert each.around(first, last) == each.past[first : last + 1]


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.why)
def test_every_reason_is_still_one(told: tuple[Told, Told], reason: Reason) -> None:
    theirs, ours = told
    assert any(reason.explains(*each) for each in differences(theirs.live, ours.live))
