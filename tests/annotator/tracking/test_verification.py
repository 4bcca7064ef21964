"""Verdicts of references, with and without cached steps."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from annotator import cli, config, project_source
from annotator.model.reference import Missing, Reference
from annotator.project_source import Session, SourceOptions
from annotator.repository.local_git import GitSnapshot
from annotator.tracking import verification
from tests.conftest import git

REFERENCES = (
    Reference("store/store.go", "Store.Get", 9, ref="v1.0.0"),
    Reference("cmd/main.go", "main", 5, ref="v1.0.0"),
    Reference("LICENSE"),
)

Open = Callable[[str], Session]


@contextmanager
def opened(project: Path, shop: Path) -> Iterator[Open]:
    asked = SourceOptions(str(shop), "v1.0.0", history=True)
    with project_source.open_session(config.find(project), asked, lambda *_: None, lambda _: None) as at:
        yield at.at_tag


@pytest.mark.parametrize("tag", ["v1.0.0", "v2.0.0"])
def test_verdicts_are_the_same_with_a_warm_cache(project: Path, shop: Path, tag: str) -> None:
    found = []
    for _ in range(2):
        with opened(project, shop) as showing:
            found.append(verification.verify_references(showing(tag), REFERENCES))

    assert found[0] == found[1]


def test_a_tag_that_leads_elsewhere_is_verified_again(project: Path, shop: Path) -> None:
    found = []
    for _ in range(2):
        with opened(project, shop) as showing:
            found.append(verification.verify_references(showing("v2.0.0"), REFERENCES))
        subprocess.run(["git", "-C", shop, "tag", "-f", "v2.0.0", "v1.0.0"], check=True, capture_output=True)

    assert found[0] != found[1]


def test_field_is_not_taken_for_a_recorded_type_of_its_name(project: Path, shop: Path) -> None:
    assert cli.run(["record", "--source", str(shop)]) == cli.OK
    git(shop, "checkout", "-q", "v1.0.0")
    file = shop / "store" / "store.go"
    text = file.read_text().replace("*Store", "*Shelf").replace("type Store ", "type Shelf ")
    file.write_text(f"{text}\ntype Keeper struct {{\n\tStore *Shelf\n}}\n")
    git(shop, "commit", "-qam", "three")
    git(shop, "tag", "v3.0.0")
    git(shop.parent, "clone", "-q", "--depth=1", "--branch=v3.0.0", shop.as_uri(), "shallow")

    asked = SourceOptions(str(shop.parent / "shallow"), "v3.0.0")
    with project_source.open_session(config.find(project), asked, lambda *_: None, lambda _: None) as at:
        (found,) = verification.verify_references(at, [Reference("store/store.go", "Store", 4)])

    assert isinstance(found.outcome, Missing)


def test_packages_of_references_are_read_together(
    project: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[list[str]] = []
    read = GitSnapshot.read

    def counted(snapshot: GitSnapshot, paths: Iterable[str]) -> dict[str, bytes]:
        reads.append(sorted(paths))
        return read(snapshot, reads[-1])

    monkeypatch.setattr(GitSnapshot, "read", counted)
    cited = [Reference("store/", "Store", ref="v1.0.0"), Reference("cmd/", "main", ref="v1.0.0")]
    with opened(project, shop) as showing:
        verification.verify_references(showing("v1.0.0"), cited)

    assert reads == [["cmd/main.go", "store/store.go"]]
