"""The snapshots of many tags at once, on real repositories."""

from __future__ import annotations

import pytest

from annotator.errors import SourceUnavailable
from annotator.repository.local_git import LocalSource
from annotator.repository.tag_snapshots import TagSnapshots

STEPS = [
    {"a/a.go": "package a\n", "README": "read\n"},
    {"a/a.go": "package a\n\nvar x = 1\n"},
    {"a/ä b.go": "package a\n", "vendor/v.go": "package v\n"},
    {"README": "read on\n"},
    {"b/b.go": "package b\n", "a/a.go": None},
    {"a/ä b.go": None, "b/b.go": None, "vendor/v.go": None},
    {"x/vendor/x.go": "package x\n", f"{'0' * 40} {'1' * 40}\n/x.go": "package x\n"},
]
TAGS = [f"v1.0.{n}" for n in range(len(STEPS))]


@pytest.fixture
def history(tmp_path, git):
    """A repository with a tag after each step, and the folder it is in."""
    git(tmp_path, "init", "--quiet")
    for tag, step in zip(TAGS, STEPS, strict=True):
        for path, text in step.items():
            file = tmp_path / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "--message", tag)
        git(tmp_path, "tag", tag)
    return tmp_path


def go_files(snapshot):
    return {
        path: blob for path, blob in snapshot.files.items() if path.endswith(".go") and "vendor/" not in path
    }


@pytest.mark.parametrize("order", [TAGS, TAGS[::-1], [TAGS[3], TAGS[0], TAGS[3], TAGS[4]]])
def test_the_snapshots_lists_what_each_snapshot_lists(history, order):
    with LocalSource(history, repository="https://example.org/r") as source:
        snapshots = TagSnapshots(source, order)

        for tag in order:
            assert dict(snapshots.snapshot(tag).files) == {
                path: blob
                for path, blob in source.snapshot(tag).files.items()
                if path in go_files(source.snapshot(tag))
            }


def test_snapshot_of_a_tag_reads_and_knows_its_commit(history, git):
    with LocalSource(history, repository="https://example.org/r") as source:
        snapshot = TagSnapshots(source, TAGS).snapshot("v1.0.1")

        assert snapshot.read(["a/a.go"]) == {"a/a.go": b"package a\n\nvar x = 1\n"}
        assert snapshot.commit == git(history, "rev-parse", "v1.0.1^{commit}")
        assert (snapshot.tag, snapshot.version) == ("v1.0.1", "v1.0.1")


def test_tags_of_the_same_files_share_them(history):
    with LocalSource(history, repository="https://example.org/r") as source:
        snapshots = TagSnapshots(source, TAGS)

        assert snapshots.snapshot("v1.0.2").files is snapshots.snapshot("v1.0.3").files
        assert snapshots.commit("v1.0.2") != snapshots.commit("v1.0.3")


def test_a_tag_that_is_not_there_is_named(history):
    with LocalSource(history, repository="https://example.org/r") as source:
        snapshots = TagSnapshots(source, ["v9.9.9", "v1.0.0"])

        with pytest.raises(SourceUnavailable, match=r"v9\.9\.9"):
            snapshots.snapshot("v1.0.0")


def test_a_source_without_git_lists_each_tag_by_itself():
    class Packages:
        repository = "https://example.org/r"
        has_history = False

        def __init__(self) -> None:
            self.listed = []

        def snapshot(self, tag):
            self.listed.append(tag)
            return tag

    source = Packages()
    snapshots = TagSnapshots(source, ["v1", "v2"])

    assert [snapshots.snapshot(tag) for tag in ("v1", "v2", "v1")] == ["v1", "v2", "v1"]
    assert snapshots.commit("v1") == "v1"
    assert source.listed == ["v2", "v1", "v2"]
