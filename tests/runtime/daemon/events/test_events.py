from collections.abc import Iterator
from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.api.types.events import Actor, Message
from runtime.daemon.events.events import EVENTS_LIMIT, Events

CONTAINER = "0b863f2a26c18557fc6cdadda007c459f9ec81b874780808138aea78a3595079"
NETWORK = "19c5ed41acb798f26b751e0035cd7821741ab79e2bbd59a66b5fd8abf954eaa0"


def nano(text: str) -> int:
    seconds, _, fraction = text.partition(".")
    whole = int(datetime.fromisoformat(f"2016-03-07T17:28:{seconds}+02:00").timestamp())
    return whole * 1_000_000_000 + int(fraction.ljust(9, "0"))


PAST = [
    Message(type="container", action="die", actor=Actor(CONTAINER), time_nano=nano("03.022433271")),
    Message(type="network", action="disconnect", actor=Actor(NETWORK), time_nano=nano("03.091719377")),
    Message(type="container", action="destroy", actor=Actor(CONTAINER), time_nano=nano("03.129014751")),
]


@pytest.fixture
def events() -> Iterator[Events]:
    made = Events()
    yield made
    made.close()


@pytest.fixture
def past(events: Events) -> Events:
    events.events.extend(PAST)
    return events


def log_container(events: Events, number: int) -> None:
    actor = Actor(f"cont_{number}", {"image": f"image_{number}"})
    events.log(f"action_{number}", "container", actor)


def test_all_subscribers_get_a_container_s_event_with_its_old_fields(events: Events) -> None:
    listeners = [events.subscribe()[1] for _ in range(2)]
    assert events.subscribers_count() == 2
    events.log("test", "container", Actor("cont", {"image": "image"}))
    for listener in listeners:
        message = listener.get(timeout=1)
        assert (message.status, message.id, message.from_) == ("test", "cont", "image")
    assert len(events.events) == 1


def test_a_subscriber_that_does_not_read_blocks_nobody_for_long() -> None:
    events = Events(publish_timeout=0.001)
    listener = events.subscribe()[1]
    for _ in range(1024):
        events.log("test", "image", Actor("image"))
    events.log("lost", "image", Actor("image"))
    events.evict(listener)
    assert [message.action for message in listener] == ["test"] * 1024


def test_the_last_256_are_kept_in_order_and_later_ones_go_to_subscribers(events: Events) -> None:
    for number in range(EVENTS_LIMIT + 16):
        log_container(events, number)
    current, listener, cancel = events.subscribe()
    for number in range(EVENTS_LIMIT + 16, EVENTS_LIMIT + 26):
        log_container(events, number)
    cancel()
    assert [message.action for message in current] == [f"action_{number}" for number in range(16, 272)]
    assert current[0].action == current[0].status
    assert [message.action for message in listener] == [f"action_{number}" for number in range(272, 282)]
    assert len(events.events) == EVENTS_LIMIT


def test_since_gives_only_later_ones(past: Events) -> None:
    assert past.load_buffered_events(nano("03.1"), None, None) == PAST[2:]


def test_since_and_until_give_only_those_between(past: Events) -> None:
    assert past.load_buffered_events(nano("03.09"), nano("03.1"), None) == [PAST[1]]


def test_without_times_none_are_given(past: Events) -> None:
    assert past.load_buffered_events(None, None, None) == []


def test_until_alone_gives_all_before(past: Events) -> None:
    assert past.subscribe_topic(until=nano("03.1"))[0] == PAST[:2]


def test_a_topic_chooses_past_and_future_events(past: Events) -> None:
    buffered, listener = past.subscribe_topic(since=1, topic=lambda message: message.type == "network")
    past.log("create", "volume", Actor("v"))
    past.log("connect", "network", Actor("n"))
    past.evict(listener)
    assert buffered == [PAST[1]]
    assert [message.action for message in listener] == ["connect"]


def test_the_wire_form_is_moby_s() -> None:
    events = Events(now=lambda: 1_500_000_000_123_456_789)
    events.log("create", "volume", Actor("vol", {"driver": "local"}))
    events.log("pull", "image", Actor("busybox"))
    volume, image = (msgspec.json.encode(message).decode() for message in events.events)
    stamp = '"scope":"local","time":1500000000,"timeNano":1500000000123456789}'
    assert volume == (
        '{"Type":"volume","Action":"create","Actor":{"ID":"vol","Attributes":{"driver":"local"}},' + stamp
    )
    assert image == (
        '{"status":"pull","id":"busybox","Type":"image","Action":"pull",'
        '"Actor":{"ID":"busybox","Attributes":{}},' + stamp
    )


@given(st.lists(st.integers(1, 50)), st.none() | st.integers(1, 50), st.none() | st.integers(1, 50))
@settings(deadline=None)
def test_any_span_gives_the_events_within_it(times: list[int], since: int | None, until: int | None) -> None:
    events = Events()
    kept = [Message(type="t", action="a", actor=Actor(), time_nano=at) for at in sorted(times)]
    events.events.extend(kept)
    wanted = [event for event in kept if (since or 0) <= event.time_nano <= (until or 99)]
    assert events.load_buffered_events(since, until, None) == (wanted if since or until else [])
