"""A URL is cloned into the cache little by little; whatever happens meanwhile, the next run is clean."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from annotator.errors import InvalidInput, SourceUnavailable, UnknownTag
from annotator.repository.git_clone import CloneSource

Git = Callable[..., str]
Python = Callable[[str], subprocess.Popen[str]]


class Server(Protocol):
    """What the tests ask of the served repository."""

    url: str
    connections: int
    stall_after: int | None
    stalled: threading.Event
    resumed: threading.Event

    def close(self) -> None: ...


def opened(url: str, cache: Path, **options: Any) -> CloneSource:
    return CloneSource(url, repository="https://example.org/origin", cache=cache, **options)


def clone(cache: Path) -> Path:
    (only,) = (cache / "clones").glob("*.git")
    return only


def program(url: str, cache: Path, before: str = "") -> str:
    """A program that reads one tag of a URL and prints how that went."""
    return textwrap.dedent(f"""
        {before}
        from pathlib import Path
        from annotator.errors import AnnotatorError
        from annotator.repository.git_clone import CloneSource
        with CloneSource({url!r}, repository="", cache=Path({str(cache)!r})) as source:
            try:
                print(source.snapshot("v1.2.0").read(["file0.go"]))
            except AnnotatorError as error:
                print(error.exit_code, error)
    """)


def test_tags_come_in_version_order_without_a_clone(server: Server, cache: Path) -> None:
    with opened(server.url, cache) as source:
        assert source.tags() == ["v1.2.0", "v1.10.0", "v2.0.0"]

    assert not cache.exists()


def test_one_tag_is_cloned_shallow(server: Server, cache: Path, git: Git, repository: Path) -> None:
    with opened(server.url, cache) as source:
        snapshot = source.snapshot("v1.10.0")

        assert snapshot.read(["store/store.go"]) == {"store/store.go": b"package store // 1\n"}
    assert snapshot.commit == git(repository, "rev-parse", "v1.10.0")
    assert git(clone(cache), "rev-list", "--all", "--count") == "1"
    assert git(clone(cache), "fsck", "--connectivity-only") == ""


def test_later_tags_go_into_the_same_clone(server: Server, cache: Path, git: Git) -> None:
    with opened(server.url, cache) as source:
        source.snapshot("v1.2.0")
        source.snapshot("v2.0.0")

    assert git(clone(cache), "tag").split() == ["v1.2.0", "v2.0.0"]


@pytest.mark.parametrize("name", ["v2.0.0", "side", "HEAD", "refs/heads/side", "refs/tags/v1.2.0"])
def test_a_name_leads_to_its_commit(
    server: Server, cache: Path, git: Git, repository: Path, name: str
) -> None:
    with opened(server.url, cache) as source:
        assert source.snapshot(name).commit == git(repository, "rev-parse", f"{name}^{{commit}}")


@pytest.mark.parametrize("digits", [8, 40])
def test_a_commit_that_no_ref_names_is_found(
    server: Server, cache: Path, git: Git, repository: Path, digits: int
) -> None:
    git(repository, "tag", "--delete", "v1.10.0")
    commit = git(repository, "rev-parse", "main~1")

    with opened(server.url, cache) as source:
        snapshot = source.snapshot(commit[:digits])

        assert snapshot.commit == commit
        assert snapshot.read(["file1.go"]) == {"file1.go": b"package main // 1\n"}


def test_a_moved_branch_is_fetched_again(server: Server, cache: Path, git: Git, repository: Path) -> None:
    with opened(server.url, cache) as source:
        source.snapshot("side")
    git(repository, "branch", "--force", "side", "v2.0.0")

    with opened(server.url, cache) as source:
        assert source.snapshot("side").commit == git(repository, "rev-parse", "v2.0.0^{commit}")


def test_a_cloned_tag_is_read_without_the_network(server: Server, cache: Path) -> None:
    with opened(server.url, cache) as source:
        source.snapshot("v1.2.0")
    server.close()

    with opened(server.url, cache) as source:
        assert source.snapshot("v1.2.0").read(["file0.go"]) == {"file0.go": b"package main // 0\n"}


@pytest.mark.parametrize("damage", ["HEAD", "objects", "nothing"])
def test_a_damaged_clone_is_made_anew(server: Server, cache: Path, damage: str) -> None:
    with opened(server.url, cache) as source:
        source.snapshot("v1.2.0")
    for file in [*clone(cache).rglob(f"{damage}"), *clone(cache).rglob(f"{damage}/*/*")]:
        if file.is_file():
            file.chmod(0o600)
            file.write_bytes(b"damaged")

    with opened(server.url, cache) as source:
        assert source.snapshot("v1.2.0").read(["file0.go"]) == {"file0.go": b"package main // 0\n"}


@pytest.mark.parametrize(
    "name", ["v1.2.1", "refs/pull/1/head", "0123456789abcdef0123456789abcdef01234567", "0123456"]
)
def test_an_unknown_name_is_unknown(server: Server, cache: Path, name: str) -> None:
    with opened(server.url, cache) as source, pytest.raises(UnknownTag, match=name):
        source.snapshot(name)


def test_an_unknown_tag_names_the_nearest(server: Server, cache: Path) -> None:
    with opened(server.url, cache) as source, pytest.raises(UnknownTag, match=r"the nearest are v1\.2\.0"):
        source.snapshot("v1.2.1")


@pytest.mark.parametrize("name", ["--upload-pack=touch pwned", "-x", "v1.2.0:x", "+refs/heads/*"])
def test_what_cannot_be_a_name_never_reaches_git(server: Server, cache: Path, name: str) -> None:
    with opened(server.url, cache) as source, pytest.raises(InvalidInput, match="cannot be the name"):
        source.snapshot(name)

    assert server.connections == 0


def test_history_is_cloned_without_blobs(server: Server, cache: Path, git: Git) -> None:
    with opened(server.url, cache, history=True) as source:
        source.snapshot("v1.2.0")

    assert git(clone(cache), "rev-list", "--all", "--count") == "3"
    assert (
        "blob"
        not in git(clone(cache), "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split()
    )


def test_blobs_of_history_are_fetched_at_once(server: Server, cache: Path) -> None:
    with opened(server.url, cache, history=True) as source:
        snapshot = source.snapshot("v2.0.0")
        before = server.connections
        contents = snapshot.read(snapshot.files)

    assert contents["store/store.go"] == b"package store // 2\n"
    assert len(contents) == 4
    assert server.connections == before + 1


def test_fetched_blobs_are_not_fetched_again(server: Server, cache: Path) -> None:
    with opened(server.url, cache, history=True) as source:
        source.snapshot("v2.0.0").read(["file2.go"])
    server.close()

    with opened(server.url, cache, history=True) as source:
        assert source.snapshot("v2.0.0").read(["file2.go"]) == {"file2.go": b"package main // 2\n"}
        assert source.tags() == ["v1.2.0", "v1.10.0", "v2.0.0"]


def test_a_tag_made_after_the_history_was_cloned_is_fetched(
    server: Server, cache: Path, git: Git, repository: Path
) -> None:
    with opened(server.url, cache, history=True) as source:
        source.snapshot("v2.0.0")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "New")
    git(repository, "tag", "v3.0.0")

    with opened(server.url, cache, history=True) as source:
        assert source.snapshot("v3.0.0").commit == git(repository, "rev-parse", "main")


def test_progress_is_told(server: Server, cache: Path) -> None:
    steps: list[tuple[str, int, int]] = []

    with opened(server.url, cache, progress=lambda *step: steps.append(step)) as source:
        source.snapshot("v2.0.0")

    assert steps
    assert all(0 <= done <= total for _, done, total in steps)


def test_a_server_that_says_nothing_is_unavailable(cache: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"git://127.0.0.1:{listener.getsockname()[1]}/origin"
        with (
            opened(url, cache, timeout=0.2) as source,
            pytest.raises(SourceUnavailable, match=r"no answer in 0\.2 s"),
        ):
            source.snapshot("v1.2.0")


def test_a_server_that_refuses_is_unavailable(server: Server, cache: Path) -> None:
    server.close()

    with (
        opened(server.url, cache) as source,
        pytest.raises(SourceUnavailable, match=r"refused.*`--source`.*`debian`"),
    ):
        source.snapshot("v1.2.0")


def test_a_server_that_lacks_the_repository_is_unavailable(server: Server, cache: Path) -> None:
    with opened(server.url.replace("origin", "other"), cache) as source, pytest.raises(SourceUnavailable):
        source.snapshot("v1.2.0")


def test_a_clone_interrupted_by_its_user_leaves_nothing(server: Server, cache: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with opened(server.url, cache, progress=interrupt) as source, pytest.raises(KeyboardInterrupt):
        source.snapshot("v2.0.0")

    assert [path.suffix for path in (cache / "clones").iterdir()] == [".lock"]


@pytest.fixture
def incompressible(repository: Path, git: Git) -> None:
    """Make v1.2.0 large enough to be stopped in the middle."""
    (repository / "large.bin").write_bytes(os.urandom(1 << 20))
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "Large")
    git(repository, "tag", "--force", "v1.2.0")


@pytest.mark.usefixtures("incompressible")
def test_after_a_kill_in_the_middle_of_a_clone_the_next_run_is_clean(
    server: Server, cache: Path, python: Python
) -> None:
    server.stall_after = 200_000
    with python(program(server.url, cache)) as first:
        assert server.stalled.wait(30)
        first.send_signal(signal.SIGKILL)
    server.stall_after = None
    server.resumed.set()

    with opened(server.url, cache) as source:
        assert source.snapshot("v1.2.0").read(["file0.go"]) == {"file0.go": b"package main // 0\n"}
    assert sorted(path.suffix for path in (cache / "clones").iterdir()) == [".git", ".lock"]


@pytest.mark.usefixtures("incompressible")
def test_after_a_kill_in_the_middle_of_a_later_fetch_the_next_run_is_clean(
    server: Server, cache: Path, python: Python, git: Git
) -> None:
    with opened(server.url, cache) as source:
        source.snapshot("v2.0.0")
    server.stall_after = 200_000
    with python(program(server.url, cache)) as first:
        assert server.stalled.wait(30)
        first.send_signal(signal.SIGKILL)
    server.stall_after = None
    server.resumed.set()

    with opened(server.url, cache) as source:
        assert source.snapshot("v1.2.0").read(["file0.go"]) == {"file0.go": b"package main // 0\n"}
    assert git(clone(cache), "fsck", "--connectivity-only") == ""
    assert not [*clone(cache).rglob("*.lock"), *clone(cache).rglob("tmp_*")]


@pytest.mark.usefixtures("incompressible")
def test_a_disk_that_fills_up_leaves_nothing_and_says_so(server: Server, cache: Path, python: Python) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"

    with python(program(server.url, cache, limited)) as first:
        said, _ = first.communicate()

    assert said.startswith("3 "), said
    assert said.count("\n") == 1
    assert [path.suffix for path in (cache / "clones").iterdir()] == [".lock"]


def test_gits_word_for_a_full_disk_becomes_a_sentence_with_the_way_out(cache: Path) -> None:
    source = opened("git://127.0.0.1/origin", cache)

    error = source._explained(
        "error: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output"
    )

    assert re.search(r"No space left.*ANNOTATOR_CACHE", str(error))


def test_two_builds_at_once_share_a_clone(server: Server, cache: Path, python: Python) -> None:
    with python(program(server.url, cache)) as first, python(program(server.url, cache)) as second:
        said = [first.communicate(), second.communicate()]

    assert said == [("{'file0.go': b'package main // 0\\n'}\n", "")] * 2


def test_a_cache_folder_that_cannot_be_written_says_the_way_out(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        opened(server.url, tmp_path / "file") as source,
        pytest.raises(SourceUnavailable, match="ANNOTATOR_CACHE"),
    ):
        source.snapshot("v1.2.0")


def test_secrets_of_a_url_are_not_shown(cache: Path) -> None:
    url = "http://user:secret@127.0.0.1:1/x.git"

    with opened(url, cache) as source, pytest.raises(SourceUnavailable) as error:
        source.snapshot("v1.2.0")

    assert "http://127.0.0.1:1/x cannot be read" in str(error.value)
    assert "secret" not in str(error.value)
