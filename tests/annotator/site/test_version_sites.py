"""Built sites of several tags side by side, and the list of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from annotator.site import output, version_sites
from annotator.site.output import pack
from annotator.site.version_sites import BuiltSite, FailedSite, Published

PAGES = {"index.html": b"Hello\n"}


def archive(tmp_path: Path, pages: Mapping[str, bytes]) -> bytes:
    folder = tmp_path / "packed"
    for name, data in pages.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return pack(folder, [folder / name for name in pages])


class Sites:
    """A site's folder, and builds of which some fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.html = folder / "site" / "html"
        self.built: list[str] = []

    def publish(
        self, *tags: str, state: str = "", fails: Sequence[str] = (), data: bytes | None = None
    ) -> Published:
        def build(missing: Sequence[str]) -> Iterator[BuiltSite | FailedSite]:
            for tag in missing:
                self.built.append(tag)
                if tag in fails:
                    yield FailedSite(tag, "no luck", 3)
                else:
                    yield BuiltSite(tag, archive(self.folder, PAGES) if data is None else data)

        states = {tag: tag + state for tag in tags}
        return version_sites.publish(states, self.folder / "site", "v9", build)

    def listed(self) -> list[tuple[str, str]]:
        versions = json.loads((self.html / "versions.json").read_bytes())
        assert all(version["aliases"] == [] for version in versions)
        return [(version["version"], version["title"]) for version in versions]

    def files(self) -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in self.html.rglob("*") if file.is_file()}


@pytest.fixture
def sites(tmp_path: Path) -> Sites:
    (tmp_path / "site").mkdir()
    return Sites(tmp_path)


def test_list_has_the_newest_version_first(sites: Sites) -> None:
    assert sites.publish("v9", "v10") == Published(("v10", "v9"), ())

    assert sites.listed() == [("v10", "v10"), ("v9", "v9 (baseline)")]
    assert all((sites.html / tag / "index.html").read_bytes() == b"Hello\n" for tag in ("v9", "v10"))
    assert "url=v9/index.html" in (sites.html / "index.html").read_text()


def test_candidate_is_listed_after_its_release(sites: Sites) -> None:
    assert sites.publish("v9-rc1", "v9", "v10").versions == ("v10", "v9", "v9-rc1")


def test_single_site_is_replaced_and_other_versions_stay(sites: Sites) -> None:
    sites.html.mkdir()
    (sites.html / "single.html").write_text("")
    sites.publish("v1")

    sites.publish("v2")

    assert sites.listed() == [("v2", "v2"), ("v1", "v1")]
    assert sorted(file.name for file in sites.html.iterdir()) == [
        "index.html",
        "latest",
        "v1",
        "v2",
        "versions.json",
    ]


def test_finished_site_is_not_built_again(sites: Sites) -> None:
    sites.publish("v1", "v2")
    sites.publish("v1", "v2", "v3")
    assert sites.built == ["v1", "v2", "v3"]

    sites.publish("v1", "v2", "v3", state="changed")
    assert sites.built[3:] == ["v1", "v2", "v3"]


def test_failed_version_is_returned_and_the_others_stand(sites: Sites) -> None:
    assert sites.publish("v1", "v2", "v3", fails=["v2"]) == Published(
        ("v3", "v1"), (FailedSite("v2", "no luck", 3),)
    )
    assert sites.listed() == [("v3", "v3"), ("v1", "v1")]

    sites.publish("v1", "v2", "v3")
    assert sites.built == ["v1", "v2", "v3", "v2"]


def test_version_that_fails_again_keeps_its_old_site(sites: Sites) -> None:
    sites.publish("v1")
    before = sites.files()

    assert sites.publish("v1", state="changed", fails=["v1"]).versions == ("v1",)
    assert sites.files() == before


def test_nothing_is_published_if_every_version_fails(sites: Sites) -> None:
    assert sites.publish("v1", fails=["v1"]).versions == ()
    assert not sites.html.exists()


@pytest.mark.parametrize("data", [b"", b"PK", b"x" * 100])
def test_damaged_archive_fails_its_version(sites: Sites, data: bytes) -> None:
    (failed,) = sites.publish("v1", data=data).failed

    assert "cannot be used" in failed.reason
    assert not sites.html.exists()


def test_site_without_a_first_page_fails(sites: Sites) -> None:
    (failed,) = sites.publish("v1", data=archive(sites.folder, {"other.html": b""})).failed

    assert "index.html" in failed.reason


def test_interrupted_run_changes_nothing_and_is_resumed(sites: Sites) -> None:
    sites.publish("v1")
    before = sites.files()

    def build(_: Sequence[str]) -> Iterator[BuiltSite]:
        yield BuiltSite("v2", archive(sites.folder, PAGES))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        version_sites.publish({"v2": "v2", "v3": "v3"}, sites.folder / "site", "v9", build)
    assert sites.files() == before

    assert sites.publish("v2", "v3").versions == ("v3", "v2", "v1")
    assert sites.built == ["v1", "v3"]


def test_second_build_at_the_same_time_is_refused(sites: Sites) -> None:
    def build(_: Sequence[str]) -> Iterator[BuiltSite]:
        sites.publish("v2")
        yield BuiltSite("v1", b"")

    with pytest.raises(output.SiteBusy, match="another build is writing it"):
        version_sites.publish({"v1": ""}, sites.folder / "site", "v9", build)


def test_tag_with_a_slash_becomes_a_folder_name(sites: Sites) -> None:
    (name,) = sites.publish("../x").versions

    assert "/" not in name
    assert (sites.html / name / "index.html").is_file()


@pytest.mark.parametrize("hostile", [b"{", b'[{"version": "../..", "title": "x"}]', b"[1]"])
def test_damaged_list_is_replaced(sites: Sites, hostile: bytes) -> None:
    sites.publish("v1")
    (sites.html / "versions.json").write_bytes(hostile)

    assert sites.publish("v2").versions == ("v2",)


def test_site_that_a_killed_run_moved_away_is_put_back(sites: Sites) -> None:
    sites.publish("v1")
    finished = sites.folder / "site" / ".cache" / "versions"
    finished.mkdir(parents=True)
    (sites.html / "v1").rename(finished / "v1.old")

    assert sites.publish("v2").versions == ("v2", "v1")
