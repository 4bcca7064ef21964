"""Removing a directory whole or not at all, and never what a link leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.plugin.backend import atomic_remove_all


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "plugin"
    (made / "inner").mkdir(parents=True)
    (made / "inner" / "file").write_text("x")
    return made


def removing(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}-removing")


def test_a_directory_and_its_twin_are_gone(directory: Path) -> None:
    atomic_remove_all(directory)
    assert list(directory.parent.iterdir()) == []


@pytest.mark.parametrize("content", [[], ["file"]], ids=["empty", "full"])
def test_a_leftover_of_an_earlier_removal_goes_too(directory: Path, content: list[str]) -> None:
    removing(directory).mkdir()
    for name in content:
        (removing(directory) / name).touch()
    atomic_remove_all(directory)
    assert list(directory.parent.iterdir()) == []


def test_a_leftover_goes_even_if_the_directory_is_gone(tmp_path: Path) -> None:
    removing(tmp_path / "gone").mkdir()
    atomic_remove_all(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_fine(tmp_path: Path) -> None:
    atomic_remove_all(tmp_path / "not-exist")
    assert list(tmp_path.iterdir()) == []


def test_a_leftover_that_is_a_file_goes_too(directory: Path) -> None:
    removing(directory).write_text("x")
    atomic_remove_all(directory)
    assert list(directory.parent.iterdir()) == []


@pytest.mark.parametrize("link", ["the directory", "something in it", "the leftover"])
def test_links_are_removed_and_never_followed(directory: Path, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    match link:
        case "the directory":
            directory.rename(tmp_path / "moved")
            directory.symlink_to(outside)
        case "something in it":
            (directory / "inner" / "link").symlink_to(outside)
        case _:
            removing(directory).symlink_to(outside)
    atomic_remove_all(directory)
    assert (outside / "precious").exists()
    assert not directory.is_symlink()
    assert not directory.exists()
    assert not removing(directory).is_symlink()
