"""A root that dockerd made: its records are read and kept, and its file stays as it is."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from socket import AF_UNIX, socket
from typing import Any, Self

import pytest

from runtime.errdefs import EngineError
from runtime.volume.service import bolt
from tests.sockets import accepts, with_own_plugins

PAGE = 4096
Records = Mapping[str, object]


def fnv64a(raw: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in raw:
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return value


def page(number: int, flags: int, count: int, body: bytes) -> bytes:
    size = -(-(16 + len(body)) // PAGE)
    return (struct.pack("<QHHI", number, flags, count, size - 1) + body).ljust(size * PAGE, b"\0")


def leaf(number: int, items: list[tuple[int, bytes, bytes]]) -> bytes:
    heads, body = b"", b""
    for index, (flags, key, value) in enumerate(items):
        position = (len(items) - index) * 16 + len(body)
        heads += struct.pack("<IIII", flags, position, len(key), len(value))
        body += key + value
    return page(number, 2, len(items), heads + body)


def branch(number: int, children: list[tuple[bytes, int]]) -> bytes:
    heads, body = b"", b""
    for index, (key, child) in enumerate(children):
        position = (len(children) - index) * 16 + len(body)
        heads += struct.pack("<IIQ", position, len(key), child)
        body += key
    return page(number, 1, len(children), heads + body)


def meta(number: int, transaction: int, root: int, pages: int) -> bytes:
    body = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE, 0, root, 0, 2, pages, transaction)
    return page(number, 4, 0, body + struct.pack("<Q", fnv64a(body)))


def bolt_file(records: Mapping[bytes, bytes], *, leaves: int = 1) -> bytes:
    """A file as bolt writes it: one bucket, its records in as many pages as wanted."""
    items = [(0, key, value) for key, value in sorted(records.items())]
    step = max(-(-len(items) // leaves), 1)
    pages, children, number = b"", [], 5
    for part in [items[at : at + step] for at in range(0, max(len(items), 1), step)]:
        made = leaf(number, part)
        children.append((part[0][1] if part else b"", number))
        pages += made
        number += len(made) // PAGE
    top = children[0][1] if len(children) == 1 else number
    if len(children) > 1:
        pages += branch(number, children)
        number += 1
    root = leaf(4, [(1, b"volumes", struct.pack("<QQ", top, 0))])
    free = page(2, 16, 0, b"")
    return meta(0, 6, 4, number) + meta(1, 5, 4, number) + free + page(3, 0, 0, b"") + root + pages


def record(name: str, **more: object) -> bytes:
    return json.dumps({"Name": name, "Driver": "local", "Labels": None, "Options": None} | more).encode()


@pytest.fixture
def root(stores: Any) -> Callable[..., Path]:
    """Writes dockerd's file and the directories of these volumes, and returns the file's path."""

    def write(*names: str, leaves: int = 1, **special: bytes) -> Path:
        base: Path = stores.root / "volumes"
        records = {name.encode(): record(name, Labels={"of": name}) for name in names}
        records |= {name.encode(): value for name, value in special.items()}
        for name in records:
            (base / name.decode() / "_data").mkdir(parents=True, exist_ok=True)
        (base / "metadata.db").write_bytes(bolt_file(records, leaves=leaves))
        os.utime(base / "metadata.db", ns=(0, random.randrange(10**18)))  # noqa: S311 - no secret
        return base / "metadata.db"

    return write


def labels(service: Any) -> dict[str, Any]:
    return {volume.name: volume.labels for volume in service.list().volumes}


@pytest.mark.parametrize("leaves", [1, 7])
def test_the_records_of_dockerd_are_there_and_its_file_is_as_it_was(
    stores: Any, root: Any, leaves: int
) -> None:
    names = [f"volume-{number:03}" for number in range(100)]
    file = root(*names, leaves=leaves)
    before = file.read_bytes(), file.stat()
    service = stores.service()
    assert labels(service) == {name: {"of": name} for name in names}
    service.create("new", "local")
    service.remove("volume-000")
    stores.close(service.vs)
    after = file.stat()
    assert file.read_bytes() == before[0]
    assert (after.st_mtime_ns, after.st_mode, after.st_ino) == (
        before[1].st_mtime_ns,
        before[1].st_mode,
        before[1].st_ino,
    )
    again = stores.service()
    assert sorted(labels(again)) == ["new", *names[1:]]


def test_what_dockerd_has_added_since_is_added_and_said(
    stores: Any, root: Any, caplog: pytest.LogCaptureFixture
) -> None:
    root("first")
    stores.close(stores.service().vs)
    root("first", "second")
    with caplog.at_level("INFO"):
        service = stores.service()
    assert labels(service) == {"first": {"of": "first"}, "second": {"of": "second"}}
    assert any("metadata.db has changed: 1 records were added" in message for message in caplog.messages)


def test_what_was_removed_here_does_not_come_back_with_dockerd_s_next_change(stores: Any, root: Any) -> None:
    root("first", "second")
    service = stores.service()
    service.remove("first")
    stores.close(service.vs)
    root("first", "second", "third")
    shutil.rmtree(stores.root / "volumes" / "first")
    service = stores.service()
    assert sorted(labels(service)) == ["second", "third"]
    assert service.list().warnings == ()


def test_what_was_changed_on_both_sides_stays_as_it_is_here(stores: Any, root: Any) -> None:
    root("first", "second")
    service = stores.service()
    service.remove("first")
    service.create("first", "local", labels={"of": "us"})
    stores.close(service.vs)
    root(first=record("first", Labels={"of": "them"}), second=record("second", Labels={"of": "new"}))
    assert labels(stores.service()) == {"first": {"of": "us"}, "second": {"of": "new"}}


def test_a_dockerd_that_uses_the_root_keeps_us_out(stores: Any, root: Any) -> None:
    with root("first").open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Exception, match="another engine uses "):
            stores.service()


def test_we_keep_a_dockerd_out(stores: Any, root: Any) -> None:
    file = root("first")
    stores.service()
    with file.open("r+b") as opened, pytest.raises(BlockingIOError):
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_without_a_file_of_dockerd_an_empty_one_keeps_it_out(stores: Any) -> None:
    stores.service()
    file = stores.root / "volumes" / "metadata.db"
    assert file.read_bytes() == b""
    with file.open("rb") as opened, pytest.raises(BlockingIOError):
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(
    "content",
    [
        b"garbage" * 1000,
        b"\0" * 32768,
        b"\xed\x0c\xda\xed",
        bolt_file({})[:PAGE],
        bolt_file({b"a": b"b"})[:9000],
    ],
)
def test_a_file_that_cannot_be_read_stops_nothing_and_is_told_at_every_start(
    stores: Any, root: Any, content: bytes
) -> None:
    file = root("first")
    file.write_bytes(content)
    for _ in range(2):
        service = stores.service()
        volumes, warnings = service.list()
        assert [volume.name for volume in volumes] == ["first"]
        assert str(file) in warnings[0]
        stores.close(service.vs)
    assert file.read_bytes() == content


@pytest.mark.parametrize("kind", ["directory", "fifo", "link"])
def test_something_else_in_its_place_stops_nothing(stores: Any, kind: str) -> None:
    base = stores.root / "volumes"
    base.mkdir(parents=True)
    file = base / "metadata.db"
    if kind == "directory":
        file.mkdir()
    elif kind == "fifo":
        os.mkfifo(file)
    else:
        file.symlink_to("/nowhere")
    assert stores.service().create("mine", "local").name == "mine"


def test_a_damaged_page_costs_its_records_only(stores: Any, root: Any) -> None:
    names = [f"volume-{number:03}" for number in range(60)]
    file = root(*names, leaves=3)
    content = bytearray(file.read_bytes())
    content[5 * PAGE : 5 * PAGE + 16] = b"\xff" * 16
    file.write_bytes(content)
    service = stores.service()
    known = labels(service)
    assert sum(value is not None for value in known.values()) == 40
    assert len(known) == 60
    assert "page 5 is damaged, its records are lost" in service.list().warnings[0]


def test_a_first_page_that_is_torn_is_made_up_for_by_the_second(root: Any) -> None:
    file = root("first")
    content = bytearray(file.read_bytes())
    content[20:40] = b"\xff" * 20
    file.write_bytes(content)
    assert list(bolt.read(file).records) == [b"first"]


def test_a_tree_that_leads_back_to_itself_ends(tmp_path: Path) -> None:
    content = bytearray(bolt_file({b"a": b"1", b"b": b"2"}, leaves=2))
    content[7 * PAGE :] = branch(7, [(b"a", 7), (b"b", 6)])
    (tmp_path / "loop").write_bytes(content)
    snapshot = bolt.read(tmp_path / "loop")
    assert snapshot.records == {b"b": b"2"}
    assert len(snapshot.problems) == 1


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bits_never_stop_the_reading(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    content = bytearray(bolt_file({f"v{number}".encode(): record("x") for number in range(50)}, leaves=4))
    for _ in range(dice.randrange(1, 60)):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    (tmp_path / "bits").write_bytes(content)
    assert len(bolt.read(tmp_path / "bits").records) <= 50


def test_damaged_size_costs_one_record(tmp_path: Path) -> None:
    names = [f"v{number}".encode() for number in range(20)]
    content = bytearray(bolt_file({name: record("x") for name in names}))
    at = next(at for at in range(0, len(content), PAGE) if content.find(b"v0", at, at + PAGE) > 0)
    struct.pack_into("<I", content, at + 16 + 3 * 16 + 12, 1 << 30)
    (tmp_path / "size").write_bytes(content)
    snapshot = bolt.read(tmp_path / "size")
    assert len(snapshot.records) == 19
    assert "1 of its records are lost" in snapshot.problems[0]


def test_a_bucket_of_few_records_lies_in_its_header(tmp_path: Path) -> None:
    inline = leaf(0, [(0, b"a", b"1")])[:60]
    content = bytearray(bolt_file({}))
    content[4 * PAGE : 5 * PAGE] = leaf(4, [(1, b"volumes", struct.pack("<QQ", 0, 0) + inline)])
    (tmp_path / "inline").write_bytes(content)
    assert bolt.read(tmp_path / "inline").records == {b"a": b"1"}


class UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self.path = path

    def connect(self) -> None:
        self.sock = socket(AF_UNIX)
        self.sock.connect(str(self.path))


class Dockerd:
    """Debian's dockerd on a root of its own."""

    def __init__(self, folder: Path, root: Path) -> None:
        (folder / "empty.json").write_text("{}")
        self.socket = folder / "d.sock"
        command = ["dockerd", "--config-file", f"{folder}/empty.json", "-H", f"unix://{self.socket}"]
        command += ["--data-root", str(root), "--exec-root", f"{folder}/x", "--pidfile", f"{folder}/pid"]
        command += ["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"]
        self.process = subprocess.Popen(
            with_own_plugins(folder / "plugins", command),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        end = time.monotonic() + 60
        while not accepts(self.socket):
            assert self.process.poll() is None, "dockerd does not start"
            assert time.monotonic() < end, "dockerd does not answer"
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)

    def call(self, method: str, path: str, body: object = None) -> Any:
        connection = UnixConnection(self.socket)
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json"})
        answer = connection.getresponse().read()
        connection.close()
        return json.loads(answer or b"null")

    def volumes(self) -> dict[str, Any]:
        return {volume["Name"]: volume["Labels"] for volume in self.call("GET", "/volumes")["Volumes"]}


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = Path(tmp_path_factory.mktemp("d"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("dockerd"), reason="needs root and Debian's dockerd"
)
def test_dockerd_and_we_take_turns_on_one_root(stores: Any, short: Path) -> None:
    stores.root.mkdir()
    expected: dict[str, Any] = {f"v{number:04}": {"n": str(number)} for number in range(300)}
    with Dockerd(short, stores.root) as dockerd:
        for name, given in expected.items():
            dockerd.call("POST", "/volumes/create", {"Name": name, "Labels": given})
    service = stores.service()
    assert labels(service) == expected
    service.remove("v0000")
    service.create("ours", "local", labels={"by": "us"})
    stores.close(service.vs)
    del expected["v0000"]
    with Dockerd(short, stores.root) as dockerd:
        assert dockerd.volumes() == expected | {"ours": None}
        dockerd.call("POST", "/volumes/create", {"Name": "theirs", "Labels": {"by": "them"}})
        dockerd.call("DELETE", "/volumes/v0001")
    del expected["v0001"]
    again = stores.service()
    found = labels(again)
    assert found == expected | {"ours": {"by": "us"}, "theirs": {"by": "them"}}


def test_database_has_a_schema_version(stores: Any) -> None:
    service = stores.service()
    assert service.vs.db.database.execute("pragma user_version").fetchone() == (1,)


def test_newer_schema_is_read_and_not_changed(stores: Any) -> None:
    service = stores.service()
    service.create("kept", "local", labels={"a": "1"})
    service.vs.db.database.execute("pragma user_version = 2")
    stores.close(service.vs)
    again = stores.service()
    assert again.get("kept").labels == {"a": "1"}
    assert any("schema version 2" in warning for warning in again.list().warnings)
    with pytest.raises(EngineError):
        again.create("new", "local")
