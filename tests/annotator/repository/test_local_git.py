"""A repository on disk is read in place, at any name, and nothing in it is run or written."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path

import pytest

from annotator.errors import InvalidInput, SourceUnavailable, UnknownTag
from annotator.repository.local_git import LocalSource

Git = Callable[..., str]


def opened(path: Path) -> LocalSource:
    return LocalSource(path, repository="https://example.org/origin")


def loose(folder: Path, kind: str, data: bytes) -> str:
    """Write an object as git would, but without git's own checks; its id."""
    whole = f"{kind} {len(data)}\0".encode() + data
    oid = sha1(whole, usedforsecurity=False).hexdigest()
    place = folder / ".git" / "objects" / oid[:2] / oid[2:]
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(zlib.compress(whole))
    return oid


def committed(git: Git, folder: Path, entries: list[tuple[str, bytes, str]]) -> None:
    """Commit a tree of (mode, name, id) as tag `hostile`, whatever the names are."""
    tree = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
    commit = git(folder, "commit-tree", loose(folder, "tree", tree), "-m", "Hostile")
    git(folder, "update-ref", "refs/tags/hostile", commit)


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in [folder, *folder.rglob("*")]
    }


def outcome(source: LocalSource, tag: str) -> str:
    """The last path of a snapshot, or the sentence that says why there is none."""
    try:
        return list(source.snapshot(tag).files)[-1]
    except SourceUnavailable as error:
        return str(error)


def test_tags_come_in_version_order(repository: Path) -> None:
    with opened(repository) as source:
        assert source.tags() == ["v1.2.0", "v1.10.0", "v2.0.0"]


@pytest.mark.parametrize(
    "name", ["v1.10.0", "v2.0.0", "side", "main", "HEAD", "refs/heads/side", "refs/tags/v2.0.0"]
)
def test_a_name_leads_to_its_commit(repository: Path, git: Git, name: str) -> None:
    with opened(repository) as source:
        snapshot = source.snapshot(name)

    assert snapshot.commit == git(repository, "rev-parse", f"{name}^{{commit}}")
    assert (snapshot.tag, snapshot.version) == (name, name)


@pytest.mark.parametrize("digits", [7, 12, 40])
def test_a_commit_is_known_by_its_id_full_or_abbreviated(repository: Path, git: Git, digits: int) -> None:
    commit = git(repository, "rev-parse", "v1.10.0")

    with opened(repository) as source:
        assert source.snapshot(commit[:digits]).commit == commit


def test_a_tag_wins_over_a_branch_of_the_same_name(repository: Path, git: Git) -> None:
    git(repository, "tag", "side", "v1.10.0")

    with opened(repository) as source:
        assert source.snapshot("side").commit == git(repository, "rev-parse", "v1.10.0")


def test_files_have_gits_own_ids(repository: Path, git: Git) -> None:
    with opened(repository) as source:
        files = source.snapshot("v1.2.0").files

    assert list(files) == ["file0.go", "store/store.go"]
    assert files["store/store.go"] == git(repository, "rev-parse", "v1.2.0:store/store.go")


def test_many_files_are_read_at_once_and_twice(repository: Path) -> None:
    with opened(repository) as source:
        snapshot = source.snapshot("v1.10.0")
        first = snapshot.read(["store/store.go", "file1.go"])

        assert first == {"store/store.go": b"package store // 1\n", "file1.go": b"package main // 1\n"}
        assert snapshot.read(snapshot.files)["file0.go"] == b"package main // 0\n"


def test_more_files_than_a_pipe_holds_are_read_at_once(repository: Path, git: Git) -> None:
    (repository / "many").mkdir()
    for number in range(700):
        (repository / "many" / f"{number}.go").write_text(f"package many // {number}\n" * 20)
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "Many")

    with opened(repository) as source:
        snapshot = source.snapshot("main")
        contents = snapshot.read(snapshot.files)

    assert contents["many/699.go"] == b"package many // 699\n" * 20
    assert len(contents) == len(snapshot.files) == 704


def test_a_path_that_the_snapshot_lacks_is_a_key_error(repository: Path) -> None:
    with opened(repository) as source, pytest.raises(KeyError):
        source.snapshot("v1.2.0").read(["store/other.go"])


def test_a_bare_repository_is_read(repository: Path, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "bare.git")

    with opened(tmp_path / "bare.git") as source:
        assert source.snapshot("v2.0.0").read(["file2.go"]) == {"file2.go": b"package main // 2\n"}


def test_a_linked_work_tree_is_read(repository: Path, git: Git, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "linked"), "side")

    with opened(tmp_path / "linked") as source:
        assert source.snapshot("v1.2.0").read(["file0.go"]) == {"file0.go": b"package main // 0\n"}


def test_a_repository_with_borrowed_objects_is_read(repository: Path, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--shared", str(repository), "borrowing")

    with opened(tmp_path / "borrowing") as source:
        assert source.snapshot("v1.2.0").read(["file0.go"]) == {"file0.go": b"package main // 0\n"}


def test_reading_writes_nothing(repository: Path) -> None:
    before = listing(repository)

    with opened(repository) as source:
        source.tags()
        snapshot = source.snapshot("v2.0.0")
        snapshot.read(snapshot.files)

    assert listing(repository) == before


def test_an_unknown_tag_names_the_nearest(repository: Path) -> None:
    with (
        opened(repository) as source,
        pytest.raises(UnknownTag, match=r"v1\.10\.1.*the nearest are v1\.10\.0") as error,
    ):
        source.snapshot("v1.10.1")

    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    "name",
    [
        "", "-x", "--upload-pack=touch pwned", "--output=pwned", "v1.2.0:store", "v1.2.0^", "v1.2.0~1",
        "v1.2.0..v2.0.0", "@{-1}", ":/Step", "v1.2.0\nmain", "a b", "/v1.2.0", "v1.2.0/", "v?", "v*", "[v]",
        "a\\b", "x" * 10_000, "\x7f", "a\u202eb", "ext::sh",
    ],
)  # fmt: skip
def test_what_cannot_be_a_name_never_reaches_git(repository: Path, name: str) -> None:
    with opened(repository) as source, pytest.raises(InvalidInput, match="cannot be the name"):
        source.snapshot(name)


def test_a_folder_that_is_no_repository_says_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"not a git repository.*`--source`.*`debian`"):
        opened(tmp_path)


def test_a_folder_inside_a_repository_is_none_itself(repository: Path) -> None:
    with pytest.raises(SourceUnavailable, match="not a git repository"):
        opened(repository / "store")


def test_a_path_that_does_not_exist_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="does not exist"):
        opened(tmp_path / "nowhere")


def test_an_empty_repository_has_no_tags(git: Git, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "empty")

    with opened(tmp_path / "empty") as source, pytest.raises(UnknownTag, match="it has no tags"):
        source.snapshot("v1.0")


def test_a_tag_that_leads_to_no_commit_is_unknown(repository: Path, git: Git) -> None:
    git(repository, "tag", "of-a-blob", git(repository, "rev-parse", "v1.2.0:file0.go"))

    with opened(repository) as source, pytest.raises(UnknownTag, match="leads to no commit that can be read"):
        source.snapshot("of-a-blob")


def test_links_modules_and_hostile_names_are_left_out(repository: Path, git: Git) -> None:
    blob = git(repository, "rev-parse", "v1.2.0:file0.go")
    inner = loose(repository, "tree", b"100644 x.go\0" + bytes.fromhex(blob))
    names = (b"..", b".", b".git", b"a\\b.go", b"a\nb.go", b"\xff.go", b"/etc/passwd", b"../up.go", b"C:x.go")
    entries = [("100644", name, blob) for name in names]
    entries += [("40000", b"..", inner), ("40000", b".GIT", inner), ("120000", b"link.go", blob)]
    entries += [("160000", b"module", git(repository, "rev-parse", "main")), ("100755", b"good.go", blob)]
    committed(git, repository, entries)

    with opened(repository) as source:
        snapshot = source.snapshot("hostile")

        assert list(snapshot.files) == ["good.go"]
        assert snapshot.read(snapshot.files) == {"good.go": b"package main // 0\n"}


def test_a_tree_of_two_thousand_levels_does_no_harm(repository: Path, git: Git) -> None:
    inner = loose(
        repository, "tree", b"100644 x.go\0" + bytes.fromhex(git(repository, "rev-parse", "v1.2.0:file0.go"))
    )
    for _ in range(2_000):
        inner = loose(repository, "tree", b"40000 d\0" + bytes.fromhex(inner))
    committed(git, repository, [("40000", b"d", inner)])

    with opened(repository) as source:
        # Newer gits refuse such a tree, older ones list it.
        assert re.search(r"/d/x\.go|cannot be read", outcome(source, "hostile"))
        assert source.snapshot("v1.2.0").files


def test_an_object_that_is_gone_is_said_with_its_path(repository: Path, git: Git) -> None:
    blob = git(repository, "rev-parse", "v1.2.0:file0.go")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    with (
        opened(repository) as source,
        pytest.raises(SourceUnavailable, match=r"file0\.go at v1\.2\.0 .*full clone"),
    ):
        source.snapshot("v1.2.0").read(["file0.go"])


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_an_object_that_is_not_what_its_name_says_is_no_answer(tmp_path: Path, git: Git, form: str) -> None:
    git(tmp_path, "init", "--quiet", f"--object-format={form}", "swapped")
    folder = tmp_path / "swapped"
    (folder / "a.go").write_text("package a\n")
    (folder / "b.go").write_text("package b\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=one")
    git(folder, "tag", "v1")
    one, other = (git(folder, "rev-parse", f"v1:{name}") for name in ("a.go", "b.go"))
    objects = folder / ".git" / "objects"
    (objects / one[:2] / one[2:]).unlink()
    (objects / one[:2] / one[2:]).write_bytes((objects / other[:2] / other[2:]).read_bytes())

    with opened(folder) as source:
        assert source.snapshot("v1").read(["b.go"]) == {"b.go": b"package b\n"}
        with pytest.raises(SourceUnavailable, match="is not what its name says"):
            source.snapshot("v1").read(["a.go"])


def test_what_a_partial_clone_lacks_is_not_fetched(repository: Path, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", "--filter=blob:none", f"file://{repository}", "partial.git")
    git(tmp_path / "partial.git", "config", "remote.origin.url", f"ext::sh -c 'touch {tmp_path}/pwned'")
    git(tmp_path / "partial.git", "config", "protocol.ext.allow", "always")

    with opened(tmp_path / "partial.git") as source:
        snapshot = source.snapshot("v1.2.0")
        with pytest.raises(SourceUnavailable, match="full clone"):
            snapshot.read(["file0.go"])

    assert not (tmp_path / "pwned").exists()


def test_programs_named_in_a_repositorys_settings_are_not_run(
    repository: Path, git: Git, tmp_path: Path
) -> None:
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.alternateRefsCommand",
        "diff.external",
    ):
        git(repository, "config", key, f"touch {tmp_path}/pwned; false")

    with opened(repository) as source:
        source.tags()
        snapshot = source.snapshot("v2.0.0")
        snapshot.read(snapshot.files)

    assert not (tmp_path / "pwned").exists()


def test_replaced_objects_are_not_believed(repository: Path, git: Git) -> None:
    git(
        repository, "replace", git(repository, "rev-parse", "v1.2.0"), git(repository, "rev-parse", "v1.10.0")
    )

    with opened(repository) as source:
        assert "file1.go" not in source.snapshot("v1.2.0").files


def test_variables_that_gits_hooks_set_change_nothing(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    with opened(repository) as source:
        assert source.snapshot("v1.2.0").files


def test_a_repository_of_another_owner_is_read(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

    with opened(repository) as source:
        assert source.snapshot("v1.2.0").read(["file0.go"])


def test_a_name_like_no_tag_is_answered_with_the_newest_tags(repository: Path) -> None:
    with opened(repository) as source, pytest.raises(UnknownTag, match=r"are v2\.0\.0, v1\.10\.0, v1\.2\.0$"):
        source.snapshot("zzz")


def test_a_machine_without_git_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(SourceUnavailable, match="git is not installed"):
        opened(repository)


def test_a_shallow_clone_of_one_tag_has_no_history_and_says_how_it_gets_more(
    repository: Path, git: Git, tmp_path: Path
) -> None:
    newest = opened(repository).tags()[-1]
    git(tmp_path, "clone", "-q", "--depth=1", f"--branch={newest}", repository.as_uri(), "shallow")
    with opened(tmp_path / "shallow") as source, opened(repository) as whole:
        assert (source.has_history, whole.has_history) == (False, True)
        assert source.snapshot(newest).files == whole.snapshot(newest).files
        with pytest.raises(UnknownTag, match="shallow clone"):
            source.snapshot("v0.0.1")
