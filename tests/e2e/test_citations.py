"""What other people cite of moby: each read and judged as by hand, none judged verified that is not."""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path

import pytest

from annotator import config, project_source
from annotator.commands import verify
from annotator.model.reference import Code, Verdict

ROOT = Path(__file__).parents[2]
ROWS = [
    json.loads(line)
    for line in (ROOT / "tests/annotator/articles/citations.jsonl").read_text("utf-8").splitlines()
]
REQUIRED = 0.97
OUTPUT = re.compile("trace|message|log|panic|race|output|listing|profile|grep|compiler")
"""Forms that are the output of programs."""

pytestmark = pytest.mark.slow


def judged(source: str, rows: list[dict[str, str]], folder: Path) -> list[tuple[dict[str, str], str]]:
    """Each row with the verdict on it, by the whole way from a file to a report."""
    project = config.find(ROOT)
    found = []
    for tag, group in groupby(sorted(rows, key=lambda row: row["tag"] or ""), key=lambda row: row["tag"]):
        # The tag is the one at which a person found each of them to be exact.
        asked = project_source.SourceOptions(source, tag or project.config.baseline, written_at=tag)
        with project_source.open_session(project, asked, lambda *_: None, lambda _: None) as at:
            for row in group:
                file = folder / "article.md"
                file.write_text(row["text"], encoding="utf-8")
                verdicts = verify.verify(at, [file]).verdicts
                names = [
                    # A person can place the lines of a trace; a program that answers for them says nothing.
                    row["verdict"] if is_output(verdict, row) else type(verdict.outcome).__name__.lower()
                    for verdict in verdicts
                ]
                found.append((row, names[0] if len(names) == 1 else f"{len(names)} references"))
    return found


def is_output(verdict: Verdict, row: dict[str, str]) -> bool:
    """Return whether a reference was recognised as the output of a program, which its row says it is."""
    return verdict.outcome.code is Code.PROGRAM_OUTPUT and OUTPUT.search(row["form"]) is not None


def check(found: list[tuple[dict[str, str], str]]) -> None:
    wrong = [(row["text"], verdict, row["verdict"]) for row, verdict in found if verdict != row["verdict"]]
    assert not [row for row in wrong if row[1] == "verified"]
    assert len(wrong) <= (1 - REQUIRED) * len(found), wrong


def test_citations_are_judged_as_by_hand_in_the_repository(moby_repository, tmp_path):
    assert len(ROWS) >= 60

    check(judged(moby_repository, ROWS, tmp_path))


def test_citations_of_debians_release_are_judged_as_by_hand(release, tmp_path):
    release("v20.10.24")
    rows = [row for row in ROWS if row["tag"] == "v20.10.24"]

    check(judged("debian", [row for row in rows if row["ref"] in (None, "v20.10.24")], tmp_path))
    # A single release has no branches, so that nobody can say what their lines hold.
    on_branch = judged("debian", [row for row in rows if row["ref"] == "master"], tmp_path)
    assert {verdict for _, verdict in on_branch} == {"unknown"}
