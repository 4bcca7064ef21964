"""Mount options, and real mounts when root."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.errdefs import System
from runtime.pkg import mount
from runtime.pkg.mount import Flag, mounted, unmount
from runtime.volume.local import local
from runtime.volume.local.local import Root

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    made = local.new(tmp_path)
    yield made
    for volume in made.list():
        unmount(Path(volume.path()))
    made.close()


@pytest.mark.parametrize(
    ("options", "flags", "data"),
    [
        ("", Flag.NONE, ""),
        ("ro", Flag.RDONLY, ""),
        ("ro,rw", Flag.NONE, ""),
        ("size=1m,uid=1000", Flag.NONE, "size=1m,uid=1000"),
        ("noexec,nosuid,size=1m,ro", Flag.NOEXEC | Flag.NOSUID | Flag.RDONLY, "size=1m"),
        ("rbind", Flag.BIND | Flag.REC, ""),
        ("bind,rslave", Flag.BIND | Flag.SLAVE | Flag.REC, ""),
        ("noatime,atime", Flag.NONE, ""),
        ("defaults", Flag.NONE, "defaults"),
    ],
)
def test_options_are_flags_or_data(options: str, flags: Flag, data: str) -> None:
    assert mount.parse_options(options) == (flags, data)


@pytest.mark.parametrize(
    ("device", "options", "calls"),
    [
        ("/dev/sdz", "remount", []),
        ("/dev/sdz", "remount,ro", []),
        ("tmpfs", "remount,size=1m", [("tmpfs", Flag.REMOUNT, "size=1m")]),
        ("/dev/sdz", "ro", [("/dev/sdz", Flag.RDONLY, "")]),
        ("/dev/sdz", "shared", [("/dev/sdz", Flag.NONE, ""), ("", Flag.SHARED, "")]),
        ("none", "rshared", [("", Flag.SHARED | Flag.REC, "")]),
        ("none", "", [("none", Flag.NONE, "")]),
        (
            "/src",
            "bind,ro,remount",
            [("", Flag.BIND | Flag.RDONLY | Flag.REMOUNT, "")],
        ),
    ],
)
def test_mount_calls_are_those_of_moby(
    monkeypatch: pytest.MonkeyPatch, device: str, options: str, calls: list[tuple[str, Flag, str]]
) -> None:
    made: list[tuple[str, Flag, str]] = []
    monkeypatch.setattr(mount, "_call_mount", lambda d, _t, _f, flags, data="": made.append((d, flags, data)))
    mount.force_mount(device, "/nowhere", "tmpfs", options)
    assert made == calls


def mounts_of(path: str) -> list[str]:
    lines = subprocess.run(["mount"], check=True, capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if f" on {path} " in line]


@as_root
def test_a_tmpfs_is_mounted_on_first_use_and_until_the_last(root: Root) -> None:
    volume = root.create("test", {"device": "tmpfs", "type": "tmpfs", "o": "size=1m,uid=1000"})
    assert mounts_of(volume.path()) == []
    counts = []
    for call in (volume.mount, volume.mount, volume.unmount):
        call("1234")
        counts.append(volume.count)
        (found,) = mounts_of(volume.path())
        assert "tmpfs" in found
        assert "size=1024k" in found
        assert "uid=1000" in found
    volume.unmount("1234")
    assert (counts, volume.count, mounts_of(volume.path())) == ([1, 2, 1], 0, [])


@as_root
def test_a_mounted_volume_is_not_removed(root: Root) -> None:
    volume = root.create("test", {"device": "tmpfs", "type": "tmpfs"})
    volume.mount("1234")
    with pytest.raises(System) as error:
        root.remove(volume)
    assert str(error.value) == "volume has active mounts"
    volume.unmount("1234")
    root.remove(volume)


@as_root
def test_options_survive_a_restart_and_a_mount_that_was_left_does_not(root: Root) -> None:
    volume = root.create("test", {"device": "tmpfs", "type": "tmpfs", "o": "size=1m"})
    volume.mount("1234")
    again = local.new(root.base)
    assert again.get("test").opts == volume.opts
    assert not mounted(Path(volume.path()))
    again.close()


@as_root
def test_a_directory_is_bound(root: Root, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_text("here")
    volume = root.create("test", {"device": str(source), "type": "none", "o": "bind"})
    assert (Path(volume.mount("1234")) / "file").read_text() == "here"
    volume.unmount("1234")
    root.remove(volume)
    assert (source / "file").read_text() == "here"


@as_root
def test_a_read_only_bind_is_read_only(root: Root, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    volume = root.create("test", {"device": str(source), "type": "none", "o": "bind,ro"})
    path = Path(volume.mount("1234"))
    with pytest.raises(OSError, match="Read-only file system"):
        (path / "file").write_text("x")


@as_root
def test_a_device_called_none_is_mounted_and_not_just_said_to_be(root: Root) -> None:
    volume = root.create("test", {"device": "none", "type": "tmpfs"})
    volume.mount("1234")
    assert mounts_of(volume.path()) != []


@as_root
def test_the_kernel_s_refusal_is_told_with_the_options(root: Root) -> None:
    volume = root.create("test", {"device": "/nowhere", "type": "ext4", "o": "ro"})
    with pytest.raises(System) as error:
        volume.mount("1234")
    assert str(error.value).startswith(
        "error while mounting volume with options: type='ext4' device='/nowhere' o='ro': "
    )
    assert volume.count == 0


@as_root
def test_nothing_is_mounted_over_a_link(root: Root, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    volume = root.create("test", {"device": "tmpfs", "type": "tmpfs"})
    Path(volume.path()).rmdir()
    Path(volume.path()).symlink_to(target)
    with pytest.raises(System, match="the directory of the data is a symlink"):
        volume.mount("1234")
    assert not mounted(target)


CAP_SYS_ADMIN = 1 << 21
CAPABILITY_VERSION_3 = 0x20080522


@contextmanager
def without_the_right_to_mount() -> Iterator[None]:
    """This thread without the capability that mounting takes; whoever has none anyway stays so."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then those of the upper half
    assert libc.capget(header, data) == 0
    before = data[0]
    data[0] = before & ~CAP_SYS_ADMIN
    assert libc.capset(header, data) == 0
    try:
        yield
    finally:
        data[0] = before
        assert libc.capset(header, data) == 0


def test_without_the_right_to_mount_the_error_says_so(root: Root) -> None:
    volume = root.create("test", {"device": "tmpfs", "type": "tmpfs"})
    with without_the_right_to_mount(), pytest.raises(System, match="operation not permitted"):
        volume.mount("1234")
