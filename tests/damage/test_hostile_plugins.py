"""Plugins that hang, lie or die: errors with their names, and local volumes that never wait for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import hostile
import pytest

from runtime import Config, Daemon, Timings
from runtime import check as plugin_check
from runtime.errdefs import EngineError
from runtime.pkg.plugins.transport import Timings as LegacyTimings
from runtime.volume.drivers.proxy import Timings as VolumeTimings
from tests.runtime.volume.invariants import check

pytestmark = pytest.mark.slow

BRIEF = Timings(
    start=0.3,
    legacy=LegacyTimings(
        first_wait=0.01,
        default_timeout=0.1,
        dial=1.0,
        activate=1.0,
        call=0.5,
        scan=0.5,
        reply_limit=hostile.LIMIT,
    ),
    volumes=VolumeTimings(probe=0.3, short_timeout=0.5, long_timeout=0.5),
)
THREADS = 8
ROUNDS = 30
MINUTE = 60.0
PAUSE = 0.02
"""Seconds between two calls of a hostile plugin by one client."""


@pytest.fixture
def plugin(base: Path) -> Iterator[Callable[[str, hostile.Behaviour], None]]:
    """Starts a plugin of a name and a behaviour."""
    with ExitStack() as stack:
        yield (
            lambda name, behaviour: (
                stack.callback(hostile.Plugin(base / "p" / f"{name}.sock", behaviour).kill) and None
            )
        )


def engine(base: Path) -> Daemon:
    return Daemon(Config(root=base / "r", exec_root=base / "x", plugin_folders=(base / "p",), timings=BRIEF))


def resources() -> tuple[int, int]:
    """How many threads and descriptors this process has."""
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def settled(before: tuple[int, int], patience: float = 20.0) -> tuple[int, int]:
    """What it has once what was going on has ended."""
    end = time.monotonic() + patience
    while (now := resources()) > before and time.monotonic() < end:
        time.sleep(0.02)
    return now


@pytest.mark.parametrize("name", sorted(hostile.LIES))
def test_a_reply_that_is_none_is_an_error_with_the_name_of_the_plugin(base: Path, plugin, name: str) -> None:
    plugin(name, hostile.LIES[name])
    with engine(base) as daemon:
        daemon.volumes.create("mine", "local")
        with pytest.raises(EngineError, match=name):
            daemon.volumes.create("theirs", name)
        volumes, warnings = daemon.volumes.list()
        assert [volume.name for volume in volumes] == ["mine"]
        assert any(name in warning for warning in warnings)
        assert check(daemon.volumes.vs) == ()


@dataclass
class Load:
    """Local volumes that are made, looked at and removed in several threads, and how long each step took."""

    daemon: Daemon
    rounds: int
    ended: threading.Event = field(default_factory=threading.Event)
    seconds: list[float] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def run(self) -> None:
        threads = [threading.Thread(target=self._work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, thread: int) -> None:
        try:
            for number in range(self.rounds):
                if self.ended.is_set():
                    return
                self._round(f"local-{thread}-{number}")
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.errors.append(error)

    def _round(self, name: str) -> None:
        volumes = self.daemon.volumes
        for step in (
            lambda: volumes.create(name, "local"),
            lambda: volumes.get(name),
            lambda: volumes.remove(name),
        ):
            begin = time.perf_counter()
            step()
            self.seconds.append(time.perf_counter() - begin)


class Callers:
    """Threads that call each hostile plugin again and again."""

    def __init__(self, daemon: Daemon, names: list[str]) -> None:
        self.daemon = daemon
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._call, args=(name,)) for name in names]
        self.threads.append(threading.Thread(target=self._list))
        self.calls = 0

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def _call(self, name: str) -> None:
        while not self.ended.is_set():
            with suppress(EngineError):
                self.daemon.volumes.create(f"of-{name}", name)
            self.calls += 1
            self.ended.wait(PAUSE)

    def _list(self) -> None:
        while not self.ended.is_set():
            self.daemon.volumes.list()
            self.ended.wait(PAUSE)


def work_beside_hostile_plugins(
    base: Path, lies: Mapping[str, hostile.Behaviour], rounds: int, seconds: float | None
) -> tuple[Load, int, int]:
    """Use local volumes while hostile plugins are called; the load, the calls and the kills."""
    hanging = hostile.Hanging()
    behaviours = {**lies, "hang": hanging}
    with ExitStack() as stack:
        stack.callback(hanging.let_go.set)
        for name, behaviour in behaviours.items():
            stack.callback(hostile.Plugin(base / "p" / f"{name}.sock", behaviour).kill)
        stack.callback(hanging.let_go.set)
        kills = stack.enter_context(hostile.killed_again_and_again(base / "p" / "killed.sock"))
        daemon = stack.enter_context(engine(base))
        callers = stack.enter_context(Callers(daemon, [*behaviours, "killed"]))
        load = Load(daemon, rounds)
        assert hanging.called.wait(30)
        if seconds is not None:
            timer = threading.Timer(seconds, load.ended.set)
            timer.start()
        load.run()
        assert not hanging.let_go.is_set()
        counted = callers.calls, kills()
        callers.__exit__()
        problems = (*check(daemon.volumes.vs), *plugin_check.check(base / "r" / "plugins"))
        assert [str(problem) for problem in problems] == []
        return load, *counted


def test_local_volumes_are_used_while_plugins_hang_lie_and_die_and_nothing_leaks(base: Path) -> None:
    before = resources()
    load, calls, kills = work_beside_hostile_plugins(base, hostile.LIES, ROUNDS, None)
    assert load.errors == []
    assert len(load.seconds) == THREADS * ROUNDS * 3
    assert calls > 0
    assert kills > 0
    assert settled(before) <= before


def work_alone(base: Path, seconds: float) -> Load:
    """Use local volumes with no plugin at all."""
    with Daemon(Config(root=base / "alone", plugin_folders=())) as daemon:
        load = Load(daemon, 10**9)
        timer = threading.Timer(seconds, load.ended.set)
        timer.start()
        load.run()
        timer.join()
        return load


def figures(what: str, load: Load) -> str:
    steps = sorted(load.seconds)
    shown = ", ".join(
        f"{share:.1%} {1000 * steps[int(share * len(steps)) - 1]:.0f} ms" for share in (0.5, 0.99, 0.999, 1)
    )
    return f"{what}: {len(steps)} local operations on {THREADS} threads; {shown}"


def test_a_minute_beside_hostile_plugins_leaves_nothing_behind(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = resources()
    alone = work_alone(base, MINUTE / 4)
    garbage = {"garbage": hostile.LIES["garbage"]}
    load, calls, kills = work_beside_hostile_plugins(base, garbage, 10**9, MINUTE)
    after = settled(before)
    with capsys.disabled():
        print()  # noqa: T201 - the figures are what the test is for
        print(figures(f"alone, {MINUTE / 4:.0f} s", alone))  # noqa: T201
        print(figures(f"beside hostile plugins, {MINUTE:.0f} s", load))  # noqa: T201
        print(f"{calls} calls of those, one killed {kills} times")  # noqa: T201
        print(f"threads and descriptors: {before} before, {after} after")  # noqa: T201
    assert load.errors == []
    assert after <= before
