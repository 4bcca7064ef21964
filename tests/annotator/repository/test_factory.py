"""Which source is opened, and when Debian's packages stand in for the default one."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
import pytest

from annotator.config import Config
from annotator.errors import InvalidInput, SourceUnavailable
from annotator.repository.debian import DebianSource
from annotator.repository.factory import cache_folder, open_default, open_source
from annotator.repository.git_clone import CloneSource
from annotator.repository.local_git import LocalSource


class Server(Protocol):
    """What the tests ask of the served repository."""

    url: str

    def close(self) -> None: ...


@pytest.fixture
def dead(config: Config) -> Config:
    """Settings whose repository nobody serves."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return msgspec.structs.replace(config, repository=f"http://127.0.0.1:{port}/origin")


@pytest.fixture
def release(mirror: Callable[..., None]) -> None:
    """A mirror of Debian with v1.3.0."""
    mirror("stable", "1.3.0-1")


def test_a_path_is_a_repository_on_disk_with_the_projects_address(
    repository: Path, config: Config, cache: Path
) -> None:
    with open_source(str(repository), config=config, cache=cache) as source:
        assert isinstance(source, LocalSource)
        assert source.has_history
        assert source.snapshot("v1.2.0").repository == "https://example.org/origin"


def test_a_relative_path_is_one_too(
    repository: Path, config: Config, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.parent)

    with open_source("origin", config=config, cache=cache) as source:
        assert source.tags()


def test_a_url_is_cloned(server: Server, config: Config, cache: Path) -> None:
    with open_source(server.url, config=config, cache=cache) as source:
        assert isinstance(source, CloneSource)
        assert not source.has_history
        assert source.snapshot("v1.2.0").files


def test_a_url_is_cloned_with_history_for_many_tags(server: Server, config: Config, cache: Path) -> None:
    with open_source(server.url, config=config, cache=cache, history=True) as source:
        assert source.has_history


def test_pages_show_the_address_of_a_web_url_without_its_secrets(config: Config, cache: Path) -> None:
    with open_source("https://me:secret@example.org/fork.git", config=config, cache=cache) as source:
        assert source.repository == "https://example.org/fork"


def test_debian_is_a_source(config: Config, cache: Path) -> None:
    with open_source("debian", config=config, cache=cache) as source:
        assert isinstance(source, DebianSource)


def test_nothing_means_the_projects_own_repository(config: Config, cache: Path) -> None:
    with open_source(None, config=config, cache=cache) as source:
        assert isinstance(source, CloneSource)
        assert source.repository == "https://example.org/origin"


@pytest.mark.parametrize("source", ["--upload-pack=x", "ext::sh -c x", "file://host/srv/x", "fd::17"])
def test_tricks_are_wrong_usage(source: str, config: Config, cache: Path) -> None:
    with pytest.raises(InvalidInput):
        open_source(source, config=config, cache=cache)


def test_a_word_that_is_neither_folder_nor_url_is_unavailable(config: Config, cache: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"mobby does not exist; give `--source`"):
        open_source("mobby", config=config, cache=cache)


def test_the_default_is_the_baseline_when_the_repository_answers(
    server: Server, config: Config, cache: Path
) -> None:
    config = msgspec.structs.replace(config, repository=server.url)

    opened = open_default(None, None, config=config, cache=cache)

    with opened.source as source:
        assert (opened.tag, opened.notice) == ("v1.2.0", None)
        assert source.snapshot(opened.tag).files


def test_a_cloned_baseline_needs_no_answer(server: Server, config: Config, cache: Path) -> None:
    config = msgspec.structs.replace(config, repository=server.url)
    with open_source(None, config=config, cache=cache) as source:
        source.snapshot("v1.2.0")
    server.close()

    opened = open_default(None, None, config=config, cache=cache)

    with opened.source as source:
        assert source.snapshot(opened.tag).files


@pytest.mark.usefixtures("release")
def test_debian_stands_in_when_the_default_does_not_answer_and_says_so(dead: Config, cache: Path) -> None:
    opened = open_default(None, None, config=dead, cache=cache)

    with opened.source as source:
        assert opened.tag == "v1.3.0"
        assert source.snapshot(opened.tag).read(["main.go"])
    assert (
        opened.notice
        == f"{dead.repository} does not answer: this is v1.3.0 from Debian's origin.go instead of v1.2.0"
    )


@pytest.mark.usefixtures("release")
@pytest.mark.parametrize(("asked", "tag"), [(None, "v1.2.0"), ("its own", None), ("its own", "v1.2.0")])
def test_debian_never_stands_in_for_what_was_asked_for(
    dead: Config, cache: Path, asked: str | None, tag: str | None
) -> None:
    opened = open_default(asked and dead.repository, tag, config=dead, cache=cache)

    with opened.source as source, pytest.raises(SourceUnavailable, match=r"`--source`.*`debian`"):
        source.snapshot(opened.tag)


def test_when_nobody_answers_both_reasons_are_in_one_sentence(
    dead: Config, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        if (Path(folder) / "git").exists():
            (tmp_path / "bin" / "git").symlink_to(Path(folder) / "git")
            break
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    with pytest.raises(
        SourceUnavailable, match=r"cannot be read: .*, and this machine has no apt.*; give `--source`"
    ):
        open_default(None, None, config=dead, cache=cache)


@pytest.mark.usefixtures("release")
def test_debian_without_a_tag_shows_the_release_nearest_to_the_baseline(config: Config, cache: Path) -> None:
    opened = open_default("debian", None, config=config, cache=cache)

    with opened.source:
        assert (opened.tag, opened.notice) == ("v1.3.0", None)


def test_the_cache_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "named"))

    assert cache_folder() == tmp_path / "named"


def test_the_cache_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ANNOTATOR_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert cache_folder() == tmp_path / "annotator"
