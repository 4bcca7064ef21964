"""Verdicts of references, with and without cached steps."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from annotator import config, project_source
from annotator.model.reference import Reference
from annotator.project_source import Session, SourceOptions
from annotator.tracking import verification

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
