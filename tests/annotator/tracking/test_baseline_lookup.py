"""Recorded symbols are found in trees when the source they were recorded from is not at hand."""

from __future__ import annotations

import pytest

from annotator.model.port import GoSymbol
from annotator.model.reference import FoundBy, Missing, Moved, Reference, Renamed, TextState, Verified
from annotator.tracking import similarity
from annotator.tracking.baseline_lookup import BaselineLookup

STORE = """package store

type Store struct {
	shelves map[string][]int
	limit   int
}

func New(limit int) *Store {
	return &Store{shelves: map[string][]int{}, limit: limit}
}

func (s *Store) Put(shelf string, thing int) error {
	if len(s.shelves[shelf]) >= s.limit {
		return errors.New("full")
	}
	s.shelves[shelf] = append(s.shelves[shelf], thing)
	return nil
}

func Count(s *Store) int {
	total := 0
	for _, things := range s.shelves {
		total += len(things)
	}
	return total
}
"""
COUNT = STORE[STORE.index("func Count") :]


@pytest.fixture
def record(grove):
    """What is recorded of files: `record({"a/a.go": text})`."""

    def make(files):
        forest = grove({"v1": files})
        tree = forest.tree("v1")
        return [
            GoSymbol(
                path,
                d.symbol,
                d.kind,
                d.line,
                d.span.end_line,
                blob=tree.go_files[path],
                likeness=similarity.fingerprint(tree.data(path)[d.span.start : d.span.end]),
            )
            for path, document in tree.documents(files).items()
            for d in document.declarations
        ]

    return make


@pytest.fixture
def find(grove, record):
    """The verdict on a recorded symbol: `find(before, after, "Name")`."""

    def make(before, after, symbol):
        recorded = record(before)
        (known,) = [each for each in recorded if each.symbol == symbol][:1]
        facts = BaselineLookup(recorded, grove({"v2": after}).tree("v2"))
        return facts.verdict(Reference(known.path, symbol, known.line), known)

    return make


HERE = {"store/store.go": STORE}


@pytest.mark.parametrize("symbol", ["Store", "New", "Store.Put", "Count"])
def test_the_same_file_says_the_same(find, symbol):
    found = find(HERE, HERE, symbol)

    assert isinstance(found.outcome, Verified)
    assert found.outcome.by is FoundBy.SYMBOL
    assert found.text is TextState.SAME


def test_an_edited_declaration_has_another_text(find):
    found = find(
        HERE, {"store/store.go": STORE.replace("total += len(things)", "total -= weight(things)")}, "Count"
    )

    assert isinstance(found.outcome, Verified)
    assert found.text is TextState.CHANGED


def test_of_an_edited_file_the_untouched_text_is_not_known_for_sure(find):
    found = find(HERE, {"store/store.go": STORE + "\nvar x = 1\n"}, "Count")

    assert found.text is TextState.UNKNOWN


@pytest.mark.parametrize("symbol", ["Store", "New", "Store.Put", "Count"])
def test_a_moved_file_is_told_by_the_names_it_declares(find, symbol):
    after = {"daemon/depot/keep.go": STORE, "a/new.go": "package a\n\nfunc New() {}\n"}

    found = find(HERE, after, symbol)

    assert isinstance(found.outcome, Moved)
    assert found.outcome.anchor.path == "daemon/depot/keep.go"
    assert found.outcome.by is FoundBy.FACTS


def test_another_file_of_the_package_is_looked_into(find):
    after = {"store/store.go": STORE.replace(COUNT, ""), "store/count.go": f"package store\n\n{COUNT}"}

    assert find(HERE, after, "Count").outcome.anchor.path == "store/count.go"


def test_a_namesake_in_another_package_is_a_guess_and_no_answer(find):
    after = {"store/store.go": STORE.replace(COUNT, ""), "tally/tally.go": f"package tally\n\n{COUNT}"}

    found = find(HERE, after, "Count")

    assert isinstance(found.outcome, Missing)
    assert found.outcome.guess.path == "tally/tally.go"
    assert "tally/tally.go" in found.outcome.reason


def test_a_new_name_is_told_by_fingerprint_and_neighbours(find):
    found = find(HERE, {"store/store.go": STORE.replace("Put(", "Lay(")}, "Store.Put")

    assert isinstance(found.outcome, Renamed)
    assert found.outcome.anchor.symbol == "Store.Lay"


def test_the_same_body_elsewhere_in_the_file_is_no_rename(find):
    put = STORE[STORE.index("func (s *Store) Put") : STORE.index("func Count")]
    after = STORE.replace(put, "") + "\n" + put.replace("Put(", "Lay(")

    assert isinstance(find(HERE, {"store/store.go": after}, "Store.Put").outcome, Missing)


def test_twins_of_a_package_are_not_taken_for_each_other(find):
    twins = {"a/a_linux.go": f"package a\n\n{COUNT}", "a/a_unix.go": f"package a\n\n{COUNT}"}

    found = find(twins, {"a/a_linux.go": "package a\n", "a/a_unix.go": twins["a/a_unix.go"]}, "Count")

    assert isinstance(found.outcome, Missing)
