"""The site on disk stays whole, whatever happens."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from annotator.errors import AnnotatorError
from annotator.site import output


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    output.write({"index.md": b"old", "gone/page.md": b"gone"}, folder)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


def test_the_folder_holds_exactly_what_was_written(docs: Path) -> None:
    output.write({"index.md": b"new", "go/T.md": b"T"}, docs)

    assert content(docs) == {"index.md": b"new", "go/T.md": b"T"}


def test_a_file_that_stays_keeps_its_time_of_change(docs: Path) -> None:
    before = (docs / "index.md").stat().st_mtime_ns

    output.write({"index.md": b"old"}, docs)

    assert (docs / "index.md").stat().st_mtime_ns == before


def test_when_writing_fails_the_old_site_stays_whole(docs: Path) -> None:
    before = content(docs)

    with pytest.raises(AnnotatorError, match="the site that was there is as it was"):
        output.write({"index.md": b"new", "x" * 300: b"a name that no file system takes"}, docs)

    assert content(docs) == before


def test_what_an_interrupted_build_left_is_cleared_away(docs: Path) -> None:
    aside = docs.parent / ".cache"
    (aside / "docs.new").mkdir()
    (aside / "docs.new" / "half.md").write_bytes(b"half")

    output.write({"index.md": b"new"}, docs)

    assert content(docs) == {"index.md": b"new"}
    assert sorted(file.name for file in aside.iterdir()) == ["docs.lock"]


def test_a_build_killed_between_the_two_renames_loses_nothing(docs: Path) -> None:
    before = content(docs)
    docs.rename(docs.parent / ".cache" / "docs.old")

    with pytest.raises(AnnotatorError):
        output.write({"x" * 300: b""}, docs)

    assert content(docs) == before


def test_two_builds_into_one_site_do_not_mix(docs: Path) -> None:
    with (docs.parent / ".cache" / "docs.lock").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        with pytest.raises(output.SiteBusy, match="another build"):
            output.write({"index.md": b"new"}, docs)

    assert (docs / "index.md").read_bytes() == b"old"


@pytest.mark.parametrize("path", ["../up.md", "/etc/up.md", "a//b.md", "a/../../up.md", "", "./x.md"])
def test_no_path_leaves_the_folder(docs: Path, path: str) -> None:
    with pytest.raises(AnnotatorError, match="no path below"):
        output.write({path: b""}, docs)


def test_assets_keep_their_paths(tmp_path: Path) -> None:
    (tmp_path / "assets" / "fonts").mkdir(parents=True)
    (tmp_path / "assets" / "fonts" / "a.woff2").write_bytes(b"font")

    assert output.assets(tmp_path / "assets") == {"assets/fonts/a.woff2": b"font"}


def test_a_site_without_assets_has_none(tmp_path: Path) -> None:
    assert output.assets(tmp_path / "assets") == {}
