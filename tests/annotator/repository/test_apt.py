"""What shows no new sign of life is ended, and nothing else is."""

from __future__ import annotations

import threading

from annotator.repository.apt import Watchdog


def test_what_shows_no_sign_of_life_is_ended() -> None:
    ended = threading.Event()

    with Watchdog(ended.set, 0.01) as watchdog:
        assert ended.wait(30)

    assert watchdog.has_expired


def test_the_same_sign_again_is_none() -> None:
    ended = threading.Event()

    with Watchdog(ended.set, 0.05) as watchdog:
        while not ended.is_set():
            watchdog.progress("dlstatus 40 %")

    assert watchdog.has_expired


def test_what_comes_on_and_is_over_is_not_ended() -> None:
    ended = threading.Event()

    with Watchdog(ended.set, 3600) as watchdog:
        watchdog.progress("dlstatus 40 %")
        watchdog.progress("dlstatus 41 %")

    assert not ended.is_set()
    assert not watchdog.has_expired
