"""References followed over a real repository's tags, and what to port."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from annotator.cache import Cache
from annotator.config import GoNames
from annotator.errors import InvalidInput, SourceUnavailable
from annotator.golang.source_tree import SourceTree
from annotator.model.port import Counterpart
from annotator.model.reference import FoundBy, Missing, Moved, Reference, Verified
from annotator.model.symbol_history import PlacementChange, TextChange
from annotator.repository import tag_snapshots
from annotator.repository.local_git import LocalSource
from annotator.tracking import symbol_diff, symbol_follower
from tests.conftest import git

GET = Reference("store/store.go", "Store.Get", 9)
STORE = Reference("store/store.go", "Store", 4)


@pytest.fixture
def opened(shop, tmp_path):
    """The shop as a source, a cache, and the tree at the baseline."""
    with (
        LocalSource(shop, repository="https://example.org/shop") as source,
        Cache(tmp_path / "cache") as cache,
    ):
        yield source, cache, SourceTree(source.snapshot("v1.0.0"), cache)


def releases(opened):
    """The source at its version tags, and these."""
    source, _, base = opened
    tags = tag_snapshots.tags(source)
    return tag_snapshots.TagSnapshots(source, tags, known=base.snapshot), tags


def ends(opened, old: str, new: str) -> tuple[SourceTree, SourceTree]:
    """The trees at two tags, the baseline's as it is open."""
    source, cache, base = opened
    first, last = (base if tag == base.tag else SourceTree(source.snapshot(tag), cache) for tag in (old, new))
    return first, last


def mirror(*references: Reference) -> Counterpart:
    return Counterpart("port.Store", "class", "port/__init__.py", 4, references)


def test_references_are_followed_over_all_version_tags(opened):
    found = symbol_follower.track(
        *releases(opened), *opened[1:], [GET, Reference("store/store.go", "Nobody")]
    )

    assert found.tags == ("v1.0.0", "v2.0.0")
    first, second = found.trails[0].stops
    assert isinstance(first.outcome, Verified)
    assert isinstance(second.outcome, Moved)
    assert second.outcome.anchor.path == "pkg/store/store.go"
    assert second.outcome.by is FoundBy.FILE_RENAME
    assert all(isinstance(stop.outcome, Missing) for stop in found.trails[1].stops)


def test_a_glob_chooses_among_the_tags(opened):
    assert symbol_follower.track(*releases(opened), *opened[1:], [GET], "v2.*").tags == ("v2.0.0",)


def test_a_glob_that_fits_nothing_is_told_with_the_newest_tag(opened):
    with pytest.raises(InvalidInput, match=r"v2\.0\.0"):
        symbol_follower.track(*releases(opened), *opened[1:], [GET], "v7.*")


def test_a_source_without_versions_is_told():
    bare = SimpleNamespace(repository="https://example.org/r", tags=lambda: ["latest"])

    with pytest.raises(SourceUnavailable, match="no version tags"):
        tag_snapshots.tags(bare)


def test_symbols_that_several_objects_mirror_are_one(opened):
    one, other = mirror(GET, STORE), mirror(GET, Reference("store/store.go", "Nobody"))

    found = symbol_diff.mapped_symbols([one, other], opened[2])

    assert [(each.symbol, len(each.counterparts)) for each in found] == [
        ("store/store.go::Store.Get", 2),
        ("store/store.go::Store", 1),
    ]


def test_what_to_port_names_the_places_in_python(opened):
    symbols = symbol_diff.mapped_symbols([mirror(GET)], opened[2])

    found = symbol_diff.porting(*opened, symbols, ends(opened, "v1.0.0", "v2.0.0"), GoNames())

    (change,) = found.changes
    assert (change.shift, change.edit) == (PlacementChange.MOVED, TextChange.SAME)
    assert change.counterparts[0].path == "port/__init__.py"
    assert found.fresh == ()


def test_what_to_port_can_be_asked_the_other_way_round(opened):
    symbols = symbol_diff.mapped_symbols([mirror(GET)], opened[2])

    found = symbol_diff.porting(*opened, symbols, ends(opened, "v2.0.0", "v1.0.0"), GoNames())

    assert found.changes[0].new.path == "store/store.go"


def test_between_a_tag_and_itself_nothing_is_to_port(opened):
    symbols = symbol_diff.mapped_symbols([mirror(GET, STORE)], opened[2])

    assert symbol_diff.porting(*opened, symbols, ends(opened, "v2.0.0", "v2.0.0"), GoNames()).changes == ()


def test_a_symbol_at_neither_tag_is_counted_but_is_no_change(opened, shop):
    symbols = symbol_diff.mapped_symbols([mirror(GET)], opened[2])
    for file in shop.rglob("*.go"):
        file.unlink()
    for tag in ("v3.0.0", "v4.0.0"):
        (shop / "other.go").write_text(f"package other // {tag}\n", encoding="utf-8")
        git(shop, "add", "--all")
        git(shop, "commit", "--quiet", "--message", tag)
        git(shop, "tag", tag)

    with LocalSource(shop, repository="https://example.org/shop") as source:
        trees = tuple(SourceTree(source.snapshot(tag), opened[1]) for tag in ("v3.0.0", "v4.0.0"))
        found = symbol_diff.porting(source, *opened[1:], symbols, trees, GoNames())

    assert (found.symbols, found.changes) == (1, ())


def test_what_to_port_can_be_asked_of_a_branch_and_of_a_commit(opened):
    source, _, base = opened
    symbols = symbol_diff.mapped_symbols([mirror(GET)], base)
    of_tag = symbol_diff.porting(*opened, symbols, ends(opened, "v1.0.0", "v2.0.0"), GoNames())

    for name in ("main", source.snapshot("v2.0.0").commit):
        found = symbol_diff.porting(*opened, symbols, ends(opened, "v1.0.0", name), GoNames())
        assert (found.new, found.changes) == (name, of_tag.changes)


def test_a_way_over_too_many_release_lines_is_not_walked(monkeypatch):
    tags = ["v1.0.0", "v1.0.1", "v2.0.0", "v3.0.0", "latest"]

    assert symbol_diff._between(tags, ["v1.0.0", "v2.0.0"]) == ("v1.0.0", "v1.0.1", "v2.0.0")
    assert symbol_diff._between(tags, ["v1.0.0", "latest"]) == (
        "v1.0.0",
        "v1.0.1",
        "v2.0.0",
        "v3.0.0",
        "latest",
    )
    monkeypatch.setattr(symbol_diff, "MOST_LINES", 1)
    assert symbol_diff._between(tags, ["v1.0.0", "v2.0.0"]) == ()
