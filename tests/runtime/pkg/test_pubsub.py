import threading
from collections.abc import Iterator

import pytest

from runtime.pkg.pubsub import Closed, Publisher, Subscriber


@pytest.fixture
def publisher() -> Iterator[Publisher[str]]:
    made = Publisher[str](0.1, 10)
    yield made
    made.close()


def test_one_subscriber_gets_the_message(publisher: Publisher[str]) -> None:
    subscriber = publisher.subscribe()
    publisher.publish("hi")
    assert subscriber.get(timeout=1) == "hi"


def test_all_subscribers_get_the_message(publisher: Publisher[str]) -> None:
    subscribers = [publisher.subscribe() for _ in range(3)]
    publisher.publish("hi")
    assert [subscriber.get(timeout=1) for subscriber in subscribers] == ["hi"] * 3


def test_one_that_is_evicted_gets_nothing_and_the_others_go_on(publisher: Publisher[str]) -> None:
    first, second = publisher.subscribe(), publisher.subscribe()
    publisher.evict(first)
    publisher.publish("hi")
    with pytest.raises(Closed):
        first.get(timeout=1)
    assert second.get(timeout=1) == "hi"
    assert publisher.len() == 1


def test_closing_the_publisher_closes_all(publisher: Publisher[str]) -> None:
    subscribers = [publisher.subscribe() for _ in range(3)]
    publisher.close()
    for subscriber in subscribers:
        with pytest.raises(Closed):
            subscriber.get(timeout=1)


def test_fifty_subscribers_read_a_thousand_messages_without_a_race() -> None:
    publisher = Publisher[int](0, 1024)
    read = {number: [] for number in range(50)}
    subscribers = [publisher.subscribe() for _ in read]
    readers = [
        threading.Thread(target=read[number].extend, args=(subscribers[number],)) for number in range(50)
    ]
    for reader in readers:
        reader.start()
    for number in range(1000):
        publisher.publish(number)
    for subscriber in subscribers:
        publisher.evict(subscriber)
    for reader in readers:
        reader.join()
    assert all(got == list(range(1000)) for got in read.values())


def test_a_topic_chooses_the_messages(publisher: Publisher[str]) -> None:
    chosen = publisher.subscribe_topic(lambda message: message.startswith("a"))
    for message in ("ab", "ba", "aa"):
        publisher.publish(message)
    publisher.evict(chosen)
    assert list(chosen) == ["ab", "aa"]


def test_without_a_time_out_what_finds_no_room_is_dropped() -> None:
    publisher = Publisher[int](0, 2)
    small, large = publisher.subscribe(), publisher.subscribe_topic_with_buffer(None, 5)
    for number in range(4):
        publisher.publish(number)
    publisher.close()
    assert (list(small), list(large)) == ([0, 1], [0, 1, 2, 3])


def test_a_slow_reader_costs_the_others_nothing_but_the_one_wait() -> None:
    publisher = Publisher[int](0.01, 1)
    slow = [publisher.subscribe() for _ in range(20)]
    quick = publisher.subscribe_topic_with_buffer(None, 10)
    for number in range(3):
        publisher.publish(number)
    publisher.close()
    assert list(quick) == [0, 1, 2]
    assert [list(subscriber) for subscriber in slow] == [[0]] * 20


def test_a_message_waits_for_a_reader_who_makes_room_in_time() -> None:
    publisher = Publisher[int](30, 1)
    subscriber = publisher.subscribe()
    publisher.publish(1)
    waiting = threading.Thread(target=publisher.publish, args=(2,))
    waiting.start()
    assert [subscriber.get(), subscriber.get()] == [1, 2]
    waiting.join()


def test_evicting_a_full_reader_ends_the_wait_for_it() -> None:
    publisher = Publisher[int](30, 1)
    subscriber = publisher.subscribe()
    publisher.publish(1)
    waiting = threading.Thread(target=publisher.publish, args=(2,))
    waiting.start()
    publisher.evict(subscriber)
    waiting.join()
    assert list(subscriber) == [1]


def test_evicting_twice_does_nothing(publisher: Publisher[str]) -> None:
    subscriber = publisher.subscribe()
    publisher.evict(subscriber)
    publisher.evict(subscriber)
    assert publisher.len() == 0


def test_a_subscriber_waits_no_longer_than_it_wants() -> None:
    with pytest.raises(TimeoutError):
        Subscriber(1).get(timeout=0)


def test_watched_queue_wakes_for_each_message_and_at_its_end(publisher: Publisher[str]) -> None:
    subscriber = publisher.subscribe()
    publisher.publish("early")
    woken: list[list[str] | None] = []

    def take() -> None:
        try:
            woken.append(subscriber.take())
        except Closed:
            woken.append(None)

    subscriber.watch(take)
    publisher.publish("late")
    publisher.evict(subscriber)
    assert woken == [["early"], ["late"], None]


def test_messages_of_closed_queue_can_still_be_taken(publisher: Publisher[str]) -> None:
    subscriber = publisher.subscribe()
    publisher.publish("last")
    publisher.evict(subscriber)
    assert subscriber.take() == ["last"]
    with pytest.raises(Closed):
        subscriber.take()
