"""Publish and subscribe; a slow subscriber does not delay the others.

Go: pkg/pubsub/publisher.go
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")

TopicFunc: TypeAlias = Callable[[T], bool]
"""Returns whether a subscriber gets a message.

Go: pkg/pubsub/publisher.go::topicFunc
"""


class Closed(Exception):
    """The queue is closed and empty."""


class Subscriber(Generic[T]):
    """A queue of bounded length that can be closed; iterating takes messages until it is.

    Args:
        buffer: The length of the queue.

    Differs:
        behaviour buffer: at least 1; Go's channels can have none.
    """

    def __init__(self, buffer: int) -> None:
        self._messages: deque[T] = deque()
        self._buffer = max(1, buffer)
        self._closed = False
        self._changed = threading.Condition()
        self._wake: Callable[[], None] = _nothing

    def watch(self, wake: Callable[[], None]) -> None:
        """Call `wake` now, after each message and at the end, in the publisher's thread.

        A reader that uses `take` then needs no thread while it waits.
        """
        self._wake = wake
        wake()

    def put(self, message: T, timeout: float = 0.0) -> bool:
        """Add a message; return False if there was no room within so many seconds."""
        with self._changed:
            room = self._changed.wait_for(self._has_room_or_is_closed, timeout)
            if not room or self._closed:
                return False
            self._messages.append(message)
            self._changed.notify_all()
        self._wake()
        return True

    def get(self, timeout: float | None = None) -> T:
        """Take the oldest message; wait for one if the queue is empty.

        Raises:
            Closed: The queue is closed.
            TimeoutError: No message came within so many seconds.
        """
        with self._changed:
            if not self._changed.wait_for(self._has_message_or_is_closed, timeout):
                raise TimeoutError
            if not self._messages:
                raise Closed
            self._changed.notify_all()
            return self._messages.popleft()

    def take(self) -> list[T]:
        """Take all messages, without waiting.

        Raises:
            Closed: The queue is closed and empty.
        """
        with self._changed:
            messages = list(self._messages)
            self._messages.clear()
            if not messages and self._closed:
                raise Closed
            self._changed.notify_all()
            return messages

    def close(self) -> None:
        """Accept no more messages; those in the queue can still be read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._wake()

    def __iter__(self) -> Iterator[T]:
        while True:
            try:
                yield self.get()
            except Closed:
                return

    def _has_room_or_is_closed(self) -> bool:
        return self._closed or len(self._messages) < self._buffer

    def _has_message_or_is_closed(self) -> bool:
        return self._closed or bool(self._messages)


def _nothing() -> None:
    pass


class Publisher(Generic[T]):
    """Sends each message to all subscribers.

    Args:
        publish_timeout: Seconds that a message waits for all full queues together, before it is dropped for
            them; 0 for no wait.
        buffer: The length of each queue.

    Go:
        pkg/pubsub/publisher.go::Publisher
        pkg/pubsub/publisher.go::NewPublisher
    Differs:
        field m: not held while a message waits, so that others can subscribe meanwhile.
    """

    def __init__(self, publish_timeout: float, buffer: int) -> None:
        self.buffer = buffer
        self.timeout = publish_timeout
        self.subscribers: dict[Subscriber[T], TopicFunc[T] | None] = {}
        self._lock = threading.Lock()

    def len(self) -> int:
        """Return the number of subscribers."""
        return len(self.subscribers)

    def subscribe(self) -> Subscriber[T]:
        """Return a queue that gets all messages from now on."""
        return self.subscribe_topic(None)

    def subscribe_topic(self, topic: TopicFunc[T] | None) -> Subscriber[T]:
        """Return a queue that gets the messages that a function selects; None selects all."""
        return self.subscribe_topic_with_buffer(topic, self.buffer)

    def subscribe_topic_with_buffer(self, topic: TopicFunc[T] | None, buffer: int) -> Subscriber[T]:
        """Return a queue of another length, as `subscribe_topic` does."""
        subscriber = Subscriber[T](buffer)
        with self._lock:
            self.subscribers[subscriber] = topic
        return subscriber

    def evict(self, sub: Subscriber[T]) -> None:
        """Unsubscribe a queue, and close it.

        Differs:
            behaviour twice: evicting again does nothing; moby panics.
        """
        with self._lock:
            self.subscribers.pop(sub, None)
        sub.close()

    def publish(self, message: T) -> None:
        """Send a message to all subscribers that select it.

        Go:
            pkg/pubsub/publisher.go::Publisher.Publish
            pkg/pubsub/publisher.go::Publisher.sendTopic
        Differs:
            behaviour waiting: one wait for all full queues; moby has a goroutine for each.
        """
        with self._lock:
            subscribers = list(self.subscribers.items())
        if not subscribers:
            return
        wanting = [sub for sub, topic in subscribers if topic is None or topic(message)]
        full = [sub for sub in wanting if not sub.put(message)]
        deadline = time.monotonic() + self.timeout
        for sub in full:
            sub.put(message, max(0.0, deadline - time.monotonic()))

    def close(self) -> None:
        """Close all queues."""
        with self._lock:
            subscribers, self.subscribers = self.subscribers, {}
        for sub in subscribers:
            sub.close()
