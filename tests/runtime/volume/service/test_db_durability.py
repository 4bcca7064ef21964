"""What was acknowledged is there after kill -9, a full disk or an I/O error; nothing is half there."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.check import inspect
from runtime.errdefs import EngineError
from runtime.volume.local import local_unix
from runtime.volume.local.crash import aside, has_journal
from runtime.volume.local.local import Root
from runtime.volume.service.db import CHECKPOINT, WAL_SIZE, Metadata, VolumeMetadata, connect
from runtime.volume.service.service import VolumesService
from tests.runtime.volume.invariants import check

NAMES = ("mine", "m" * 253, "m" * 254, "m" * 255)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")

CHILD = """
import json, random, sys, threading
from runtime.volume.service.service import new_volume_service
root, seed, threads, width = sys.argv[1], *map(int, sys.argv[2:])
class Nobody:
    def log_volume_event(self, *_): pass
service = new_volume_service(root, None, Nobody())
lock = threading.Lock()
def say(*words):
    with lock:
        sys.stdout.write(json.dumps(words) + "\\n")
        sys.stdout.flush()
def work(number):
    dice = random.Random(seed * 100 + number)
    for turn in range(100000):
        name = f"t{number}-{dice.randrange(12)}".ljust(width, "x")
        there = name in service.vs.names
        if there and dice.random() < 0.6:
            say("begin", "remove", name, None, None)
            service.remove(name)
            say("done", "remove", name, None, None)
        elif not there:
            labels = {"turn": str(turn)}
            options = {"type": "tmpfs", "device": str(turn)} if dice.random() < 0.3 else None
            say("begin", "create", name, labels, options)
            volume = service.create(name, "local", labels=labels, options=options)
            with open(volume.mountpoint + "/file", "w") as file:
                file.write(name)
            say("done", "create", name, labels, options)
say("ready")
for number in range(threads):
    threading.Thread(target=work, args=(number,)).start()
"""

State = tuple[dict[str, str] | None, dict[str, str] | None]


class Story:
    """What the child was told to be done, and what it had begun when it was killed."""

    def __init__(self) -> None:
        self.sure: dict[str, State] = {}
        self.begun: dict[str, tuple[str, State]] = {}
        self.operations = 0

    def read(self, line: bytes) -> None:
        stage, operation, name, labels, options = msgspec.json.decode(line)
        if stage == "begin":
            self.begun[name] = (operation, (labels, options))
            return
        del self.begun[name]
        self.operations += 1
        if operation == "create":
            self.sure[name] = (labels, options)
        else:
            del self.sure[name]

    def possible(self, name: str) -> list[State | None]:
        """What may be there after the kill, None for nothing."""
        before = self.sure.get(name)
        if name not in self.begun:
            return [before]
        operation, state = self.begun[name]
        return [before, state if operation == "create" else None]


def killed_after(root: Path, story: Story, operations: int, *numbers: int) -> None:
    """Run the child until so many operations are done, then kill it and read what it had said."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(root), *map(str, numbers)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    with child, child.stdout:
        assert child.stdout.readline() == b'["ready"]\n'
        until = story.operations + operations
        while story.operations < until:
            story.read(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
        for line in child.stdout.read().splitlines(keepends=True):
            if line.endswith(b"\n"):
                story.read(line)


def there(service: VolumesService) -> dict[str, State]:
    return {volume.name: (volume.labels, volume.options) for volume in service.list().volumes}


def survives(stores: Any, seed: int, rounds: int, operations: int, width: int = 0) -> int:
    dice = random.Random(seed)  # noqa: S311 - no secret
    story = Story()
    for number in range(rounds):
        threads = dice.choice((1, 4))
        killed_after(stores.root, story, dice.randint(1, operations), seed + number, threads, width)
        service = stores.service()
        found = there(service)
        for name in {*story.sure, *story.begun, *found}:
            assert found.get(name) in story.possible(name), name
        assert check(service.vs) == ()
        assert service.list().warnings == ()
        stores.close(service.vs)
        story.sure, story.begun = found, {}
    return story.operations


@pytest.mark.slow
@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize("width", [0, 255])
def test_what_was_acknowledged_is_there_after_a_kill(stores: Any, width: int) -> None:
    assert survives(stores, seed=1, rounds=4, operations=20, width=width) >= 4


@pytest.mark.slow
@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize("seed", [2, 3])
def test_what_was_acknowledged_is_there_after_kills_in_a_thousand_operations(stores: Any, seed: int) -> None:
    assert survives(stores, seed=seed * 1000, rounds=40, operations=50) >= 500


@pytest.fixture
def service(stores: Any) -> VolumesService:
    made: VolumesService = stores.service()
    made.create("before", "local", labels={"a": "1"})
    return made


def as_before(service: VolumesService) -> bool:
    return there(service) == {"before": ({"a": "1"}, None)} and check(service.vs) == ()


class Failing:
    """A database in which nothing can be written."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.fail = True

    def execute(self, sql: str, *arguments: Any) -> Any:
        if self.fail and sql.startswith(("commit", "insert", "delete")):
            raise sqlite3.OperationalError("database or disk is full")
        return self.database.execute(sql, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)


@pytest.fixture
def full(service: VolumesService) -> Iterator[Failing]:
    """The database of a disk that is full."""
    failing = Failing(service.vs.db.database)
    service.vs.db.commits.database = failing  # type: ignore[assignment]  # it does what a connection does
    yield failing
    failing.fail = False


def test_a_volume_whose_record_cannot_be_written_is_not_made(service: VolumesService, full: Failing) -> None:
    with pytest.raises(EngineError) as error:
        service.create("new", "local", options={"type": "tmpfs", "device": "tmpfs"})
    assert (
        str(error.value)
        == f"create new: error setting volume metadata: {service.vs.db.path}: database or disk is full"
    )
    assert as_before(service)
    full.fail = False
    assert service.create("new", "local").name == "new"


def test_a_volume_whose_record_cannot_be_deleted_is_not_removed(
    service: VolumesService, full: Failing
) -> None:
    data = Path(service.get("before").mountpoint)
    (data / "file").write_text("kept")
    with pytest.raises(EngineError) as error:
        service.remove("before")
    assert (
        str(error.value)
        == f"remove before: error removing volume metadata: {service.vs.db.path}: database or disk is full"
    )
    assert as_before(service)
    assert (data / "file").read_text() == "kept"
    full.fail = False
    service.remove("before")
    assert there(service) == {}


def test_what_a_plugin_made_is_removed_again_if_its_record_cannot_be_written(
    service: VolumesService, full: Failing, fakes: Any
) -> None:
    driver = fakes.Driver("fake")
    assert service.vs.drivers.register(driver, "fake")
    with pytest.raises(EngineError, match="create new: error setting volume metadata"):
        service.create("new", "fake")
    assert driver.vols == {}
    assert as_before(service)
    assert full.fail


@pytest.mark.parametrize("step", ["flush", "mkdir", "rename", "write"])
def test_an_error_at_any_step_of_creating_leaves_what_was_before(
    service: VolumesService, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        if step == "flush":
            patch.setattr(Root, "flush", broken)
        elif step == "write":
            patch.setattr(local_unix, "write", broken)
        else:
            patch.setattr(os, step, broken)
        with pytest.raises(EngineError):
            service.create("new", "local", options={"type": "tmpfs", "device": "tmpfs"})
    assert as_before(service)


def test_an_error_while_data_are_deleted_leaves_the_volume(
    service: VolumesService, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path(service.get("before").mountpoint) / "file").write_text("x")

    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", broken)
        with pytest.raises(
            EngineError, match=r"remove before: error removing volume path '.*/before': input"
        ):
            service.remove("before")
    assert as_before(service)
    service.remove("before")
    assert check(service.vs) == ()


def fill(service: VolumesService, made: list[str]) -> None:
    for number in range(10_000):
        service.create(f"volume-{number}", "local", labels={"text": "x" * 5000})
        made.append(f"volume-{number}")


@as_root
def test_a_disk_that_is_really_full_leaves_what_was_before(stores: Any) -> None:
    stores.root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", stores.root], check=True)
    try:
        service = stores.service()
        made: list[str] = []
        with pytest.raises(EngineError):
            fill(service, made)
        assert sorted(there(service)) == sorted(made)
        assert check(service.vs) == ()
        stores.close(service.vs)
        again = stores.service()
        assert sorted(there(again)) == sorted(made)
        stores.close(again.vs)
    finally:
        subprocess.run(["umount", "--lazy", stores.root], check=True)


@pytest.fixture
def ext4(tmp_path: Path) -> Iterator[Path]:
    """An empty file system that has a journal."""
    disk, place = tmp_path / "disk", tmp_path / "ext4"
    place.mkdir()
    with disk.open("wb") as image:
        image.truncate(64 << 20)
    if (mkfs := shutil.which("mkfs.ext4")) is None:
        pytest.skip("mkfs.ext4 is not installed")
    subprocess.run([mkfs, "-q", "-F", disk], check=True)
    mounted = subprocess.run(["mount", "-o", "loop", disk, place], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip(f"ext4 cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def commits(place: Path) -> int:
    """How often the journal was written."""
    device = place.stat().st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    (journal,) = Path("/proc/fs/jbd2").glob(f"{name}-*/info")
    return int(journal.read_text().split()[0])


@pytest.mark.slow
@as_root
def test_each_change_writes_the_journal(ext4: Path) -> None:
    records = Metadata(connect(ext4 / "records"))
    before = commits(ext4)
    for number in range(3 * CHECKPOINT):
        (ext4 / str(number)).mkdir()
        records.set("one", VolumeMetadata("one", labels={"number": str(number)}))
    records.close()
    assert commits(ext4) - before >= 3 * CHECKPOINT


def test_write_ahead_file_is_emptied(stores: Any) -> None:
    service = stores.service()
    for number in range(2 * CHECKPOINT):
        service.vs.db.set("one", VolumeMetadata("one", labels={"number": str(number)}))
    file = Path(f"{stores.root}/volumes/metadata.sqlite3-wal")
    assert file.stat().st_size < (CHECKPOINT + 50) * 4200
    stores.close(service.vs)
    assert stores.service().vs.db.get("one").labels == {"number": str(2 * CHECKPOINT - 1)}


def test_write_ahead_file_keeps_its_size_without_a_journal(tmp_path: Path) -> None:
    if has_journal(tmp_path):
        pytest.skip("temporary files are on a file system with a journal")
    path, file = tmp_path / "records", tmp_path / "records-wal"
    records = Metadata(connect(path))
    before = file.stat().st_size
    for number in range(2 * CHECKPOINT):
        records.set("one", VolumeMetadata("one", labels={"number": str(number)}))
    assert before == WAL_SIZE
    assert file.stat().st_size <= before + 10 * 4120
    shutil.copytree(tmp_path, tmp_path / "killed")  # what is there without a clean end
    copy = Metadata(connect(tmp_path / "killed" / "records"))
    assert copy.get("one").labels == {"number": str(2 * CHECKPOINT - 1)}
    copy.close()
    records.close()


@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize("name", NAMES)
def test_a_volume_that_was_prepared_and_recorded_is_published_at_the_next_start(
    stores: Any, name: str
) -> None:
    service = stores.service()
    service.create(name, "local", labels={"a": "1"})
    stores.close(service.vs)
    base = stores.root / "volumes"
    (base / name).rename(base / aside(".+", name))
    (base / aside(".+", f"a{name}"[:255]) / "_data").mkdir(parents=True)
    assert inspect(stores.root) == tuple(
        f"{base}/{left}: left by a crash; the next start ends what was begun"
        for left in sorted((aside(".+", name), aside(".+", f"a{name}"[:255])))
    )
    again = stores.service()
    assert there(again) == {name: ({"a": "1"}, None)}
    assert check(again.vs) == ()


@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize("name", NAMES)
def test_a_removal_that_was_begun_is_ended_at_the_next_start(stores: Any, name: str) -> None:
    service = stores.service()
    service.create(name, "local", labels={"a": "1"})
    stores.close(service.vs)
    base = stores.root / "volumes"
    (base / name).rename(base / aside(".-", name))
    again = stores.service()
    assert there(again) == {}
    assert check(again.vs) == ()
    assert again.create(name, "local").labels is None
