"""A tarball becomes a tree of regular files with git's own ids; whatever else is in it does no harm."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.errors import SourceUnavailable
from annotator.model.source import is_safe
from annotator.repository import debian as tarballs
from annotator.repository.debian import CorruptTree, StoredTarball, store


def tarball(path: Path, files: dict[str, bytes], *others: tarfile.TarInfo, compression: str = "xz") -> Path:
    with tarfile.open(path, f"w:{compression}") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for other in others:
            archive.addfile(other)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


@pytest.mark.parametrize("compression", ["xz", "gz", "bz2", ""])
def test_files_come_out_as_they_went_in(tmp_path: Path, folder: Path, compression: str) -> None:
    files = {"./go-1.0/a.go": b"package a\n", "./go-1.0/b/b.go": b"\xff\x00", "./go-1.0/empty.go": b""}

    store(tarball(tmp_path / "x.tar", files, compression=compression), folder)

    assert StoredTarball(folder).read(["a.go", "b/b.go", "empty.go"]) == {
        "a.go": b"package a\n", "b/b.go": b"\xff\x00", "empty.go": b"",
    }  # fmt: skip


def test_ids_are_gits_own(tmp_path: Path, folder: Path) -> None:
    store(tarball(tmp_path / "x.tar.xz", {"a.go": b"package a\n"}), folder)

    asked = subprocess.run(
        ["git", "hash-object", "--stdin"], input=b"package a\n", capture_output=True, check=True
    )
    assert StoredTarball(folder).files["a.go"] == asked.stdout.decode().strip()


def test_folders_that_only_hold_one_folder_are_left_out_of_paths(tmp_path: Path, folder: Path) -> None:
    files = {"./moby-1/engine/go.mod": b"", "./moby-1/engine/daemon/daemon.go": b""}

    store(tarball(tmp_path / "x.tar.xz", files), folder)

    assert list(StoredTarball(folder).files) == ["go.mod", "daemon/daemon.go"]


def test_links_devices_and_hostile_names_are_left_out(tmp_path: Path, folder: Path) -> None:
    names = ("../up.go", "a/../../up.go", "/etc/passwd", "a\\b.go", "a\nb.go", ".git/config", "a//b.go")
    others = [
        special("link.go", tarfile.SYMTYPE, "/etc/passwd"), special("hard.go", tarfile.LNKTYPE, "good.go"),
        special("device.go", tarfile.CHRTYPE), special("pipe.go", tarfile.FIFOTYPE),
    ]  # fmt: skip

    store(
        tarball(tmp_path / "x.tar.xz", {"good.go": b"good", **dict.fromkeys(names, b"bad")}, *others), folder
    )

    assert list(StoredTarball(folder).files) == ["good.go"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tree", "x.tar.xz"]


def test_a_tarball_cut_short_is_refused(tmp_path: Path, folder: Path) -> None:
    whole = tarball(tmp_path / "x.tar.xz", {"a.go": bytes(range(256)) * 1000})
    whole.write_bytes(whole.read_bytes()[:-100])

    with pytest.raises(SourceUnavailable, match=r"x\.tar\.xz is not a whole tarball"):
        store(whole, folder)


@pytest.mark.parametrize(
    "content", [b"", b"no tarball", b"\xfd7zXZ\0 no xz", b"\x1f\x8b no gzip", b"BZh no bzip2"]
)
def test_what_is_no_tarball_is_refused(tmp_path: Path, folder: Path, content: bytes) -> None:
    (tmp_path / "x.tar.xz").write_bytes(content)

    with pytest.raises(SourceUnavailable, match=r"x\.tar\.xz is not a whole tarball"):
        store(tmp_path / "x.tar.xz", folder)


def test_a_tarball_that_swells_without_end_is_refused(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tarballs, "_BIGGEST_TREE", 1 << 20)

    with pytest.raises(SourceUnavailable, match="more than 1 MiB"):
        store(tarball(tmp_path / "x.tar.xz", {"bomb.go": bytes(4 << 20)}), folder)


def test_a_file_that_is_said_to_be_endless_is_refused(tmp_path: Path, folder: Path) -> None:
    header = bytearray(tarfile.TarInfo("endless.go").tobuf())
    header[124:136] = b"\x80" + b"\x7f" * 11
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "x.tar").write_bytes(header + bytes(1024))

    with pytest.raises(SourceUnavailable, match=r"x\.tar is not a whole tarball: it ends within a file"):
        store(tmp_path / "x.tar", folder)


FILES = {f"engine/{number}.go": bytes([number]) * 700 for number in range(8)}


@settings(
    deadline=None,
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.sampled_from(["xz", "gz", "bz2", ""]),
    st.integers(0, 20_000),
    st.binary(max_size=40),
    st.one_of(st.none(), st.integers(0, 9_000)),
)
def test_a_mutated_tarball_is_read_within_its_bounds_or_refused(
    tmp_path: Path, compression: str, at: int, piece: bytes, end: int | None
) -> None:
    data = tarball(tmp_path / "x.tar", FILES, compression=compression).read_bytes()
    at %= len(data)
    (tmp_path / "x.tar").write_bytes((data[:at] + piece + data[at + len(piece) :])[:end])
    (tmp_path / "tree").mkdir(exist_ok=True)

    try:
        store(tmp_path / "x.tar", tmp_path / "tree")
    except SourceUnavailable:
        return
    stored = StoredTarball(tmp_path / "tree")
    assert all(is_safe(path) for path in stored.files)
    assert all(
        tarballs.blob_id(data) == stored.files[path] for path, data in stored.read(stored.files).items()
    )


def test_a_huge_file_is_left_out(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarballs, "_BIGGEST_FILE", 1000)

    store(tarball(tmp_path / "x.tar.xz", {"huge.go": bytes(1001), "good.go": bytes(1000)}), folder)

    assert list(StoredTarball(folder).files) == ["good.go"]


def test_bytes_that_changed_since_are_not_believed(tmp_path: Path, folder: Path) -> None:
    store(tarball(tmp_path / "x.tar.xz", {"a.go": b"package a\n", "b.go": b"package b\n"}), folder)
    (folder / "data").write_bytes(b"package A\npackage b\n")

    assert StoredTarball(folder).read(["b.go"]) == {"b.go": b"package b\n"}
    with pytest.raises(CorruptTree, match=r"a\.go is not what was stored"):
        StoredTarball(folder).read(["a.go"])


@pytest.mark.parametrize("index", [b"", b"\0\0\0\0", b"something else"])
def test_an_index_that_changed_since_is_not_believed(tmp_path: Path, folder: Path, index: bytes) -> None:
    store(tarball(tmp_path / "x.tar.xz", {"a.go": b"package a\n"}), folder)
    (folder / "index").write_bytes(index)

    with pytest.raises(CorruptTree):
        StoredTarball(folder)
