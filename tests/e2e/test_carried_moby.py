"""Functions of a real release, cited in three forms and carried to releases years younger."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator import project_source
from annotator.config import Config, Project
from annotator.model.reference import Outcome, Reference, Renamed, Unplaced
from annotator.project_source import Session, SourceOptions
from annotator.tracking import similarity
from annotator.tracking.declaration_lookup import named
from annotator.tracking.verification import verify_references

BASELINE = "v18.09.6"
FUNCTIONS = 300

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def moby(moby_repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    patch = pytest.MonkeyPatch()
    patch.setenv("ANNOTATOR_CACHE", str(tmp_path_factory.mktemp("cache")))
    folder = tmp_path_factory.mktemp("project")
    project = Project(folder, Config(repository="https://github.com/moby/moby", baseline=BASELINE))
    options = SourceOptions(str(moby_repository), BASELINE, history=True)
    with project_source.open_session(project, options, lambda *_: None, lambda _: None) as at:
        yield at
    patch.undo()


@pytest.fixture(scope="module")
def cited(moby: Session) -> list[Reference]:
    files = [path for path in moby.tree.go_files if not path.endswith("_test.go")]
    functions = [
        Reference(path, declaration.symbol, declaration.line)
        for path, document in moby.tree.documents(files).items()
        for declaration in document.declarations
        if declaration.kind in ("func", "method")
    ]
    return random.Random(19).sample(functions, FUNCTIONS)  # noqa: S311 - a fixed choice, not a secret


@pytest.mark.parametrize("tag", ["v20.10.27", "v28.5.2"])
def test_functions_are_carried_alike_in_all_forms(moby, cited, tag):
    now = moby.at_tag(tag)
    forms = {
        "symbol": cited,
        "line": [Reference(each.path, line=each.line) for each in cited],
        "permalink": [Reference(each.path, line=each.line, ref=BASELINE) for each in cited],
    }

    outcomes = {
        form: [verdict.outcome for verdict in verify_references(now, references)]
        for form, references in forms.items()
    }

    places = {form: list(map(place, found)) for form, found in outcomes.items()}
    assert places["line"] == places["permalink"] == places["symbol"]
    assert sum(found is not None for found in places["symbol"]) >= FUNCTIONS * (0.9 if tag < "v21" else 0.65)
    wrong = [
        f"{each.path}::{each.symbol}: {outcome}"
        for each, outcome in zip(cited, outcomes["line"], strict=True)
        if not isinstance(outcome, Unplaced) and not is_the_same(moby, now, each, outcome)
    ]
    assert not wrong


def place(outcome: Outcome) -> tuple[str, str, int] | None:
    if isinstance(outcome, Unplaced):
        return None
    return outcome.anchor.path, outcome.anchor.symbol, outcome.anchor.line + outcome.anchor.offset


def is_the_same(before: Session, after: Session, cited: Reference, outcome: Outcome) -> bool:
    """Whether the line declares that function, read anew: by its name, else by its body."""
    assert not isinstance(outcome, Unplaced)
    anchor = outcome.anchor
    line = after.tree.data(anchor.path).split(b"\n")[anchor.line + anchor.offset - 1]
    name = anchor.symbol.rpartition(".")[2]
    if not line.startswith(b"func ") or name.encode() not in line:
        return False
    if not isinstance(outcome, Renamed) and anchor.symbol != cited.symbol:
        return False
    return isinstance(outcome, Renamed) <= (likeness(before, after, cited, outcome) >= similarity.AKIN)


def likeness(before: Session, after: Session, cited: Reference, outcome: Outcome) -> float:
    assert not isinstance(outcome, Unplaced)
    bodies = []
    for at, path, symbol, line in (
        (before, cited.path, cited.symbol, cited.line),
        (after, outcome.anchor.path, outcome.anchor.symbol, outcome.anchor.line),
    ):
        found = next(d for d in named(at.tree.document(path), symbol) if d.line == line)
        bodies.append(at.tree.data(path)[found.span.start : found.span.end])
    return similarity.token_similarity(*bodies)
