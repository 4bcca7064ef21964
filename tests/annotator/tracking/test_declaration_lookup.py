"""What becomes of a reference, on small trees."""

from __future__ import annotations

import pytest
import relocated

from annotator.model.go import Kind
from annotator.model.reference import (
    FoundBy,
    Missing,
    Moved,
    Reference,
    Renamed,
    Skipped,
    TextState,
    Verified,
)
from annotator.tracking import declaration_lookup

STORE = """package store

// Store keeps things.
type Store struct {
	names map[string]int
	limit int
}

// Get finds a thing.
func (s *Store) Get(name string) int {
	count := s.names[name]
	return count + s.limit
}

func New(limit int) *Store {
	clean := func(name string) string {
		return name
	}
	_ = clean
	return &Store{names: map[string]int{}, limit: limit}
}
"""


def shifted(text: str, by: int = 2) -> str:
    return text.replace("package store\n", "package store\n" + "\n" * by)


def test_a_symbol_in_its_cited_line_is_verified(tree):
    found = declaration_lookup.verdict_at(
        Reference("store/store.go", "Store", 4), tree({"store/store.go": STORE})
    )

    assert found.outcome.anchor.kind is Kind.STRUCT
    assert isinstance(found.outcome, Verified)


@pytest.mark.parametrize(
    ("symbol", "line"),
    [("Store.Get", 10), ("Get", 10), ("New", 15), ("New.clean", 16), ("clean", 16), ("Store.names", 5)],
)
def test_methods_fields_and_closures_are_named_with_and_without_their_owner(tree, symbol, line):
    found = declaration_lookup.verdict_at(
        Reference("store/store.go", symbol, line), tree({"store/store.go": STORE})
    )

    assert isinstance(found.outcome, Verified)
    assert found.outcome.anchor.line == line


def test_field_is_not_taken_for_a_type_of_its_name(tree):
    reference = Reference("store/store.go", "limit", 3, heading="interface")

    found = declaration_lookup.verdict_at(reference, tree({"store/store.go": STORE}))

    assert isinstance(found.outcome, Missing)


def test_a_symbol_in_another_line_of_its_file_has_moved(tree):
    found = declaration_lookup.verdict_at(
        Reference("store/store.go", "Store", 4), tree({"store/store.go": shifted(STORE)}, "v2")
    )

    assert isinstance(found.outcome, Moved)
    assert found.outcome.anchor.line == 6


def test_a_line_inside_the_cited_function_is_said_to_lie_inside(tree):
    found = declaration_lookup.verdict_at(
        Reference("store/store.go", "New", 18), tree({"store/store.go": STORE})
    )

    assert isinstance(found.outcome, Moved)
    assert "lies inside it" in found.outcome.reason


def test_a_symbol_in_another_file_of_its_package_has_moved(tree):
    found = declaration_lookup.verdict_at(
        Reference("store/old.go", "Store", 4),
        tree({"store/old.go": "package store\n", "store/store.go": STORE}),
    )

    assert isinstance(found.outcome, Moved)
    assert found.outcome.anchor.path == "store/store.go"


def test_a_symbol_that_lost_its_file_is_found_in_the_moved_one(tree):
    found = declaration_lookup.verdict_at(
        Reference("store/store.go", "Store", 4), tree({"daemon/pkg/store/store.go": STORE})
    )

    assert isinstance(found.outcome, Moved)
    assert found.outcome.by is FoundBy.FILE_RENAME


def test_a_file_that_kept_only_its_name_is_believed_if_a_folder_stayed_too(tree):
    files = {"store/old/store.go": STORE, "other/cmd.go": "package other\n"}

    found = declaration_lookup.verdict_at(Reference("store/service/store.go", "Store", 4), tree(files))

    assert isinstance(found.outcome, Moved)


def test_a_namesake_elsewhere_is_no_answer(tree):
    files = {"other/thing.go": "package other\n\ntype Store struct{}\n"}

    found = declaration_lookup.verdict_at(Reference("store/store.go", "Store", 4), tree(files))

    assert isinstance(found.outcome, Missing)


def test_two_moved_files_that_fit_alike_are_no_answer_but_a_guess(tree):
    files = {"a/store/store.go": STORE, "b/store/store.go": STORE}

    found = declaration_lookup.verdict_at(Reference("store/store.go", "Store", 4), tree(files))

    assert isinstance(found.outcome, Missing)
    assert found.outcome.guess is not None


def test_a_test_file_never_answers_for_a_file_that_is_none(tree):
    found = declaration_lookup.verdict_at(
        Reference("store/store.go", "Store", 4), tree({"store/store_test.go": STORE})
    )

    assert isinstance(found.outcome, Missing)


def test_a_namesake_of_another_kind_is_no_answer_where_the_heading_gives_the_kind(tree):
    files = {"deep/store/store.go": "package store\n\nfunc Store() {}\n"}

    found = declaration_lookup.verdict_at(
        Reference("store/store.go", "Store", 4, heading="interface"), tree(files)
    )

    assert isinstance(found.outcome, Missing)


def test_of_two_namesakes_in_a_file_the_one_in_the_cited_line_is_meant(tree):
    twice = "package p\n\nfunc init() {}\n\nfunc init() {}\n"

    found = declaration_lookup.verdict_at(Reference("p/p.go", "init", 5), tree({"p/p.go": twice}))

    assert isinstance(found.outcome, Verified)


def test_two_namesakes_and_no_line_are_no_answer(tree):
    twice = "package p\n\nfunc init() {}\n\nfunc init() {}\n"

    found = declaration_lookup.verdict_at(Reference("p/p.go", "init"), tree({"p/p.go": twice}))

    assert isinstance(found.outcome, Missing)
    assert "not unique" in found.outcome.reason


def test_another_repository_is_skipped(tree):
    found = declaration_lookup.verdict_at(Reference("a.go", "A", 1, repository="other/one"), tree({}))

    assert isinstance(found.outcome, Skipped)


def test_the_text_is_the_same_where_only_the_place_changed(tree):
    before = tree({"store/store.go": STORE}, "v1")
    after = tree({"store/store.go": shifted(STORE)}, "v2")

    found = relocated.verdict(Reference("store/store.go", "New", 15), after, before)

    assert (type(found.outcome), found.text) == (Moved, TextState.SAME)


def test_the_text_is_changed_where_the_body_is(tree):
    before = tree({"store/store.go": STORE}, "v1")
    after = tree({"store/store.go": STORE.replace("return name", "return name + name")}, "v2")

    found = relocated.verdict(Reference("store/store.go", "New", 15), after, before)

    assert (type(found.outcome), found.text) == (Verified, TextState.CHANGED)


def test_the_text_is_unknown_where_the_first_tag_is_not_at_hand(tree):
    found = declaration_lookup.verdict_at(
        Reference("store/store.go", "New", 15), tree({"store/store.go": STORE})
    )

    assert found.text is TextState.UNKNOWN


def test_a_moved_file_whose_body_is_another_is_no_answer(tree):
    fields = "\n".join(f"\tslot{n} chan func(error, *[{n}]byte) bool" for n in range(6))
    other = f"package store\n\ntype Store struct {{\n{fields}\n}}\n"

    found = relocated.verdict(
        Reference("store/store.go", "Store", 4),
        tree({"far/store/store.go": other}, "v2"),
        tree({"store/store.go": STORE}, "v1"),
    )

    assert isinstance(found.outcome, Missing)


def test_a_function_that_became_a_method_is_renamed_by_its_body(tree):
    before = "package p\n\nfunc Scan(root string) int {\n\tcount := len(root)\n\treturn count * 2\n}\n"
    after = before.replace("func Scan(", "func (r *reg) Scan(")

    found = relocated.verdict(
        Reference("p/p.go", "Scan", 3), tree({"p/p.go": after}, "v2"), tree({"p/p.go": before}, "v1")
    )

    assert isinstance(found.outcome, Renamed)
    assert found.outcome.by is FoundBy.BODY


def test_a_line_goes_with_the_declaration_that_it_lies_in(tree):
    found = declaration_lookup.verdict_at(
        Reference("store/store.go", line=12), tree({"store/store.go": STORE})
    )

    assert isinstance(found.outcome, Verified)
    assert (found.outcome.anchor.symbol, found.outcome.anchor.offset) == ("Store.Get", 2)


def test_a_line_of_a_doc_comment_lies_in_its_declaration(tree):
    found = declaration_lookup.verdict_at(
        Reference("store/store.go", line=3), tree({"store/store.go": STORE})
    )

    assert (found.outcome.anchor.symbol, found.outcome.anchor.offset) == ("Store", -1)


def test_a_cited_line_is_carried_to_another_tag_by_its_text(tree):
    before = tree({"store/store.go": STORE}, "v1")
    after = tree({"store/store.go": shifted(STORE)}, "v2")

    found = relocated.verdict(Reference("store/store.go", line=12, ref="v1"), after, before)

    assert isinstance(found.outcome, Moved)
    assert found.outcome.anchor.line + found.outcome.anchor.offset == 14


def test_a_cited_line_whose_text_is_gone_is_missing(tree):
    before = tree({"store/store.go": STORE}, "v1")
    after = tree({"store/store.go": STORE.replace("return count + s.limit", "return 0")}, "v2")

    found = relocated.verdict(Reference("store/store.go", line=12, ref="v1"), after, before)

    assert isinstance(found.outcome, Missing)


def test_a_line_past_the_end_is_missing_and_the_reason_says_how_long_the_file_is(tree):
    found = declaration_lookup.verdict_at(
        Reference("store/store.go", line=99), tree({"store/store.go": STORE})
    )

    assert isinstance(found.outcome, Missing)
    assert "has 21 lines" in found.outcome.reason


def test_a_line_outside_any_declaration_is_anchored_to_the_file(tree):
    found = declaration_lookup.verdict_at(
        Reference("store/store.go", line=1), tree({"store/store.go": STORE})
    )

    assert (type(found.outcome), found.outcome.anchor.symbol) == (Verified, "")


def test_a_line_of_a_file_that_is_not_go_is_verified_by_position(tree):
    found = declaration_lookup.verdict_at(Reference("README.md", line=2), tree({"README.md": "a\nb\n"}))

    assert isinstance(found.outcome, Verified)


def test_only_the_files_that_can_answer_are_parsed(tree):
    many = {f"other{n}/x.go": "package x\n" for n in range(50)}
    at = tree({"store/store.go": STORE, **many})

    declaration_lookup.verdict_at(Reference("store/store.go", "Store", 4), at)

    assert set(at.parsed) == {"store/store.go"}


def test_a_bare_file_name_means_the_one_file_of_that_name(tree):
    found = declaration_lookup.verdict_at(
        Reference("store.go", line=12), tree({"deep/store.go": STORE, "b.go": STORE})
    )

    assert isinstance(found.outcome, Verified)
    assert found.outcome.anchor.path == "deep/store.go"


def test_of_several_files_of_a_bare_name_the_symbol_tells_which_is_meant(tree):
    files = {"a/store.go": "package a\n", "deep/store.go": STORE}

    assert isinstance(
        declaration_lookup.verdict_at(Reference("store.go", "New", 15), tree(files)).outcome, Verified
    )
    assert isinstance(
        declaration_lookup.verdict_at(Reference("store.go", line=12), tree(files)).outcome, Missing
    )
