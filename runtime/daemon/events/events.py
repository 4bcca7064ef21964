"""The engine's events: a buffer of recent ones, and queues of new ones.

Go: daemon/events/events.go
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from runtime.api.types.events import CONTAINER_EVENT_TYPE, IMAGE_EVENT_TYPE, Actor, Message, Topic
from runtime.pkg.pubsub import Publisher, Subscriber

EVENTS_LIMIT: Final = 256
"""The number of recent events in the buffer.

Go: daemon/events/events.go::eventsLimit
"""

BUFFER_SIZE: Final = 1024
"""The length of each listener's queue.

Go: daemon/events/events.go::bufferSize
"""

PUBLISH_TIMEOUT: Final = 0.1
SECOND: Final = 1_000_000_000


class Events:
    """The recent events, and the queues of listeners.

    Args:
        publish_timeout: Seconds that an event waits for full queues.
        now: The clock, in nanoseconds since 1970.

    Go:
        daemon/events/events.go::Events
        daemon/events/events.go::New
    """

    def __init__(
        self, publish_timeout: float = PUBLISH_TIMEOUT, now: Callable[[], int] = time.time_ns
    ) -> None:
        self.mu = threading.Lock()
        self.events: deque[Message] = deque(maxlen=EVENTS_LIMIT)
        self.pub: Publisher[Message] = Publisher(publish_timeout, BUFFER_SIZE)
        self._now = now

    def subscribe(self) -> tuple[list[Message], Subscriber[Message], Callable[[], None]]:
        """Return the recent events, a queue of new ones, and a function that ends it."""
        with self.mu:
            current = list(self.events)
            listener = self.pub.subscribe()
        return current, listener, lambda: self.evict(listener)

    def subscribe_topic(
        self, since: int | None = None, until: int | None = None, topic: Topic | None = None
    ) -> tuple[list[Message], Subscriber[Message]]:
        """Return recent events of a span of time, and a queue of new ones.

        Args:
            since: Nanoseconds since 1970, or None.
            until: Likewise; if both are None, no recent events are returned.
            topic: Selects events; None for all.

        """
        with self.mu:
            buffered = self.load_buffered_events(since, until, topic)
            return buffered, self.pub.subscribe_topic(topic)

    def evict(self, listener: Subscriber[Message]) -> None:
        """End a queue."""
        self.pub.evict(listener)

    def log(self, action: str, event_type: str, actor: Actor) -> None:
        """Publish an event of this machine."""
        now = self._now()
        old = _deprecated_fields(action, event_type, actor)
        self.publish_message(
            Message(
                type=event_type,
                action=action,
                actor=actor,
                scope="local",
                time=now // SECOND,
                time_nano=now,
                **old,
            )
        )

    def publish_message(self, message: Message) -> None:
        """Add an event to the buffer, and send it to all listeners."""
        with self.mu:
            self.events.append(message)
        self.pub.publish(message)

    def subscribers_count(self) -> int:
        """Return the number of listeners."""
        return self.pub.len()

    def load_buffered_events(
        self, since: int | None, until: int | None, topic: Topic | None
    ) -> list[Message]:
        """Return the recent events of a span of time, oldest first; none if it has no bound.

        Differs:
            behaviour order: looks at all events; moby stops at one that is out of order.
        """
        if since is None and until is None:
            return []
        first = since or 0
        last = until or max((event.time_nano for event in self.events), default=0)
        return [
            event
            for event in self.events
            if first <= event.time_nano <= last and (topic is None or topic(event))
        ]

    def close(self) -> None:
        """End all queues."""
        self.pub.close()


def _deprecated_fields(action: str, event_type: str, actor: Actor) -> dict[str, str]:
    if event_type == CONTAINER_EVENT_TYPE:
        return {"id": actor.id, "status": action, "from_": actor.attributes.get("image", "")}
    if event_type == IMAGE_EVENT_TYPE:
        return {"id": actor.id, "status": action}
    return {}
