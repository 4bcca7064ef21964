import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Never

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.pkg.locker import Locker, NoSuchLock


def spin_until(condition: Callable[[], bool]) -> None:
    never = threading.Event()
    while not condition():
        never.wait(0.001)


def test_a_second_locker_waits_is_counted_and_goes_on_after_unlock() -> None:
    locker = Locker()
    locker.lock("test")
    counter = locker.locks["test"]
    assert counter.waiters == 0
    second = threading.Thread(target=locker.lock, args=("test",))
    second.start()
    spin_until(lambda: counter.waiters == 1)
    assert second.is_alive()
    locker.unlock("test")
    second.join()
    assert counter.waiters == 0


def test_what_is_unlocked_can_be_locked_again() -> None:
    locker = Locker()
    locker.lock("test")
    locker.unlock("test")
    again = threading.Thread(target=locker.lock, args=("test",))
    again.start()
    again.join()


def test_ten_thousand_and_one_lock_and_unlock_one_name_and_leave_nothing() -> None:
    locker = Locker()
    inside = []

    def lock(number: int) -> None:
        with locker.locked("test"):
            inside.append(number)
            assert inside == [number]
            inside.pop()

    with ThreadPoolExecutor(32) as pool:
        assert len(list(pool.map(lock, range(10_001)))) == 10_001
    assert locker.locks == {}


def test_unlocking_what_nobody_holds_is_an_error() -> None:
    with pytest.raises(NoSuchLock, match=r"^no such lock$"):
        Locker().unlock("test")


def test_one_name_does_not_hold_up_another() -> None:
    locker = Locker()
    with locker.locked("a"), locker.locked("b"):
        assert set(locker.locks) == {"a", "b"}
    assert locker.locks == {}


def test_the_lock_is_given_back_whatever_happens_within() -> Never:
    locker = Locker()
    with pytest.raises(ZeroDivisionError), locker.locked("a"):
        raise ZeroDivisionError
    assert locker.locks == {}


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc"))))
@settings(deadline=None)
def test_a_locker_does_what_a_set_of_names_does(steps: list[tuple[bool, str]]) -> None:
    locker, held = Locker(), set()
    for take, name in steps:
        if take and name not in held:
            locker.lock(name)
            held.add(name)
        elif not take and name in held:
            locker.unlock(name)
            held.discard(name)
        assert set(locker.locks) == held
