"""Many threads on the same names and on different ones, and a state machine beside a small model."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.errdefs import Conflict, EngineError, NotFound, kind
from runtime.volume.drivers import extpoint
from runtime.volume.local import local
from runtime.volume.service import store
from runtime.volume.service.by import ByReferenced
from runtime.volume.service.db import Metadata, VolumeMetadata, connect
from runtime.volume.service.errors import is_in_use, is_not_exist
from runtime.volume.service.service import VolumesService
from runtime.volume.service.store import VolumeStore
from tests.runtime.volume.invariants import check

pytestmark = pytest.mark.slow

THREADS = 16
EXPECTED = (Conflict, NotFound)

Together = Callable[[Sequence[Callable[[], None]]], None]


def expect(true: object, error: EngineError) -> None:
    """The error is one that may come here."""
    if not true:
        raise AssertionError(str(error)) from error


def busy(service: VolumesService, names: Sequence[str], seed: int) -> None:
    """Create, use, list and remove at random; errors that others may cause are fine."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    for turn in range(25):
        name, ref = dice.choice(names), f"{seed}-{turn}"
        try:
            match dice.randrange(6):
                case 0 | 1:
                    service.create(name, "local", labels={"by": ref}, reference=ref)
                    service.release(name, ref)
                case 2:
                    service.get(name, reference=ref)
                    service.release(name, ref)
                case 3:
                    service.remove(name)
                case 4:
                    service.list()
                case _:
                    service.remove(name, purge_on_error=True)
        except EngineError as error:
            expect(kind(error) in EXPECTED, error)


@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize("same", [True, False], ids=["same names", "different names"])
def test_threads_keep_the_invariants(stores: Any, together: Together, same: bool) -> None:
    service = stores.service()
    names = ["alpha", "beta", "gamma"]
    sets = [names if same else [f"{name}-{number}" for name in names] for number in range(THREADS)]
    together([lambda number=number: busy(service, sets[number], number) for number in range(THREADS)])
    assert check(service.vs) == ()
    assert service.vs.refs == {}
    listed = {volume.name: volume.labels for volume in service.list().volumes}
    stores.close(service.vs)
    again = stores.service()
    assert {volume.name: volume.labels for volume in again.list().volumes} == listed


def test_of_many_who_create_one_name_one_is_first(stores: Any, together: Together) -> None:
    service = stores.service()
    outcomes: list[bool] = []
    together(
        [
            lambda number=number: outcomes.append(
                service.vs.create("one", "local", labels={"by": str(number)}).created
            )
            for number in range(THREADS)
        ]
    )
    assert outcomes.count(True) == 1


def test_changes_that_wait_share_one_commit() -> None:
    db = Metadata(connect(None))
    busy_now, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        busy_now.set()
        assert go_on.wait(30)

    threads = [
        threading.Thread(target=db.set, args=(str(number), VolumeMetadata(), None if number else wait))
        for number in range(8)
    ]
    threads[0].start()
    assert busy_now.wait(30)
    for thread in threads[1:]:
        thread.start()
    while len(db.commits._queue) < len(threads) - 1:
        time.sleep(0.001)
    statements: list[str] = []
    db.database.set_trace_callback(statements.append)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert len(db.rows) == 8
    # The first change is a transaction of its own; those that waited share the second.
    assert [statement.lower() for statement in statements].count("commit") == 1
    assert statements.index("begin immediate") == 1


class Stop(BaseException):
    """As KeyboardInterrupt is: no Exception."""


@pytest.mark.parametrize("failure", [MemoryError, RuntimeError, KeyError, Stop])
def test_no_change_is_acknowledged_that_was_not_written(failure: type[BaseException]) -> None:
    db = Metadata(connect(None))
    busy_now, go_on = threading.Event(), threading.Event()
    outcomes: dict[str, BaseException | None] = {}

    def wait() -> None:
        busy_now.set()
        assert go_on.wait(30)

    def fail() -> None:
        raise failure

    def change(name: str, flush: Callable[[], None]) -> None:
        try:
            db.set(name, VolumeMetadata(name, "local"), flush)
            outcomes[name] = None
        except BaseException as error:  # noqa: BLE001 - looked at below
            outcomes[name] = error

    tasks = [("first", wait), ("broken", fail), *((f"sound{number}", lambda: None) for number in range(4))]
    threads = [threading.Thread(target=change, args=task) for task in tasks]
    threads[0].start()
    assert busy_now.wait(30)
    for thread in threads[1:]:
        thread.start()
    while len(db.commits._queue) < len(threads) - 1:
        time.sleep(0.001)
    go_on.set()
    for thread in threads:
        thread.join(30)
    written = {name for (name,) in db.database.execute("select name from volumes")}
    assert written == set(db.rows) == {name for name, error in outcomes.items() if error is None}
    assert outcomes["broken"] is not None
    assert "first" in written


NAMES = st.sampled_from(["alpha", "beta", "gamma"])
REFS = st.sampled_from(["me", "you"])
LABELS = st.none() | st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)


class Volumes(RuleBasedStateMachine):
    """The store beside a model: names with their labels, options and users."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = self.opened()
        self.labels: dict[str, dict[str, str] | None] = {}
        self.refs: dict[str, set[str]] = {}

    def opened(self) -> VolumeStore:
        ds = extpoint.new_store(None)
        assert ds.register(local.new(self.folder.name), "local")
        return store.new_store(self.folder.name, ds)

    @rule(name=NAMES, labels=LABELS, ref=REFS | st.just(""))
    def create(self, name: str, labels: dict[str, str] | None, ref: str) -> None:
        outcome = self.store.create(name, "local", labels=labels, reference=ref)
        assert outcome.created == (name not in self.labels)
        self.labels.setdefault(name, labels)
        self.refs.setdefault(name, set()).update({ref} - {""})

    @rule(name=NAMES, ref=REFS | st.just(""))
    def get(self, name: str, ref: str) -> None:
        try:
            volume = self.store.get(name, reference=ref)
        except EngineError as error:
            expect(is_not_exist(error) and name not in self.labels, error)
        else:
            assert volume.labels == self.labels[name]
            self.refs[name].update({ref} - {""})

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        try:
            self.store.remove(self.store.get(name))
        except EngineError as error:
            expected = is_in_use(error) and self.refs[name] if name in self.labels else is_not_exist(error)
            expect(bool(expected), error)
        else:
            assert not self.refs.pop(name)
            del self.labels[name]

    @rule(name=NAMES, ref=REFS)
    def release(self, name: str, ref: str) -> None:
        self.store.release(name, ref)
        self.refs.get(name, set()).discard(ref)

    @precondition(lambda self: not any(self.refs.values()))
    @rule()
    def restart(self) -> None:
        self.store.shutdown()
        self.store = self.opened()

    @rule()
    def another_driver_is_a_conflict(self) -> None:
        for name in self.labels:
            with pytest.raises(EngineError):
                self.store.get(name, driver="other")

    @invariant()
    def all_are_listed_with_their_labels(self) -> None:
        assert {volume.name: volume.labels for volume in self.store.find().volumes} == self.labels
        used = {volume.name for volume in self.store.find(ByReferenced(referenced=True)).volumes}
        assert used == {name for name, refs in self.refs.items() if refs}

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert check(self.store) == ()
        assert all(Path(volume.path()).is_dir() for volume in self.store.find().volumes)

    def teardown(self) -> None:
        self.store.shutdown()
        self.folder.cleanup()


Volumes.TestCase.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
TestTheStoreDoesWhatASmallModelDoes = Volumes.TestCase
