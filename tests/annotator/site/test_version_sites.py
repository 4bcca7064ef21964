"""Sites of several tags side by side: each whole or not there, and a list that says which there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from annotator.errors import AnnotatorError
from annotator.site import output, version_sites

PAGES = {"index.md": b"# Hello\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site's folder with settings of the smallest kind."""
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: t\nsite_dir: html\nuse_directory_urls: false\nplugins: []\n"
    )
    (tmp_path / "versions.yml").write_text(
        "INHERIT: mkdocs.yml\ntheme: {name: mkdocs, custom_dir: versions}\n"
    )
    (tmp_path / "versions").mkdir()
    return tmp_path


def version(tag: str, pages: Mapping[str, bytes] = PAGES) -> version_sites.VersionSite:
    """A version whose state is its pages."""
    return version_sites.VersionSite(tag, repr(sorted(pages.items())), lambda: pages)


def listed(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((folder / "html" / "versions.json").read_bytes())
    return found


def test_each_tag_is_a_site_and_the_list_has_the_newest_first(folder: Path) -> None:
    made = ("v9", "v10")

    assert version_sites.publish([version(tag) for tag in made], folder, "v9") == ("v10", "v9")

    assert listed(folder) == [
        {"version": "v10", "title": "v10", "aliases": []},
        {"version": "v9", "title": "v9 (baseline)", "aliases": []},
    ]
    assert all((folder / "html" / tag / "index.html").is_file() for tag in made)
    assert "url=v9/index.html" in (folder / "html" / "index.html").read_text()


def test_a_version_of_an_earlier_run_stays_and_a_single_site_gives_way(folder: Path) -> None:
    (folder / "html").mkdir()
    (folder / "html" / "single.html").write_text("")
    version_sites.publish([version("v1")], folder, "v1")

    version_sites.publish([version("v2")], folder, "v1")

    assert [(one["version"], one["title"]) for one in listed(folder)] == [
        ("v2", "v2"),
        ("v1", "v1 (baseline)"),
    ]
    assert sorted(file.name for file in (folder / "html").iterdir()) == [
        "index.html", "v1", "v2", "versions.json",
    ]  # fmt: skip


def test_what_goes_wrong_on_the_way_leaves_every_version_as_it_was(folder: Path) -> None:
    version_sites.publish([version("v1")], folder, "v1")
    before = {file: file.read_bytes() for file in (folder / "html").rglob("*") if file.is_file()}

    def interrupt() -> Mapping[str, bytes]:
        raise KeyboardInterrupt

    changed = version("v1", {"index.md": b"# Other\n"})
    with pytest.raises(KeyboardInterrupt):
        version_sites.publish([changed, version_sites.VersionSite("v2", "", interrupt)], folder, "v1")

    assert before == {file: file.read_bytes() for file in (folder / "html").rglob("*") if file.is_file()}


def test_pages_that_mkdocs_refuses_are_told_and_nothing_is_published(folder: Path) -> None:
    with pytest.raises(AnnotatorError, match="v1: mkdocs cannot build it"):
        version_sites.publish([version("v1", {"index.md": b"[x](nowhere.md)\n"})], folder, "v1")

    assert not (folder / "html").exists()


def test_two_builds_at_once_are_told(folder: Path) -> None:
    def build_another() -> Mapping[str, bytes]:
        version_sites.publish([version("v2")], folder, "v1")
        return PAGES

    with pytest.raises(output.SiteBusy, match="another build is writing it"):
        version_sites.publish([version_sites.VersionSite("v1", "", build_another)], folder, "v1")


def test_a_tag_that_is_no_name_of_a_folder_becomes_one(folder: Path) -> None:
    (name,) = version_sites.publish([version("../x")], folder, "v1")

    assert "/" not in name
    assert (folder / "html" / name / "index.html").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("hostile", [b"{", b'[{"version": "../..", "title": "x"}]', b"[1]"])
def test_a_list_that_is_damaged_or_names_other_folders_is_made_anew(folder: Path, hostile: bytes) -> None:
    version_sites.publish([version("v1")], folder, "v1")
    (folder / "html" / "versions.json").write_bytes(hostile)

    assert version_sites.publish([version("v2")], folder, "v1") == ("v2",)


def test_a_version_that_an_interrupted_run_had_taken_away_is_put_back(folder: Path) -> None:
    version_sites.publish([version("v1")], folder, "v1")
    aside = folder / ".cache" / "versions"
    aside.mkdir(parents=True)
    (folder / "html" / "v1").rename(aside / "v1.old")

    assert version_sites.publish([version("v2")], folder, "v1") == ("v2", "v1")
