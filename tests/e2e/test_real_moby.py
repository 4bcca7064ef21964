"""The article's references, docstrings and declarations on real releases of moby."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
import relocated

from annotator.articles import manifest_file
from annotator.golang.source_tree import SourceTree
from annotator.model.reference import Article, Missing, Verified
from annotator.repository.local_git import LocalSource
from annotator.tracking import declaration_lookup

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "site" / "articles" / "volume-init.toml"
FACTS = [json.loads(line) for line in (ROOT / "tests/facts/lines.jsonl").read_text().splitlines()]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def article() -> Article:
    return manifest_file.read("volume-init.toml", MANIFEST.read_bytes())


def misplaced(article: Article, tree: SourceTree, written_at: SourceTree | None = None) -> Iterable[str]:
    """What the verdicts get wrong against the facts: a thing that is there must be found, none else."""
    for reference in article.references:
        (fact,) = [
            fact
            for fact in FACTS
            if (fact["tag"], fact["path"], fact["line"]) == (tree.tag, reference.path, reference.line)
        ]
        is_other = written_at is not None and written_at.tag != tree.tag
        found = (
            relocated.verdict(reference, tree, written_at)
            if is_other
            else declaration_lookup.verdict_at(reference, tree)
        )
        outcome = found.outcome
        found = None if isinstance(outcome, Missing) else [outcome.anchor.path, outcome.anchor.line]
        if found != fact.get("at") and not (found is None and fact["status"] in ("gone", "renamed")):
            yield f"{reference.symbol} at {tree.tag}: {found} instead of {fact.get('at')}"


@pytest.mark.parametrize("tag", ["v20.10.24", "v28.5.2"])
def test_every_reference_is_where_the_facts_say_at_debians_releases(article, release, tag):
    assert not list(misplaced(article, release(tag)))


@pytest.mark.parametrize("tag", ["v18.03.1-ce", "v18.09.6", "v20.10.24", "v28.5.2"])
def test_every_reference_is_where_the_facts_say_in_the_repository(article, moby_repository, tag):
    with LocalSource(Path(moby_repository), repository="https://github.com/moby/moby") as source:
        baseline = SourceTree(source.snapshot("v18.09.6"))
        tree = SourceTree(source.snapshot(tag))

        assert not list(misplaced(article, tree))
        assert not list(misplaced(article, tree, baseline))


def test_all_18_are_verified_at_the_baseline(article, moby_repository):
    with LocalSource(Path(moby_repository), repository="https://github.com/moby/moby") as source:
        tree = SourceTree(source.snapshot("v18.09.6"))

        outcomes = [
            declaration_lookup.verdict_at(reference, tree).outcome for reference in article.references
        ]

    assert len(outcomes) == 18
    assert all(isinstance(outcome, Verified) for outcome in outcomes)
