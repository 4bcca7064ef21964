"""What becomes of a declaration from one tree to another, on small trees."""

from __future__ import annotations

import pytest

from annotator.model.reference import FoundBy, Missing, Moved, Renamed, TextState, Verified

STORE = """package store

import "errors"

// ErrGone says that a thing is not there.
var ErrGone = errors.New("gone")

// Store keeps things on shelves.
type Store struct {
	shelves map[string][]int
	limit   int
	closed  bool
}

// New makes a store.
func New(limit int) *Store {
	clean := func(name string) string {
		if name == "" {
			return "unnamed"
		}
		return name + "-shelf"
	}
	_ = clean
	return &Store{shelves: map[string][]int{}, limit: limit}
}

// Put lays a thing on a shelf.
func (s *Store) Put(shelf string, thing int) error {
	if s.closed {
		return errors.New("closed")
	}
	if len(s.shelves[shelf]) >= s.limit {
		return errors.New("full")
	}
	s.shelves[shelf] = append(s.shelves[shelf], thing)
	return nil
}

// Count says how many things there are.
func Count(s *Store) int {
	total := 0
	for _, things := range s.shelves {
		total += len(things)
	}
	return total
}
"""

CART = """package cart

import "example.org/shop/store"

func Fill(s *store.Store, things []int) error {
	for number, thing := range things {
		if number > 100 {
			break
		}
		if err := s.Put("cart", thing); err != nil {
			return err
		}
	}
	return nil
}
"""

OTHER = """package other

func Unlike(words []string) map[string]bool {
	found := map[string]bool{}
	for _, word := range words {
		found[word] = true
	}
	return found
}
"""

EVERY = ("ErrGone", "Store", "Store.limit", "New", "New.clean", "Store.Put", "Count")


def without(text: str, start: str) -> str:
    """The text without the declaration that begins with `start`, and without the comment above it."""
    head, _, tail = text.partition(start)
    rest = tail.partition("\n}\n")[2]
    kept = head.rstrip("\n").split("\n")
    while kept[-1].startswith("//"):
        kept.pop()
    return "\n".join(kept) + "\n" + rest


def piece(text: str, start: str) -> str:
    """The declaration that begins with `start`."""
    return start + text.partition(start)[2].partition("\n}\n")[0] + "\n}\n"


COUNT, PUT = piece(STORE, "func Count"), piece(STORE, "func (s *Store) Put")


@pytest.mark.parametrize("symbol", EVERY)
def test_a_file_that_did_not_change_keeps_everything(carry, symbol):
    found = carry({"store/store.go": STORE}, {"store/store.go": STORE}, "store/store.go", symbol)

    assert isinstance(found.outcome, Verified)
    assert found.text is TextState.SAME


@pytest.mark.parametrize("symbol", EVERY)
def test_lines_move_and_the_text_stays(carry, symbol):
    after = {"store/store.go": STORE.replace('"errors"\n', '"errors"\n\nconst Shelves = 3\n')}

    found = carry({"store/store.go": STORE}, after, "store/store.go", symbol)

    assert isinstance(found.outcome, Moved)
    assert found.outcome.by is FoundBy.SYMBOL
    assert found.text is TextState.SAME


def test_a_new_text_in_the_same_place_is_changed_but_verified(carry):
    after = {"store/store.go": STORE.replace("total := 0", "total := 1")}

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Count")

    assert isinstance(found.outcome, Verified)
    assert found.text is TextState.CHANGED


@pytest.mark.parametrize("symbol", EVERY)
def test_a_file_that_moved_takes_its_declarations_along(carry, place, symbol):
    after = {"daemon/depot/store.go": STORE, "other/other.go": OTHER}

    found = carry({"store/store.go": STORE}, after, "store/store.go", symbol)

    assert place(found.outcome).startswith(f"daemon/depot/store.go::{symbol}#")
    assert found.outcome.by is FoundBy.FILE_RENAME


@pytest.mark.parametrize("symbol", EVERY)
def test_a_file_that_moved_and_was_edited_is_told_by_its_content(carry, place, symbol):
    edited = STORE.replace("package store", "package depot").replace('"full"', '"no room"')
    after = {"daemon/depot/depot.go": edited, "daemon/depot/other.go": OTHER}

    found = carry({"store/store.go": STORE, "a/other.go": OTHER}, after, "store/store.go", symbol)

    assert place(found.outcome).startswith(f"daemon/depot/depot.go::{symbol}#")


def test_a_symbol_that_lost_its_file_is_found_in_the_renamed_one(carry, place):
    before = {"store/store.go": STORE, "store/count.go": f"package store\n\n{OTHER[15:]}"}
    after = {"store/depot.go": STORE, "store/count.go": before["store/count.go"]}

    found = carry(before, after, "store/store.go", "Store.Put")

    assert place(found.outcome).startswith("store/depot.go::Store.Put#")


def test_a_function_that_went_to_another_file_of_its_package_is_found_there(carry, place):
    after = {
        "store/store.go": without(STORE, "func Count"),
        "store/count.go": f"package store\n\n{COUNT}",
    }

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Count")

    assert place(found.outcome) == "store/count.go::Count#L3"
    assert found.outcome.by is FoundBy.SYMBOL


def test_a_function_that_left_for_another_package_is_told_by_its_body(carry, place):
    after = {
        "store/store.go": without(STORE, "func Count"),
        "tally/tally.go": f'package tally\n\nimport "example.org/shop/store"\n\n{COUNT}',
    }

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Count")

    assert place(found.outcome) == "tally/tally.go::Count#L5"
    assert found.outcome.by is FoundBy.BODY


def test_packages_that_were_joined_keep_their_declarations_apart(carry, place):
    after = {"shop/store.go": STORE, "shop/cart.go": CART.replace("package cart", "package shop")}

    found = carry({"store/store.go": STORE, "cart/cart.go": CART}, after, "cart/cart.go", "Fill")

    assert place(found.outcome).startswith("shop/cart.go::Fill#")


def test_a_namesake_that_was_elsewhere_all_the_time_is_no_answer(carry):
    decoy = f"package tally\n\n{COUNT}"
    before = {"store/store.go": STORE, "tally/tally.go": decoy}
    after = {"store/store.go": without(STORE, "func Count"), "tally/tally.go": decoy + "\nvar X = 1\n"}

    found = carry(before, after, "store/store.go", "Count")

    assert isinstance(found.outcome, Missing)


def test_what_two_packages_lost_and_one_got_belongs_to_neither(carry):
    other = STORE.replace("package store", "package depot")
    before = {"store/store.go": STORE, "depot/depot.go": other}
    after = {
        "store/store.go": without(STORE, "func Count"),
        "depot/depot.go": without(other, "func Count"),
        "tally/tally.go": f"package tally\n\n{COUNT}",
    }

    found = carry(before, after, "store/store.go", "Count")

    assert isinstance(found.outcome, Missing)


def test_a_renamed_type_is_told_by_body_and_neighbours(carry, place):
    after = {"store/store.go": STORE.replace("*Store", "*Depot").replace("type Store", "type Depot")}

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Store")

    assert isinstance(found.outcome, Renamed)
    assert place(found.outcome) == "store/store.go::Depot#L9"


@pytest.mark.parametrize("symbol", ["Put", "limit"])
def test_members_follow_their_renamed_type(carry, place, symbol):
    after = {"store/store.go": STORE.replace("*Store", "*Depot").replace("type Store", "type Depot")}

    found = carry({"store/store.go": STORE}, after, "store/store.go", f"Store.{symbol}")

    assert place(found.outcome).startswith(f"store/store.go::Depot.{symbol}#")


def test_a_renamed_function_is_told_by_its_body(carry, place):
    after = {"store/store.go": STORE.replace("func Count(", "func Tally(")}

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Count")

    assert place(found.outcome).startswith("store/store.go::Tally#")
    assert found.outcome.by is FoundBy.BODY


def test_a_rewritten_function_is_told_by_its_users_and_neighbours(carry, place):
    users = "\nfunc Full(s *Store) bool {\n\treturn Count(s) > s.limit\n}\n"
    rewritten = COUNT.replace("func Count", "func Tally").replace("total := 0", "var total int = 0")
    rewritten = rewritten.replace("total += len(things)", "total = total + len(things) + s.extra()")
    after = without(STORE, "func Count") + rewritten + users.replace("Count(", "Tally(")

    found = carry({"store/store.go": STORE + users}, {"store/store.go": after}, "store/store.go", "Count")

    assert place(found.outcome).startswith("store/store.go::Tally#")


@pytest.mark.parametrize("symbol", ["count", "COUNT"])
def test_a_name_in_other_letters_is_a_rename(carry, place, symbol):
    after = {"store/store.go": STORE.replace("func Count(", f"func {symbol}(")}

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Count")

    assert place(found.outcome).startswith(f"store/store.go::{symbol}#")


def test_a_function_that_became_a_method_is_told_by_name_and_body(carry, place):
    after = {"store/store.go": STORE.replace("func Count(s *Store) int", "func (s *Store) Count() int")}

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Count")

    assert isinstance(found.outcome, Renamed)
    assert place(found.outcome).startswith("store/store.go::Store.Count#")


def test_a_method_that_became_a_function_is_told_by_name_and_body(carry, place):
    head = "func Put(s *Store, shelf string, thing int) error"
    after = {"store/store.go": STORE.replace("func (s *Store) Put(shelf string, thing int) error", head)}

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Store.Put")

    assert place(found.outcome).startswith("store/store.go::Put#")


def test_what_was_deleted_is_missing_even_if_something_new_stands_in_its_place(carry):
    after = {"store/store.go": without(STORE, "func Count") + OTHER[len("package other\n\n") :]}

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Count")

    assert isinstance(found.outcome, Missing)
    assert found.text is TextState.UNKNOWN


def test_of_two_that_are_as_alike_none_is_the_answer(carry):
    twins = COUNT.replace("Count", "One") + "\n" + COUNT.replace("Count", "Two")
    after = {"store/store.go": without(STORE, "func Count") + twins}

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Count")

    assert isinstance(found.outcome, Missing)
    assert found.outcome.guess is not None
    assert "may be" in found.outcome.reason


def test_the_twin_for_another_system_is_no_answer(carry):
    both = {
        "store/count_windows.go": f"package store\n\n{COUNT}",
        "store/store.go": without(STORE, "func Count"),
    }
    before = both | {"store/count_linux.go": f"package store\n\n{COUNT}"}
    after = both | {"store/count_windows.go": f"package store\n\nvar X = 1\n\n{COUNT}"}

    found = carry(before, after, "store/count_linux.go", "Count")

    assert isinstance(found.outcome, Missing)


def test_what_was_split_for_two_systems_is_missing_and_says_where_it_may_be(carry):
    after = {
        "store/store.go": without(STORE, "func Count"),
        "store/count_linux.go": f"package store\n\n{COUNT}",
        "store/count_windows.go": "package store\n\n" + COUNT.replace("total := 0", "total := 1"),
    }

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Count")

    assert isinstance(found.outcome, Missing)
    assert "split" in found.outcome.reason
    assert "count_windows.go" in found.outcome.reason


@pytest.mark.parametrize(("nth", "line"), [(0, 7), (1, 3)])
def test_declarations_of_one_name_are_told_apart_by_their_bodies(carry, place, nth, line):
    first, second = "func init() {\n\tone()\n}\n", "func init() {\n\ttwo(2)\n}\n"
    before, after = f"package a\n\n{first}\n{second}", f"package a\n\n{second}\n{first}"

    found = carry({"a/a.go": before}, {"a/a.go": after}, "a/a.go", "init", nth=nth)

    assert place(found.outcome) == f"a/a.go::init#L{line}"


def test_a_closure_under_a_new_name_is_told_by_its_body(carry, place):
    after = {"store/store.go": STORE.replace("clean :=", "tidy :=").replace("_ = clean", "_ = tidy")}

    found = carry({"store/store.go": STORE}, after, "store/store.go", "New.clean")

    assert place(found.outcome).startswith("store/store.go::New.tidy#")


@pytest.mark.parametrize(
    ("symbol", "gone"), [("Store.limit", "\tlimit   int\n"), ("Store.closed", "\tclosed  bool\n")]
)
def test_a_field_that_is_gone_is_missing(carry, symbol, gone):
    after = {"store/store.go": STORE.replace(gone, "")}

    found = carry({"store/store.go": STORE}, after, "store/store.go", symbol)

    assert isinstance(found.outcome, Missing)


def test_a_cited_line_goes_with_its_declaration(carry, place):
    after = {
        "store/store.go": STORE.replace('return errors.New("closed")', 'log("closed")\n\t\treturn errClosed')
    }

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Store.Put", line=32)

    assert place(found.outcome) == "store/store.go::Store.Put#L33"
    assert isinstance(found.outcome, Moved)


def test_a_cited_line_whose_text_is_gone_is_missing_though_its_declaration_is_there(carry):
    after = {"store/store.go": STORE.replace('"full"', '"no room"')}

    found = carry({"store/store.go": STORE}, after, "store/store.go", "Store.Put", line=33)

    assert isinstance(found.outcome, Missing)
    assert "the text of the cited line is gone" in found.outcome.reason


def test_a_file_that_no_longer_reads_as_go_loses_its_declarations_and_nothing_else(carry):
    found = carry({"store/store.go": STORE}, {"store/store.go": "\0binary"}, "store/store.go", "Count")

    assert isinstance(found.outcome, Missing)


@pytest.mark.parametrize("symbol", ["a", "b"])
def test_names_that_are_declared_together_are_not_mistaken_for_each_other(carry, symbol):
    before = {"x/x.go": "package x\n\nvar a, b = 1, 2\n"}

    found = carry(before, {"x/x.go": "package x\n\nvar c = 0\n\nvar a, b = 1, 2\n"}, "x/x.go", symbol)

    assert found.outcome.anchor.symbol == symbol
