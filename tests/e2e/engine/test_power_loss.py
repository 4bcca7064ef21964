"""The power goes while volumes come and go: what was acknowledged is on the disk."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

CLIENTS, CUTS, BETWEEN = 4, 3, 120
"""Who asks at once; how often the power goes; how many more answers there are each time."""


@dataclass(frozen=True)
class Kind:
    """A file system: what makes it, of which package, on how many bytes; and how a copy of it is mounted."""

    name: str
    package: str
    size: int
    options: str = ""


KINDS = (
    Kind("ext4", "e2fsprogs", 64 << 20),
    Kind("xfs", "xfsprogs", 320 << 20, "nouuid"),
    Kind("btrfs", "btrfs-progs", 128 << 20),
)


@dataclass
class Client(threading.Thread):
    """Makes volumes and removes every third one, and keeps what it was answered; ends at a failure."""

    engine: Any
    number: int
    known: dict[str, bool] = field(default_factory=dict)
    """Whether there must be a volume; of one that is being asked for nothing is known."""
    answers: int = 0
    failure: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        step = 0
        while not (self.failure or self.stopping.is_set()):
            name = f"v{self.number}-{step}"
            self.ask(name, True, "POST", "/volumes/create", {"Name": name, **given(step)})
            if step % 3 == 2:
                self.ask(f"v{self.number}-{step - 1}", False, "DELETE", f"/volumes/v{self.number}-{step - 1}")
            step += 1

    def ask(self, name: str, there: bool, method: str, path: str, body: Any = None) -> None:
        self.known.pop(name, None)
        answer = self.engine.ask(method, path, body)
        if answer.status in (201, 204):
            self.known[name] = there
            self.answers += 1
        else:
            self.failure = f"{method} {path}: {answer.status} {answer.body!r}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_was_acknowledged_is_there_after_the_power_went(kind: Kind, engines: Any, disks: Any) -> None:
    image = disks.made(kind.name, kind.package, kind.size)

    with disks.mounted(image) as place, running(engines.ours(name="before", root=place / "r")) as engine:
        cuts = list(cut_off(engine, image))

    for number, (copy, known) in enumerate(cuts):
        with disks.mounted(copy, kind.options) as place:
            with running(engines.ours(name=f"after{number}", root=place / "r")) as engine:
                found = {each["Name"]: each for each in engine.ask("GET", "/volumes").json()["Volumes"]}
            assert {name: name in found for name in known} == known
            for name, there in known.items():
                if there:
                    wanted = given(int(name.split("-")[1]))
                    assert found[name]["Labels"] == wanted["Labels"]
                    assert (found[name]["Options"] or {}) == wanted["DriverOpts"]
            assert all((place / "r/volumes" / name / "_data").is_dir() for name in found)
            check = [sys.executable, "-m", "runtime", "check", "--root", str(place / "r")]
            subprocess.run(check, cwd=Path(__file__).parents[3], check=True)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_plugin_is_whole_after_the_power_went(kind: Kind, engines: Any, disks: Any, packed: Path) -> None:
    image = disks.made(kind.name, kind.package, 4 * kind.size)
    with disks.mounted(image) as place, running(engines.ours(name="o", root=place / "r")) as engine:
        assert [engine.ask(*each).status for each in plugin_requests(packed)] == [204, 204, 200, 200]
        known = engine.ask("GET", "/plugins").json()
        with halted(engine):
            copy = copied(image, "cut")

    with disks.mounted(copy, kind.options) as place:
        with running(engines.ours(name="a", root=place / "r")) as engine:
            found = engine.ask("GET", "/plugins").json()
        assert [(each["Name"], each["Enabled"]) for each in known] == [("kept:latest", True)]
        assert found == known
        kept = contents(place / "r/plugins" / known[0]["Id"] / "rootfs")
        assert {name: kept.get(name) for name in contents(packed / "rootfs")} == contents(packed / "rootfs")


def plugin_requests(packed: Path) -> Iterator[tuple[str, str, bytes | None]]:
    """One plugin comes and goes, another one stays and runs."""
    with io.BytesIO() as made:
        with tarfile.open(fileobj=made, mode="w") as archive:
            archive.add(packed, ".")
        tar = made.getvalue()
    yield "POST", "/plugins/create?name=removed", tar
    yield "POST", "/plugins/create?name=kept", tar
    yield "POST", "/plugins/kept/enable?timeout=30", None
    yield "DELETE", "/plugins/removed", None


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """The mode and the bytes of each file of a root file system; of a link where it leads."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes(),
        )
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def given(step: int) -> dict[str, Any]:
    """What a volume is made with; every second one has a file of options."""
    options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={step + 1}k"} if step % 2 else {}
    return {"Labels": {"step": str(step)}, "DriverOpts": options}


def cut_off(engine: Any, image: Path) -> Iterator[tuple[Path, dict[str, bool]]]:
    """The disk as it is at some moments under load, and what the clients had been answered by then."""
    clients = [Client(engine, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        for cut in range(CUTS):
            wanted = BETWEEN * (cut + 1)
            engine.wait_until(
                lambda wanted=wanted: (
                    sum(client.answers for client in clients) >= wanted
                    or any(client.failure for client in clients)
                )
            )
            with halted(engine):
                known = {name: there for client in clients for name, there in dict(client.known).items()}
                copy = copied(image, f"cut{cut}")
            yield copy, known
    finally:
        for client in clients:
            client.stopping.set()
        for client in clients:
            client.join()
    assert [client.failure for client in clients] == [""] * CLIENTS


@contextmanager
def running(engine: Any) -> Iterator[Any]:
    """An engine that is started, and stopped before its disk is taken away."""
    engine.start()
    try:
        yield engine
    finally:
        assert engine.stop() == 0


@contextmanager
def halted(engine: Any) -> Iterator[None]:
    """An engine that does nothing meanwhile."""
    os.kill(engine.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(engine.process.pid, signal.SIGCONT)


def copied(image: Path, name: str) -> Path:
    """The disk as it is, with nothing that the system has only in its memory."""
    copy = image.with_name(name)
    subprocess.run(["cp", "--sparse=always", str(image), str(copy)], check=True)
    return copy
