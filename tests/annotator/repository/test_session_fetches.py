"""References of other tags than the one that is read from a URL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from annotator import project_source
from annotator.config import Config, Project
from annotator.model.reference import Reference, Unknown, Verified
from annotator.project_source import SourceOptions
from annotator.tracking.verification import verify_references


@pytest.fixture
def verdicts(tmp_path: Path, server, config: Config, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list]:
    """Outcomes at v2.0.0 of references, with all that was warned of."""
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))

    def run(*references: Reference, close: bool = False) -> list:
        warned: list[str] = []
        options = SourceOptions(server.url, "v2.0.0")
        with project_source.open_session(
            Project(tmp_path, config), options, lambda *_: None, warned.append
        ) as at:
            _ = at.tree
            if close:
                server.close()
            return [[verdict.outcome for verdict in verify_references(at, references)], warned]

    return run


def test_the_origin_of_a_reference_is_fetched(verdicts):
    cited = [Reference("file0.go", line=1), Reference("file0.go", line=1, ref="v1.10.0")]

    outcomes, warned = verdicts(*cited, Reference("file0.go", line=1, ref="v7"))

    assert [type(outcome) for outcome in outcomes] == [Verified, Verified, Unknown]
    assert not warned


def test_a_url_that_stopped_to_answer_is_asked_once(verdicts, server):
    outcomes, warned = verdicts(
        *(Reference("file0.go", line=1, ref=ref) for ref in ("v1.2.0", "v1.10.0")), close=True
    )

    assert {type(outcome) for outcome in outcomes} == {Unknown}
    assert len(warned) == 1
