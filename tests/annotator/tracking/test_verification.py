"""Verdicts are kept for as long as what they rest on stays as it is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from annotator import config, session
from annotator.model.reference import Reference, Verdict
from annotator.session import Asked, Session
from annotator.tracking import verification

REFERENCES = (
    Reference("store/store.go", "Store.Get", 9, ref="v1.0.0"),
    Reference("cmd/main.go", "main", 5, ref="v1.0.0"),
    Reference("LICENSE"),
)

Open = Callable[[str], Session]


@contextmanager
def opened(project: Path, shop: Path) -> Iterator[Open]:
    asked = Asked(str(shop), "v1.0.0", history=True)
    with session.session(config.find(project), asked, lambda *_: None, lambda _: None) as at:
        yield at.showing


@pytest.fixture
def at(project: Path, shop: Path) -> Iterator[Open]:
    with opened(project, shop) as showing:
        yield showing


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tags at which judging was really done."""
    tags: list[str] = []
    really = verification.verify_references

    def verdicts(at: Session, references: tuple[Reference, ...]) -> tuple[Verdict, ...]:
        tags.append(at.tag)
        return really(at, references)

    monkeypatch.setattr(verification, "verify_references", verdicts)
    return tags


@pytest.mark.parametrize("tag", ["v1.0.0", "v2.0.0"])
def test_what_is_kept_is_what_is_found(at: Open, tag: str) -> None:
    found = verification.verify_references(at(tag), REFERENCES)

    assert [verification.verify_references_cached(at(tag), REFERENCES) for _ in range(2)] == [found, found]


def test_the_same_is_judged_once(at: Open, counted: list[str]) -> None:
    for tag in ("v1.0.0", "v2.0.0", "v1.0.0", "v2.0.0"):
        verification.verify_references_cached(at(tag), REFERENCES)

    assert counted == ["v1.0.0", "v2.0.0"]


def test_other_references_are_judged(at: Open, counted: list[str]) -> None:
    verification.verify_references_cached(at("v1.0.0"), REFERENCES)
    verification.verify_references_cached(at("v1.0.0"), REFERENCES[:2])

    assert len(counted) == 2


def test_other_facts_are_judged_by(at: Open, counted: list[str], project: Path) -> None:
    verification.verify_references_cached(at("v1.0.0"), REFERENCES)
    (project / "site/baseline.json").write_text('{"tag": "v1.0.0", "commit": null, "symbols": []}')
    verification.verify_references_cached(at("v1.0.0"), REFERENCES)

    assert len(counted) == 2


def test_a_tag_that_leads_elsewhere_is_judged_by(project: Path, shop: Path, counted: list[str]) -> None:
    for _ in range(2):
        with opened(project, shop) as showing:
            verification.verify_references_cached(showing("v2.0.0"), REFERENCES)
        subprocess.run(["git", "-C", shop, "tag", "-f", "v1.0.0", "v2.0.0"], check=True, capture_output=True)

    assert counted == ["v2.0.0", "v2.0.0"]
