"""Fakes that many tests of volumes share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runtime.errdefs import EngineError, NotFound
from runtime.volume.drivers import extpoint
from runtime.volume.drivers.extpoint import Store
from runtime.volume.drivers.proxy import Timings
from runtime.volume.local import local
from runtime.volume.service import service, store
from runtime.volume.service.service import VolumesService
from runtime.volume.service.store import VolumeStore
from runtime.workers import Threads, Workers

BRIEF = Timings(start=0.2, probe=0.2, database_lock=0.1, database_retry=0.01)


class FakeVolume:
    def __init__(self, name: str, driver_name: str) -> None:
        self.name = name
        self.driver_name = driver_name
        self.mounts: list[str] = []

    def path(self) -> str:
        return "fake"

    cached_path = path

    def mount(self, ref: str) -> str:
        self.mounts.append(ref)
        return "fake"

    def unmount(self, ref: str) -> None:
        self.mounts.remove(ref)

    def created_at(self) -> datetime | None:
        return datetime(2019, 5, 9, tzinfo=UTC)

    def status(self) -> dict[str, Any]:
        return {"datakey": "datavalue"}


class FakeDriver:
    """Keeps volumes in memory; an option `error` is the error of creating."""

    scope = "local"

    def __init__(self, name: str) -> None:
        self.name = name
        self.vols: dict[str, FakeVolume] = {}

    def create(self, name: str, opts: Mapping[str, str] | None) -> FakeVolume:
        if opts and opts.get("error"):
            raise EngineError(opts["error"])
        self.vols[name] = FakeVolume(name, self.name)
        return self.vols[name]

    def remove(self, vol: FakeVolume) -> None:
        if self.vols.pop(vol.name, None) is None:
            raise EngineError("no such volume")

    def list(self) -> Sequence[FakeVolume]:
        return tuple(self.vols.values())

    def get(self, name: str) -> FakeVolume | None:
        if name not in self.vols:
            raise EngineError("no such volume")
        return self.vols[name]


class FakeClient:
    """A plugin's client without a plugin: each method is a function of the request."""

    def __init__(self, methods: Mapping[str, Callable[[Any], Any]]) -> None:
        self.methods = methods
        self.calls: list[tuple[str, Any]] = []

    def call_with_options(self, service_method: str, args: Any, ret: Any, opts: Any) -> Any:
        del ret
        self.calls.append((service_method, opts.timeout))
        return self.methods[service_method](args)


class FakePlugin:
    def __init__(self, name: str, client: FakeClient, *, v1: bool = False) -> None:
        self.name = name
        self.client = client
        self.v1 = v1
        self.refs = 0

    def scoped_path(self, path: str) -> str:
        return f"/scoped{path}"

    @property
    def is_v1(self) -> bool:
        return self.v1


class FakeGetter:
    """Plugins by name; those in `dead` are not found, those in `hung` are when they are let go."""

    def __init__(self, *plugins: FakePlugin) -> None:
        self.plugins = {plugin.name: plugin for plugin in plugins}
        self.gets: list[tuple[str, int]] = []
        self.problems: dict[str, EngineError] = {}

    def get(self, name: str, capability: str, mode: int) -> FakePlugin:
        assert capability == "VolumeDriver"
        self.gets.append((name, int(mode)))
        if name in self.problems:
            raise self.problems[name]
        if name not in self.plugins:
            raise EngineError(f'plugin "{name}" not found')
        self.plugins[name].refs += mode
        return self.plugins[name]

    def problem(self, name: str, capability: str) -> EngineError | None:
        assert capability == "VolumeDriver"
        if name in self.problems:
            return self.problems[name]
        return None if name in self.plugins else NotFound(f'plugin "{name}" not found')

    def get_all_by_cap(self, capability: str, *, patient: bool = False) -> Sequence[FakePlugin]:
        del patient
        assert capability == "VolumeDriver"
        return tuple(plugin for name, plugin in self.plugins.items() if name not in self.problems)


class Inline:
    """Does at once what would go on beside."""

    def submit(self, task: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(task(*args, **options))
        return future


class Events:
    """Remembers the events of volumes."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Mapping[str, str]]] = []

    def log_volume_event(self, volume_id: str, action: str, attributes: Mapping[str, str]) -> None:
        self.seen.append((volume_id, action, attributes))


class Stores:
    """Opens stores and services on a root, and closes them again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.open: list[VolumeStore] = []
        self.workers: Workers = Threads()

    def drivers(self, *names: str, pg: Any = None, with_local: bool = False) -> Store:
        ds = extpoint.new_store(pg, BRIEF)
        for name in names:
            assert ds.register(FakeDriver(name), name)
        if with_local:
            assert ds.register(local.new(self.root), "local")
        return ds

    def store(self, ds: Store | None = None, *names: str) -> VolumeStore:
        vs = store.new_store(self.root, ds or self.drivers(*names), self.workers, BRIEF)
        self.open.append(vs)
        return vs

    def service(self, pg: Any = None, events: Events | None = None) -> VolumesService:
        made = service.new_volume_service(self.root, pg, events or Events(), self.workers, BRIEF)
        self.open.append(made.vs)
        return made

    def close(self, vs: VolumeStore) -> None:
        self.open.remove(vs)
        vs.shutdown()

    def close_all(self) -> None:
        while self.open:
            self.open.pop().shutdown()


@pytest.fixture
def fakes() -> Any:
    """The classes of the fakes."""

    class Fakes:
        Volume, Driver, Client, Plugin, Getter, Events_ = (
            FakeVolume,
            FakeDriver,
            FakeClient,
            FakePlugin,
            FakeGetter,
            Events,
        )

    return Fakes


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    made = Stores(tmp_path / "root")
    yield made
    made.close_all()


@pytest.fixture
def inline(stores: Stores) -> None:
    """What goes on beside is done at once."""
    stores.workers = Inline()


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def together() -> Callable[[Sequence[Callable[[], None]]], None]:
    """Runs functions in threads that start at once, and raises the first error of one."""

    def run(tasks: Sequence[Callable[[], None]]) -> None:
        barrier = threading.Barrier(len(tasks))
        errors: list[BaseException] = []

        def task(work: Callable[[], None]) -> None:
            barrier.wait()
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - handed to the test
                errors.append(error)

        threads = [threading.Thread(target=task, args=(work,)) for work in tasks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads), "a thread waits for ever"
        if errors:
            raise errors[0]

    return run
