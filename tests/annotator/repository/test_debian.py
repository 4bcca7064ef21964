"""Debian's source packages are read through apt with private state, each release under its tag."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from annotator.config import Config
from annotator.errors import SourceUnavailable, UnknownTag
from annotator.repository import apt
from annotator.repository.apt import debian_suites, own_suites
from annotator.repository.debian import DebianSource, upstream

Mirror = Callable[..., None]
Opened = Callable[..., DebianSource]


@pytest.fixture
def opened(config: Config, cache: Path) -> Opened:
    return lambda **options: DebianSource(config, cache=cache, **options)


@pytest.mark.parametrize(
    ("debian", "release"),
    [
        ("20.10.24+dfsg1-1+deb12u1", "20.10.24"),
        ("26.1.5+dfsg1-9", "26.1.5"),
        ("1:2.0.1-3", "2.0.1"),
        ("2.0.0~rc1+ds-1", "2.0.0-rc1"),
        ("1.2.3", "1.2.3"),
        ("27.5.1+really26.1.5+dfsg-1", "26.1.5"),
    ],
)
def test_a_debian_version_says_its_release(debian: str, release: str) -> None:
    assert upstream(debian) == release


def test_tags_are_the_releases_of_all_suites_that_verify(mirror: Mirror, opened: Opened) -> None:
    warnings: list[str] = []
    mirror("stable", "1.2.0+dfsg1-1")
    mirror("unstable", "1.10.0-1", "1.11.0+git20240101-1")

    with opened(warn=warnings.append) as source:
        assert source.tags() == ["v1.2.0", "v1.10.0"]
    assert ["oldstable" in warning or "testing" in warning for warning in warnings] == [True, True]


def test_a_release_is_read_by_its_tag(mirror: Mirror, opened: Opened) -> None:
    mirror("stable", "1.2.0+dfsg1-1")

    with opened() as source:
        snapshot = source.snapshot("v1.2.0")

    assert snapshot.read(snapshot.files) == {"main.go": b"package main // 1.2.0+dfsg1\n\nfunc main() {}\n"}
    assert (snapshot.tag, snapshot.version, snapshot.commit) == ("v1.2.0", "1.2.0+dfsg1-1", None)
    assert snapshot.repository == "https://example.org/origin"


def test_a_release_is_read_by_debians_version(mirror: Mirror, opened: Opened) -> None:
    mirror("stable", "1.2.0+dfsg1-1")

    with opened() as source:
        assert source.snapshot("1.2.0+dfsg1-1").tag == "v1.2.0"


def test_the_newest_packaging_of_a_release_is_read(mirror: Mirror, opened: Opened) -> None:
    mirror("stable", "1.2.0-9", "1.2.0-10")

    with opened() as source:
        assert source.snapshot("v1.2.0").version == "1.2.0-10"


@pytest.mark.parametrize(
    ("baseline", "tag"), [("v1.1.9", "v1.2.0"), ("v1.2.0", "v1.2.0"), ("v3.0.0", "v2.0.0")]
)
def test_the_release_nearest_to_the_baseline_is_shown(
    mirror: Mirror, opened: Opened, baseline: str, tag: str
) -> None:
    mirror("stable", "1.2.0-1", "2.0.0-1")

    with opened() as source:
        assert source.default_tag(baseline) == tag


def test_an_unknown_release_names_the_nearest(mirror: Mirror, opened: Opened) -> None:
    mirror("stable", "1.2.0-1")

    with opened() as source, pytest.raises(UnknownTag, match=r"the nearest are v1\.2\.0"):
        source.snapshot("v1.2.1")


def test_the_second_opening_asks_nobody(
    mirror: Mirror, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror("stable", "1.2.0-1")
    with opened() as source:
        source.snapshot("v1.2.0")
    monkeypatch.setenv("PATH", "/nowhere")

    with opened() as source:
        assert source.tags() == ["v1.2.0"]
        assert source.snapshot("v1.2.0").read(["main.go"])


def test_lists_of_yesterday_are_asked_for_again(mirror: Mirror, opened: Opened, tmp_path: Path) -> None:
    mirror("stable", "1.2.0-1")
    with opened(clock=lambda: 0.0) as source:
        source.tags()
    (tmp_path / "debian" / "dists" / "stable").rename(tmp_path / "debian" / "dists" / "gone")
    mirror("stable", "1.3.0-1")

    with opened(clock=lambda: 90_000.0) as source:
        assert source.tags() == ["v1.3.0"]


def test_old_lists_serve_when_nobody_answers(
    mirror: Mirror, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror("stable", "1.2.0-1")
    with opened(clock=lambda: 0.0) as source:
        source.tags()
    monkeypatch.setenv("PATH", "/nowhere")

    with opened(clock=lambda: 90_000.0) as source:
        assert source.tags() == ["v1.2.0"]


def test_a_mirror_that_is_not_signed_by_its_keyring_is_not_read(
    mirror: Mirror, opened: Opened, tmp_path: Path
) -> None:
    mirror("stable", "1.2.0-1")
    signed = tmp_path / "debian" / "dists" / "stable" / "InRelease"
    signed.write_text(signed.read_text().replace("Origin: Test", "Origin: Evil"))

    with opened() as source, pytest.raises(SourceUnavailable, match="cannot be had"):
        source.tags()


def test_a_trusted_mirror_is_still_verified(mirror: Mirror, opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "parts" / "own.list").write_text(f"deb [trusted=yes] copy:{tmp_path}/debian stable main\n")
    mirror("stable", "1.2.0-1")

    with opened() as source, pytest.raises(SourceUnavailable, match="cannot be had"):
        source.tags()


def test_a_tarball_that_is_not_what_was_signed_is_not_read(
    mirror: Mirror, opened: Opened, tmp_path: Path, cache: Path
) -> None:
    mirror("stable", "1.2.0-1")
    (tmp_path / "debian" / "pool" / "origin.go_1.2.0.orig.tar.gz").write_bytes(b"swapped")

    with opened() as source, pytest.raises(SourceUnavailable, match=r"1\.2\.0-1 cannot be had"):
        source.snapshot("v1.2.0")
    assert not [
        path for path in (cache / "debian" / "origin.go" / "trees").iterdir() if path.suffix != ".lock"
    ]


def test_a_damaged_tree_is_said_and_made_anew(mirror: Mirror, opened: Opened, cache: Path) -> None:
    mirror("stable", "1.2.0-1")
    with opened() as source:
        source.snapshot("v1.2.0")
    (cache / "debian" / "origin.go" / "trees" / "1.2.0-1" / "data").write_bytes(b"x" * 22)

    with opened() as source, pytest.raises(SourceUnavailable, match="run this again"):
        source.snapshot("v1.2.0").read(["main.go"])
    with opened() as source:
        assert source.snapshot("v1.2.0").read(["main.go"]) == {
            "main.go": b"package main // 1.2.0\n\nfunc main() {}\n"
        }


def test_a_tree_that_lost_its_index_is_made_anew(mirror: Mirror, opened: Opened, cache: Path) -> None:
    mirror("stable", "1.2.0-1")
    with opened() as source:
        source.snapshot("v1.2.0")
    (cache / "debian" / "origin.go" / "trees" / "1.2.0-1" / "index").write_bytes(b"")

    with opened() as source:
        assert source.snapshot("v1.2.0").read(["main.go"]) == {
            "main.go": b"package main // 1.2.0\n\nfunc main() {}\n"
        }


def test_apt_writes_only_under_the_cache(mirror: Mirror, opened: Opened, tmp_path: Path, cache: Path) -> None:
    touched = tmp_path / "touched"
    settings = Path(os.environ["APT_CONFIG"])
    settings.write_text(
        f'{settings.read_text()}\nAPT::Update::Post-Invoke {{ "touch {touched}"; }};\n'
        f'APT::Update::Pre-Invoke {{ "touch {touched}"; }};\n'
    )
    mirror("stable", "1.2.0-1")
    lists = {path: path.stat().st_mtime_ns for path in Path("/var/lib/apt").rglob("*")}

    with opened() as source:
        source.snapshot("v1.2.0")

    assert not touched.exists()
    assert {path: path.stat().st_mtime_ns for path in Path("/var/lib/apt").rglob("*")} == lists
    assert (cache / "debian" / "origin.go" / "apt" / "state" / "lists").is_dir()


def test_a_disk_without_room_is_said_before_apt_begins(
    mirror: Mirror, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror("stable", "1.2.0-1")
    monkeypatch.setattr(apt, "_ROOM", 1 << 60)

    with opened() as source, pytest.raises(SourceUnavailable, match=r"MiB are free.*ANNOTATOR_CACHE"):
        source.tags()


def test_a_machine_without_apt_says_so(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with opened() as source, pytest.raises(SourceUnavailable, match="no apt"):
        source.tags()


def test_a_package_name_that_is_an_option_never_reaches_apt(cache: Path) -> None:
    config = Config(repository="https://example.org/x", baseline="v1", debian="--download-only")

    with (
        DebianSource(config, cache=cache) as source,
        pytest.raises(SourceUnavailable, match="not the name of"),
    ):
        source.tags()


def test_a_project_without_a_debian_package_says_so(cache: Path) -> None:
    with pytest.raises(SourceUnavailable, match="name no Debian package"):
        DebianSource(Config(repository="https://example.org/x", baseline="v1"), cache=cache)


SOURCES = """\
# a comment
Types: deb
URIs: http://deb.debian.org/debian
# in the middle
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----
Trusted: yes

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example.org/debian
Suites: bookworm
Components: main
"""

LIST = """\
# deb http://commented.example.org/debian bookworm main
deb [arch=amd64,arm64 signed-by=/keys/x.gpg trusted=yes] http://download.example.org/linux/debian sid stable
deb cdrom:[Debian]/ bookworm main
deb http://flat.example.org/repo ./
deb-src http://mirror.example.org/debian/ bookworm main contrib # ours
"""


def test_sources_of_the_new_format_keep_their_keyring_and_lose_their_trust() -> None:
    stanzas = list(apt._deb822(SOURCES))

    assert [stanza["uris"] for stanza in stanzas] == [
        "http://deb.debian.org/debian", "http://deb.debian.org/debian-security",
    ]  # fmt: skip
    suites = debian_suites(stanzas)
    assert ["Suites: oldstable" in suites[0], "Suites: unstable" in suites[3], len(suites)] == [True, True, 4]
    assert "\n abc\n" in suites[0]
    assert "trusted" not in suites[0].lower()


def test_sources_of_the_old_format_are_read_too() -> None:
    stanzas = list(apt._legacy(LIST))

    assert [stanza["uris"].split("/")[2] for stanza in stanzas] == [
        "download.example.org",
        "mirror.example.org",
    ]
    assert stanzas[0]["signed-by"] == "/keys/x.gpg"
    assert "URIs: http://mirror.example.org/debian/" in debian_suites(stanzas)[0]


def test_a_machine_of_another_distribution_is_asked_for_its_own_suites() -> None:
    stanzas = list(apt._legacy("deb http://archive.ubuntu.com/ubuntu noble universe\n"))

    assert debian_suites(stanzas) == []
    assert "Suites: noble\nComponents: universe" in own_suites(stanzas)[0]


@pytest.mark.slow
def test_debians_stable_and_oldstable_have_real_releases(cache: Path) -> None:
    config = Config(repository="https://github.com/moby/moby", baseline="v18.09.6", debian="docker.io")

    with DebianSource(config, cache=cache) as source:
        tags = source.tags()
        assert source.default_tag(config.baseline) == "v20.10.24"
        snapshot = source.snapshot("v20.10.24")

    assert "v26.1.5" in tags
    assert snapshot.files["volume/service/store.go"] == "b06890c2d2d5dd38f0df9ce81fd93a9d55a392b0"
    assert (
        len([path for path in snapshot.files if path.endswith(".go") and not path.startswith("vendor/")])
        == 1659
    )
