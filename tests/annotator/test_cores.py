"""Work that is shared among forked processes."""

from __future__ import annotations

import os
import signal

import pytest

from annotator import cores
from annotator.errors import SourceUnavailable
from annotator.sources.cache import Cache
from annotator.sources.local import LocalSource

GROUPS = {"a": [5], "b": [3, 1], "c": [4], "d": []}


@pytest.fixture
def two(monkeypatch):
    """A machine of two cores."""
    monkeypatch.setattr(cores, "cores", lambda: 2)


def test_groups_are_dealt_whole_and_the_heaviest_first(two):
    assert cores.dealt(GROUPS, lambda weight: weight) == [[5], [3, 1], [4]]


def test_many_groups_are_dealt_evenly(two):
    shares = cores.dealt({str(number): [number, 1] for number in range(100)}, lambda weight: weight)

    loads = [sum(share) for share in shares]
    assert len(shares) == cores.portions()
    assert max(loads) - min(loads) <= 100
    assert loads == sorted(loads, reverse=True)
    assert sum(loads) == sum(range(100)) + 100


def test_nothing_is_dealt_to_nobody(two):
    assert cores.dealt({"a": [], "b": [1]}, lambda weight: weight) == [[1]]


def test_on_one_core_all_is_one_share(monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: 1)

    assert cores.dealt(GROUPS, lambda weight: weight) == [[5, 3, 1, 4]]


def test_a_process_that_is_done_with_a_share_takes_the_next(two):
    processes = cores.shared(lambda _: os.getpid(), range(20))

    assert os.getpid() not in processes
    assert len(set(processes)) <= 2


def test_each_share_is_done_in_another_process_that_has_what_was_read(two):
    read = object()

    answers = cores.shared(lambda share: (share, os.getpid(), id(read)), ["one", "two"])

    assert [share for share, _, _ in answers] == ["one", "two"]
    assert {found for _, _, found in answers} == {id(read)}
    assert os.getpid() not in {process for _, process, _ in answers}


def test_one_share_stays_in_this_process():
    assert cores.shared(lambda _: os.getpid(), ["one"]) == [os.getpid()]


def test_what_goes_wrong_in_a_share_is_told(two):
    def fail(share: str) -> None:
        raise SourceUnavailable(f"{share} is not there")

    with pytest.raises(SourceUnavailable, match="is not there"):
        cores.shared(fail, ["one", "two"])


def test_what_is_done_aside_is_done_in_another_process(two):
    with cores.aside(os.getpid) as answer:
        assert answer() != os.getpid()


def test_on_one_core_nothing_is_done_aside(monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: 1)

    with cores.aside(os.getpid) as answer:
        assert answer() == os.getpid()


def test_what_is_done_aside_is_pending_until_it_is_done(two):
    going, go = os.pipe()

    with cores.aside(lambda: os.read(going, 1)) as answer:
        assert answer.is_pending
        os.write(go, b"!")
        assert answer() == b"!"

    os.close(going)
    os.close(go)


def test_what_nobody_is_at_work_on_is_not_pending(monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: 1)

    with cores.aside(os.getpid) as answer:
        assert not answer.is_pending


def test_work_aside_shares_nothing_out(two):
    with cores.aside(lambda: (os.getpid(), cores.shared(lambda _: os.getpid(), [1, 2]))) as answer:
        process, shares = answer()

    assert process != os.getpid()
    assert shares == [process, process]


def test_what_goes_wrong_aside_is_raised_where_the_answer_is_asked_for(two):
    def fail() -> None:
        raise SourceUnavailable("it is not there")

    with cores.aside(fail) as answer, pytest.raises(SourceUnavailable, match="is not there"):
        answer()


def test_what_is_done_aside_ends_when_nobody_asks_for_it(two):
    alive, told = os.pipe()

    with cores.aside(signal.pause):
        os.close(told)

    assert os.read(alive, 1) == b""  # as nobody holds the other end any more
    os.close(alive)


def test_forked_processes_read_and_keep_beside_each_other(shop, tmp_path):
    with (
        LocalSource(shop, repository="https://example.org/shop") as source,
        Cache(tmp_path / "cache", reader="test") as cache,
    ):
        snapshot = source.snapshot("v1.0.0")
        paths = sorted(snapshot.files)
        before = snapshot.read(paths)
        cache.put_values("kind", {"before": b"here"})

        def work(share: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
            cache.put_values("kind", {f"in {share}": b"there"})
            return {path: data for _ in range(50) for path, data in snapshot.read(paths).items()}, (
                cache.get_values("kind", ["before"])
            )

        answers = cores.shared(work, [0, 1])

        assert answers == [(before, {"before": b"here"})] * 2
        assert snapshot.read(paths) == before
        assert cache.get_values("kind", ["in 0", "in 1"]) == {"in 0": b"there", "in 1": b"there"}
