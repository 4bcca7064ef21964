"""What shows no new sign of life is ended, and nothing else is."""

from __future__ import annotations

import threading

from annotator.repository.apt import Watch


def test_what_shows_no_sign_of_life_is_ended() -> None:
    ended = threading.Event()

    with Watch(ended.set, 0.01) as watch:
        assert ended.wait(30)

    assert watch.has_ended_it


def test_the_same_sign_again_is_none() -> None:
    ended = threading.Event()

    with Watch(ended.set, 0.05) as watch:
        while not ended.is_set():
            watch.saw("dlstatus 40 %")

    assert watch.has_ended_it


def test_what_comes_on_and_is_over_is_not_ended() -> None:
    ended = threading.Event()

    with Watch(ended.set, 3600) as watch:
        watch.saw("dlstatus 40 %")
        watch.saw("dlstatus 41 %")

    assert not ended.is_set()
    assert not watch.has_ended_it
