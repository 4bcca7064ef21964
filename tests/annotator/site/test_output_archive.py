"""Archives of files: packed, unpacked, and hostile ones."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from annotator.site import output
from annotator.site.output import InvalidArchive, pack, unpack


def made(*members: tuple[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return data.getvalue()


def test_files_come_out_as_they_went_in(tmp_path: Path) -> None:
    files = {"a.html": b"a" * 1000, "deep/er/é.bin": bytes(range(256)), "empty": b""}
    for name, content in files.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)

    unpack(pack(tmp_path / "in", [tmp_path / "in" / name for name in files]), tmp_path / "out")

    out = tmp_path / "out"
    assert files == {
        file.relative_to(out).as_posix(): file.read_bytes() for file in out.rglob("*") if file.is_file()
    }


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../../x", "a//b", "C:/x", "a\\..\\x", "a/.git/config", "x\n", ".", "folder/"]
)
def test_path_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArchive, match="holds the path"):
        unpack(made(("good", b""), (name, b"evil")), tmp_path / "inner" / "out")

    assert not any(file.is_file() for file in tmp_path.rglob("*"))


def test_path_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = made(("a", b"1"), ("a", b"2"))

    with pytest.raises(InvalidArchive, match="holds the path"):
        unpack(data, tmp_path)


def test_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "MOST_BYTES", 1 << 20)

    with pytest.raises(InvalidArchive, match="more than 1 MiB"):
        unpack(made(("a", bytes(1 << 19)), ("b", bytes((1 << 19) + 1))), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_archive_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    data = bytearray(made(("a", bytes(5000))))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")

    with pytest.raises(InvalidArchive, match="damaged"):
        unpack(bytes(data), tmp_path)


def test_archive_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "MOST_FILES", 1)

    with pytest.raises(InvalidArchive, match="more than 1 files"):
        unpack(made(("a", b""), ("b", b"")), tmp_path)


@pytest.mark.parametrize("cut", [0, 1, 30, 60, -1])
def test_archive_that_is_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    with pytest.raises(InvalidArchive, match="damaged"):
        unpack(made(("a", b"content" * 50))[:cut], tmp_path)


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("x" * 300,)])
def test_archive_with_impossible_paths_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(InvalidArchive, match="a path that cannot be"):
        unpack(made(*((name, b"") for name in names)), tmp_path)
