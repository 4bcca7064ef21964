"""The local driver against real directories."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.errdefs import InvalidParameter, System, kind
from runtime.volume.local import local
from runtime.volume.local.local import Root
from runtime.volume.local.local_unix import (
    OptsConfig,
    ValidationError,
    VolumeNotFound,
    get_address,
    validate_name,
)
from runtime.volume.service.db import VolumeMetadata
from runtime.workers import Threads


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    made = local.new(tmp_path)
    yield made
    made.close()


def reopened(root: Root) -> Root:
    return local.new(root.base)


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ("addr=11.11.11.1", "11.11.11.1"),
        ("noexec,nosuid,addr=11.11.11.1", "11.11.11.1"),
        ("addr=2001:db8::68", "2001:db8::68"),
        ("noexec,addr=,ro", ""),
        ("noexec", ""),
        ("", ""),
    ],
)
def test_the_address_is_found_among_mount_options(options: str, address: str) -> None:
    assert get_address(options) == address


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ("username=u,password=s3cret,vers=3", "username=u,password=********,vers=3"),
        ("password=", "password=********"),
        ("vers=3", "vers=3"),
        ("", ""),
    ],
)
def test_a_password_among_mount_options_is_not_shown(options: str, shown: str) -> None:
    assert (
        str(OptsConfig("cifs", options, "//host/share")) == f"type='cifs' device='//host/share' o='{shown}'"
    )


def test_a_removed_volume_is_not_listed(root: Root) -> None:
    root.remove(root.create("testing"))
    assert root.list() == ()


def test_a_volume_whose_data_are_gone_already_is_removed(root: Root) -> None:
    volume = root.create("testing2")
    Path(volume.path()).rmdir()
    root.remove(volume)
    assert root.list() == ()
    assert not Path(volume.path()).parent.exists()


def test_a_volume_whose_directory_is_gone_already_is_removed(root: Root) -> None:
    volume = root.create("testing3")
    Path(volume.path()).rmdir()
    Path(volume.path()).parent.rmdir()
    root.remove(volume)
    assert root.list() == ()


def test_a_new_driver_finds_the_volumes_of_the_root(root: Root) -> None:
    path = root.create("testing").path()
    again = reopened(root)
    assert again.get("testing").path() == path
    again.close()


@pytest.mark.parametrize("name", ["name", "name-with-dash", "name_with_underscore", "0-9.x"])
def test_letters_dashes_and_underscores_make_a_name(root: Root, name: str) -> None:
    assert Path(root.create(name).path()).is_dir()


@pytest.mark.parametrize(
    "name",
    [
        *(
            "name/with/slash",
            "name/with/../../slash",
            "./name",
            "../name",
            "./",
            "../",
            "~a",
            "..",
            "...",
        ),
        *("", ".hidden", "a b", "a\nb", "ab\n", "é", "a\0b", "/abs", "-ab", "_ab", "a" * 2 + "/"),
    ],
)
def test_what_could_lead_elsewhere_is_no_name(root: Root, name: str) -> None:
    with pytest.raises(InvalidParameter, match="includes invalid characters for a local volume name"):
        root.create(name)


@pytest.mark.parametrize("length", [253, 254, 255])
def test_a_name_may_be_as_long_as_that_of_a_directory(root: Root, length: int) -> None:
    volume = root.create("n" * length)
    assert root.on_disk() == ({volume.name}, set())
    root.remove(volume)
    assert root.on_disk() == (set(), set())


def test_a_name_that_no_directory_can_have_is_an_error_of_the_system(root: Root) -> None:
    with pytest.raises(System, match="file name too long"):
        root.create("n" * 256)


@pytest.mark.parametrize(
    "name",
    [
        "metadata.db",
        "metadata.sqlite3",
        "metadata.sqlite3-wal",
        "metadata.sqlite3-shm",
        "metadata.sqlite3-journal",
        "metadata.sqlite3.damaged-1",
    ],
)
def test_the_engine_s_own_files_keep_their_names(root: Root, name: str) -> None:
    with pytest.raises(ValidationError, match="is the name of a file that the engine keeps"):
        root.create(name)


def test_one_letter_is_too_short_a_name() -> None:
    with pytest.raises(InvalidParameter) as error:
        validate_name("a")
    assert str(error.value) == (
        "volume name is too short, names should be at least two alphanumeric characters"
    )


def test_the_error_of_a_name_says_what_is_allowed() -> None:
    with pytest.raises(InvalidParameter) as error:
        validate_name("a/b")
    assert str(error.value) == (
        '"a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are '
        "allowed. If you intended to pass a host directory, use absolute path"
    )


def test_an_unknown_option_is_an_invalid_parameter(root: Root) -> None:
    with pytest.raises(InvalidParameter) as error:
        root.create("test", {"notsupported": "notsupported"})
    assert str(error.value) == 'invalid option key: "notsupported"'
    assert list((root.base / "volumes").iterdir()) == []


def test_a_volume_that_exists_is_returned_as_it_is(root: Root) -> None:
    assert root.create("test") is root.create("test", {"type": "tmpfs"})


def test_an_unknown_volume_is_not_found(root: Root) -> None:
    with pytest.raises(VolumeNotFound) as error:
        root.get("missing")
    assert kind(error.value) is None


def test_the_modes_are_mobys_and_the_umask_does_not_matter(root: Root) -> None:
    before = os.umask(0o077)
    try:
        volume = root.create("test", {"type": "tmpfs", "device": "tmpfs"})
    finally:
        os.umask(before)
    modes = [
        stat.S_IMODE(path.stat().st_mode)
        for path in (root.base / "volumes", Path(volume.path()), Path(volume.path()).parent / "opts.json")
    ]
    assert modes == [0o700, 0o755, 0o600]


def test_the_options_file_is_what_moby_writes(root: Root) -> None:
    root.create("test", {"type": "nfs", "o": "addr=127.0.0.1,rw", "device": ":/x"})
    assert (root.base / "volumes/test/opts.json").read_bytes() == (
        b'{"MountType":"nfs","MountOpts":"addr=127.0.0.1,rw","MountDevice":":/x"}'
    )


@pytest.mark.parametrize(
    "content", [None, b"null", b"{}", b""], ids=["absent", "null", "empty object", "empty"]
)
def test_a_volume_without_real_options_is_used_without_mounting(root: Root, content: bytes | None) -> None:
    path = Path(root.create("test").path())
    if content is not None:
        (path.parent / "opts.json").write_bytes(content)
    again = reopened(root)
    volume = again.get("test")
    assert volume.opts is None
    assert volume.mount("1234") == str(path)
    again.close()


def test_options_of_a_later_engine_are_read(root: Root) -> None:
    path = Path(root.create("test").path()).parent / "opts.json"
    path.write_text('{"MountType":"tmpfs","MountOpts":"size=1m","MountDevice":"tmpfs","Quota":{"Size":0}}')
    again = reopened(root)
    assert str(again.get("test").opts) == "type='tmpfs' device='tmpfs' o='size=1m'"
    again.close()


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"MountType":3}', b"\xff", b"{" * 100_000, b" " * 2_000_000]
)
def test_a_broken_options_file_does_not_stop_the_start(root: Root, content: bytes) -> None:
    path = Path(root.create("broken").path()).parent / "opts.json"
    root.create("sound")
    path.write_bytes(content)
    again = reopened(root)
    assert {volume.name for volume in again.list()} == {"broken", "sound"}
    assert len(again.warnings()) == 1
    assert "error while unmarshaling volume options for volume: broken: " in again.warnings()[0]
    with pytest.raises(System, match="error while unmarshaling volume options"):
        again.get("broken").mount("1234")
    assert path.read_bytes() == content
    again.close()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: Path(path).symlink_to("/etc/passwd")])
def test_an_options_file_that_is_no_file_is_a_broken_one(root: Root, make: object) -> None:
    path = Path(root.create("broken").path()).parent / "opts.json"
    make(path)  # type: ignore[operator]  # three makers
    again = reopened(root)
    assert "broken" in again.warnings()[0]
    again.close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"null"),
        lambda path: path.write_bytes(b"{}"),
        lambda path: path.write_bytes(b'{"MountType":""}'),
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        lambda path: path.write_bytes(b"[]"),
        lambda path: path.write_bytes(b"\0" * 64),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.symlink_to("nowhere")),
    ],
    ids=["gone", "empty", "null", "no option", "no value", "cut", "list", "zeros", "directory", "dangling"],
)
@pytest.mark.parametrize("recorded", ["local", ""], ids=["driver recorded", "no driver recorded"])
def test_volume_that_lost_its_options_is_not_mounted(
    stores: Any, damage: Callable[[Path], object], recorded: str
) -> None:
    stores.workers = Threads()
    service = stores.service()
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
    volume = service.create("lost", "local", options=options)
    service.vs.db.set("lost", VolumeMetadata("lost", recorded, None, options))
    damage(Path(volume.mountpoint).parent / "opts.json")
    stores.close(service.vs)
    again = stores.service()
    with pytest.raises(System, match="lost"):
        again.mount(again.get("lost"), "user")
    assert again.get("lost").options == options
    assert any("lost" in warning for warning in again.list().warnings)
    again.remove("lost")
    assert again.create("lost", "local").name == "lost"
    again.mount(again.get("lost"), "user")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "unexpected end of JSON input"),
        (b"x", "invalid character 'x' looking for beginning of value"),
        (
            b'{"MountType":3}',
            "json: cannot unmarshal number into Go struct field OptsConfig.MountType of type string",
        ),
        (b"[]", "json: cannot unmarshal array into Go value of type local.OptsConfig"),
    ],
)
def test_broken_options_are_explained_in_go_s_words(root: Root, content: bytes, words: str) -> None:
    path = Path(root.create("broken").path()).parent / "opts.json"
    path.write_bytes(content)
    again = reopened(root)
    assert again.warnings()[0].endswith(f"broken: {words}")
    again.close()


def test_files_and_links_in_the_root_are_no_volumes(root: Root) -> None:
    base = root.base / "volumes"
    (base / "file").write_text("x")
    (base / "link").symlink_to("/etc")
    os.mkfifo(base / "fifo")
    (base / os.fsdecode(b"\xff\xfe")).mkdir()
    again = reopened(root)
    assert again.list() == ()
    assert "is no volume" in again.warnings()[0]
    again.close()


def test_a_missing_data_directory_is_told_and_stops_nothing(root: Root) -> None:
    Path(root.create("test").path()).rmdir()
    again = reopened(root)
    assert again.warnings() == ("volume test: its directory _data is missing",)
    assert again.get("test").name == "test"
    again.close()


def test_the_time_of_creation_does_not_change_with_the_data(root: Root) -> None:
    volume = root.create("test")
    before = volume.created_at()
    (Path(volume.path()) / "file").write_text("x")
    os.utime(volume.path(), (0, 0))
    again = reopened(root)
    assert again.get("test").created_at() == before
    again.close()


def test_the_time_of_a_volume_whose_directory_is_gone_is_not_known(root: Root) -> None:
    volume = root.create("test")
    Path(volume.path()).rmdir()
    Path(volume.path()).parent.rmdir()
    assert volume.created_at() is None


def test_a_directory_that_was_there_before_is_used_with_what_is_in_it(root: Root) -> None:
    data = root.base / "volumes/mine/_data"
    data.mkdir(parents=True)
    (data / "file").write_text("kept")
    volume = root.create("mine")
    assert (Path(volume.path()) / "file").read_text() == "kept"


def test_a_failed_creation_leaves_nothing(root: Root) -> None:
    (root.base / "volumes/taken").write_text("a file")
    with pytest.raises(System, match=r"error while creating volume path '.*/taken/_data': not a directory"):
        root.create("taken")
    assert sorted(path.name for path in (root.base / "volumes").iterdir()) == ["taken"]
    assert (root.base / "volumes/taken").read_text() == "a file"


def test_a_volume_of_another_driver_cannot_be_removed(root: Root) -> None:
    with pytest.raises(System, match="unknown volume type object"):
        root.remove(object())


def test_missing_device_is_told_at_mount(root: Root) -> None:
    volume = root.create("test", {"type": "tmpfs"})
    with pytest.raises(System) as error:
        volume.mount("1234")
    assert str(error.value) == "missing device in volume options"


def test_a_name_that_nobody_knows_is_an_error_at_mount(root: Root) -> None:
    volume = root.create("test", {"type": "nfs", "device": ":/x", "o": "addr=no.such.host.invalid,rw"})
    with pytest.raises(System, match=r"^error resolving passed in nfs address: "):
        volume.mount("1234")


def test_unmounting_more_often_than_mounting_does_not_lock_the_volume(root: Root) -> None:
    volume = root.create("test", {"type": "tmpfs", "device": "tmpfs"})
    volume.unmount("1234")
    assert volume.count == 0
    root.remove(volume)
    assert root.list() == ()
