"""Making plugins from tars and directories, hostile ones included."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import stat
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime import errdefs
from runtime.api.types.plugin import PluginCreateOptions
from runtime.check import check
from runtime.golang import encoding_json
from runtime.plugin.archive import split_config_root_fs_from_tar
from runtime.plugin.manager import Manager

if TYPE_CHECKING:
    from conftest import Home

CONFIG = b'{"interface":{"types":["docker.volumedriver/1.0"],"socket":"plugin.sock"},"entrypoint":["/x"]}'


def member(name: str, data: bytes = b"", **attributes: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = 0o755
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, data


def directory(name: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.DIRTYPE)


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    made.seek(0)
    return made


GOOD = (member("config.json", CONFIG), directory("rootfs"), member("rootfs/x", b"program"))


def create(manager: Manager, *members: tuple[tarfile.TarInfo, bytes], name: str = "me/test") -> Path:
    plugin = manager.create_from_context(tar(*members), PluginCreateOptions(name))
    return manager.config.root / plugin.id


def refusal(
    manager: Manager, *members: tuple[tarfile.TarInfo, bytes], name: str = "me/test"
) -> errdefs.EngineError:
    """Why a plugin cannot be made; nothing is left of the attempt."""
    with pytest.raises(errdefs.EngineError) as error:
        create(manager, *members, name=name)
    manager.gc()
    assert manager.list() == []
    assert check(manager.config.root, manager.config.store) == []
    assert sorted(path.name for path in manager.config.root.iterdir()) == ["storage", "tmp"]
    assert [path for path in manager.config.root.rglob("*") if path.is_file()] == []
    return error.value


def test_a_tar_becomes_a_disabled_plugin_with_blobs_and_an_event(home: Home) -> None:
    manager = home.start()
    made = create(manager, *GOOD)
    plugin = manager.inspect("me/test")
    assert (plugin.name, plugin.plugin_reference, plugin.enabled) == (
        "me/test:latest",
        "me/test:latest",
        False,
    )
    assert (made / "rootfs" / "x").read_bytes() == b"program"
    assert stat.S_IMODE((made / "rootfs" / "x").stat().st_mode) == 0o755
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert stat.S_IMODE((made / "config.json").stat().st_mode) == 0o600
    assert home.events == [(plugin.id, "me/test:latest", "create")]
    assert check(home.root, manager.config.store) == []


def test_the_layer_is_the_root_file_system_alone_under_the_digest_of_its_tar(home: Home) -> None:
    manager = home.start()
    create(manager, *GOOD)
    plugin = manager.get("me/test")
    (blobsum,) = plugin.blobsums or ()
    rootfs = plugin.plugin_obj.config.rootfs
    assert rootfs is not None
    with manager.blob_store.get(blobsum) as blob:
        layer = gzip.decompress(blob.read())
    assert rootfs.diff_ids == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        assert archive.getnames() == [".", "x"]


def test_the_config_blob_is_the_config_with_its_layer(home: Home) -> None:
    manager = home.start()
    create(manager, *GOOD)
    plugin = manager.get("me/test")
    with manager.blob_store.get(plugin.config) as blob:
        assert blob.read() == encoding_json.encode(plugin.plugin_obj.config) + b"\n"


def test_the_same_tar_makes_the_same_blobs(home: Home) -> None:
    manager = home.start()
    create(manager, *GOOD, name="one")
    create(manager, *GOOD, name="two")
    assert manager.get("one").blobsums == manager.get("two").blobsums
    assert manager.get("one").config == manager.get("two").config


def test_a_directory_becomes_a_plugin(home: Home, source: Path) -> None:
    manager = home.start()
    plugin = manager.create_from_directory(source, PluginCreateOptions("me/test"))
    made = home.root / plugin.id / "rootfs" / "plugin"
    assert made.read_text() == (source / "rootfs" / "plugin").read_text()
    assert os.access(made, os.X_OK)


def test_a_name_can_be_taken_once(home: Home) -> None:
    manager = home.start()
    create(manager, *GOOD)
    with pytest.raises(errdefs.Conflict) as error:
        create(manager, *GOOD)
    assert str(error.value) == "plugin me/test:latest already exists"
    assert len(manager.list()) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "Upper",
            "failed to parse reference Upper: invalid reference format: repository name must be lowercase",
        ),
        ("x@sha256:" + "a" * 64, "canonical references are not permitted"),
    ],
)
def test_a_name_that_is_none_is_refused(home: Home, name: str, text: str) -> None:
    assert str(refusal(home.start(), *GOOD, name=name)) == text


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ([], "no rootfs found: EOF"),
        (GOOD[:1], "no rootfs found: EOF"),
        (GOOD[1:], "config not found"),
        ([member("config.json", b"{"), *GOOD[1:]], "failed to parse config: "),
        (
            [member("config.json", b"{} {}"), *GOOD[1:]],
            "failed to parse config: invalid character '{' after top-level value",
        ),
        ([member("config.json", b'{"env":1}'), *GOOD[1:]], "failed to parse config: "),
        (
            [member("config.json", b'{"interface":{"types":[5]}}'), *GOOD[1:]],
            'failed to parse config: "5" is not a plugin interface type',
        ),
        ([member("config.json", b'{"interface":{"socket":"../../x"}}'), *GOOD[1:]], "invalid socket"),
        ([directory("config.json"), *GOOD[1:]], "failed to read config.json: "),
        (
            [member("config.json", b" " * (encoding_json.SIZE_LIMIT + 9)), *GOOD[1:]],
            "failed to parse config: ",
        ),
    ],
    ids=[
        "empty",
        "no rootfs",
        "no config",
        "broken",
        "trailing",
        "type",
        "interface",
        "socket",
        "dir",
        "huge",
    ],
)
def test_a_tar_that_is_no_plugin_is_refused_and_leaves_nothing(
    home: Home, members: list[tuple[tarfile.TarInfo, bytes]], text: str
) -> None:
    assert str(refusal(home.start(), *members)).startswith(text)


@pytest.mark.parametrize(
    "bad",
    [
        member("/rootfs/absolute", b"x"),
        member("/config.json", CONFIG),
        member("rootfs/../../up", b"x"),
        member("../up", b"x"),
        member("rootfs/link", type=tarfile.SYMTYPE, linkname="../../../etc/passwd"),
        member("rootfs/hard", type=tarfile.LNKTYPE, linkname="../../etc/passwd"),
        member("rootfs/hard", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
        member("rootfs/hard", type=tarfile.LNKTYPE, linkname="rootfs/nothing"),
        member("rootfs/device", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        member("rootfs/disk", type=tarfile.BLKTYPE, devmajor=8, devminor=0),
        member("rootfs/pipe", type=tarfile.FIFOTYPE),
        member("rootfs/x/below-a-file", b"x"),
        member("rootfs", type=tarfile.SYMTYPE, linkname="/etc"),
        member("rootfs/" + "n" * 300, b"x"),
    ],
    ids=lambda bad: f"{bad[0].name[:20]}-{bad[0].linkname}",
)
def test_a_tar_that_reaches_out_is_refused_and_leaves_nothing(
    home: Home, bad: tuple[tarfile.TarInfo, bytes]
) -> None:
    refusal(home.start(), *GOOD, bad)


def test_nothing_is_unpacked_through_a_link(home: Home, tmp_path: Path) -> None:
    link = member("rootfs/out", type=tarfile.SYMTYPE, linkname=str(tmp_path))
    assert "below a link" in str(refusal(home.start(), *GOOD, link, member("rootfs/out/file", b"x")))
    assert not (tmp_path / "file").exists()


def test_a_file_that_replaces_a_link_does_not_write_through_it(home: Home, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    link = member("rootfs/file", type=tarfile.SYMTYPE, linkname=str(victim))
    made = create(home.start(), *GOOD, link, member("rootfs/file", b"new", mode=0o600))
    assert victim.read_text() == "precious"
    assert (made / "rootfs" / "file").read_bytes() == b"new"


def test_a_link_that_replaces_a_file_does_not_pass_the_files_mode_on(home: Home, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    victim.chmod(0o600)
    link = member("rootfs/file", type=tarfile.SYMTYPE, linkname=str(victim))
    create(home.start(), *GOOD, member("rootfs/file", b"x", mode=0o777), link)
    assert stat.S_IMODE(victim.stat().st_mode) == 0o600


def test_links_within_the_root_file_system_are_kept(home: Home) -> None:
    soft = member("rootfs/bin", type=tarfile.SYMTYPE, linkname="usr/bin")
    whole = member("rootfs/mtab", type=tarfile.SYMTYPE, linkname="/proc/mounts")
    hard = member("rootfs/y", type=tarfile.LNKTYPE, linkname="rootfs/x")
    made = create(home.start(), *GOOD, soft, whole, hard) / "rootfs"
    assert (made / "bin").readlink() == Path("usr/bin")
    assert (made / "mtab").readlink() == Path("/proc/mounts")
    assert (made / "x").samefile(made / "y")


def test_a_directory_without_write_permission_can_still_be_filled(home: Home) -> None:
    closed = member("rootfs/closed", type=tarfile.DIRTYPE, mode=0o500)
    made = create(home.start(), *GOOD, closed, member("rootfs/closed/file", b"x", mode=0o400)) / "rootfs"
    assert (made / "closed" / "file").read_bytes() == b"x"
    assert stat.S_IMODE((made / "closed").stat().st_mode) == 0o500


@pytest.mark.parametrize("cut", [100, 600, 1100])
def test_a_tar_that_ends_too_early_is_refused(home: Home, cut: int) -> None:
    manager = home.start()
    data = tar(*GOOD, member("rootfs/long", b"x" * 4096)).getvalue()
    with pytest.raises(
        errdefs.EngineError, match=r"failed to read from tar|no rootfs found|config not found"
    ):
        manager.create_from_context(io.BytesIO(data[:cut]), PluginCreateOptions("me/test"))
    assert manager.list() == []


def test_a_config_of_a_persons_own_spelling_is_understood(home: Home, source: Path) -> None:
    manager = home.start()
    manager.create_from_directory(source, PluginCreateOptions("me/test"))
    config = manager.inspect("me/test").config
    assert config.interface.socket == "plugin.sock"
    assert manager.inspect("me/test").settings.env == ["DEBUG=0"]
    assert json.loads((source / "config.json").read_text())["entrypoint"] == config.entrypoint


def test_a_full_disk_is_one_clear_error(tmp_path):
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(errdefs.EngineError, match=r"error copying tar data: .*no space left"),
    ):
        split_config_root_fs_from_tar(tar(*GOOD), tmp_path, full)
