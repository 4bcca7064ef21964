"""Go files read declaration by declaration."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from annotator.model import Declaration
from annotator.reading import golang, gopieces, gosyntax
from annotator.tree import Tree

TOP_LEVEL = gosyntax.DECLARATIONS | {"package_clause", "import_declaration"}
FORMS = (Path(__file__).parent / "go" / "forms.go").read_bytes()

PARTS = [
    "// A comment.\n", "/* A comment. */", "\n", "\n\n", " ", "\t", ";", "{", "}", "(", ")", '"', "`", "'{'",
    "'", ",", "func F() {}\n", "func (t *T) F() int {\n\treturn 1\n}\n", "var f = func() {\n", "x := 1\n",
    "func G[K any](k K) { g := func() {} }\n", "type T struct {\n", "type A, B int\n", "\tvar z int\n",
    "type (\n\tC int\n\tD = C\n)\n", "var x, y = 1, `func F() {`\n", "const (\n\tc = iota\n\td\n)\n",
    'import "x"\n', "package b\n", "é", "func", "func (t T, // :) no\n) F() {}\n",
    "func (t T /* ) G */) F() {}\n",
    "var A /* x */, B int\n", "var x\r, y int\n", "/* a */\rfunc F() {}\n", "\r", "type /* T */ D int\n",
]  # fmt: skip


def declared(data: bytes, name: str) -> list[Declaration] | None:
    """What the pieces of a file tell of a name; None if the file has to be read whole."""
    pieces = gopieces.cut(data)
    found = list(pieces.naming(name)) if pieces is not None else [None]
    if None in found:
        return None
    return [each for piece in found if piece for each in piece.declarations if each.name == name]


def read(data: bytes) -> Iterator[tuple[str, list[Declaration]]]:
    """The names that a file declares, each with its declarations."""
    document = golang.read(data)
    for name in dict.fromkeys(each.name for each in document.declarations):
        yield name, [each for each in document.declarations if each.name == name]


def test_each_declaration_of_a_file_is_found_by_its_name_as_reading_the_file_finds_it():
    for name, expected in read(FORMS):
        assert declared(FORMS, name) == expected


def test_a_name_that_is_only_mentioned_is_not_declared():
    assert declared(b"package a\n\nfunc F() { G() }\n\nvar x = G\n", "G") == []


def test_a_declaration_is_found_by_a_place_in_it():
    pieces = gopieces.cut(FORMS)

    for expected in golang.read(FORMS).declarations:
        found = pieces.at(expected.span.end - 1)
        assert expected in found.declarations
        assert found.places[expected.line, expected.column] == expected
        node = found.root.named_descendant_for_byte_range(expected.span.start, expected.span.end)
        assert (node.start_byte, node.end_byte) == (expected.span.start, expected.span.end)


def test_what_stands_before_the_first_declaration_is_in_no_piece():
    assert gopieces.cut(b"package a\n\nfunc F() {}\n").at(0) is None


@pytest.mark.parametrize(
    "code",
    [
        "func F() {",
        "}\n\nfunc F() {}",
        "var s = `func F() {}",
        "/* func F() {}",
        "func G() {}; func F() {}",
        "/* a */ func F() {}",
        "type T int\nfunc G() {} /* b */ func F() {}",
    ],
)
def test_a_file_in_which_it_is_not_clear_where_declarations_begin_has_to_be_read_whole(code):
    assert gopieces.cut(f"package a\n\n{code}\n".encode()) is None


@pytest.mark.parametrize(
    "data", [b"package a\n\0\nfunc F() {}\n", b"package a\n" + b" " * 8_000_000, b"func F() {}\npackage a\n"]
)
def test_what_is_no_go_file_has_no_pieces(data):
    assert gopieces.cut(data) is None


def test_a_broken_piece_has_the_file_read_whole():
    assert declared(b"package a\n\nfunc F() { if }\n\nfunc G() {}\n", "F") is None


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("func (t T, // :) no\n) F() {}", "F"),
        ("func (t T /* ) G */) F() {}", "F"),
        ("func /* G */ F() {}", "F"),
        ("var A /* x */, F int", "F"),
        ("var A\r, F int", "F"),
        ("const (\n\tA = iota\n\tF\n)", "F"),
        ("type T[K /* ) */ any] struct{}\n\nfunc (t *T[K]) F() {}", "F"),
    ],
)
def test_a_comment_or_a_list_before_a_name_does_not_hide_it(code, name):
    data = f"package a\n\n{code}\n".encode()

    assert declared(data, name) == dict(read(data))[name]


def test_a_file_of_more_declarations_than_any_has_is_read_whole():
    assert gopieces.cut(b"package a\n" + b"var x int\n" * 10_001) is None


@pytest.mark.parametrize("text", [b"/**/", b"// a", b"a ", b"( ", b"'a'"])
def test_a_long_line_is_looked_through_once(text):
    # For each comment of such a line once over would take many minutes.
    data = b"package a\n\nvar x = 1 " + text * 500_000 + b"\n"

    pieces = gopieces.cut(data)

    assert pieces is None or list(pieces.naming("x")) == [None]


@pytest.mark.parametrize(
    "hidden", ["`\nfunc F() {}\n`", '"func F()"', "/*\nfunc F() {}\n*/ 1", "func() {\nvar F int\n_ = F\n}"]
)
def test_what_only_looks_like_a_declaration_is_none(hidden):
    data = f"package a\n\nvar x = {hidden}\n\nfunc G() {{}}\n".encode()

    assert declared(data, "F") in ([], None)
    assert dict(read(data)).keys() == {"x", "G"}


def is_go(data: bytes) -> bool:
    """Whether only what Go allows stands at the top level, in its order; the parser takes more."""
    root = gosyntax.root_of(data)
    if root is None or root.has_error:
        return False
    kinds = [node.type for node in root.named_children if node.type != "comment"]
    return kinds[:1] == ["package_clause"] and set(kinds) <= TOP_LEVEL


@given(parts=st.lists(st.sampled_from(PARTS), max_size=12))
def test_no_text_is_read_otherwise_in_pieces(parts):
    data = ("package a\n\n" + "".join(parts)).encode()
    assume(is_go(data))
    declarations = golang.read(data).declarations

    for name in ("F", "G", "T", "A", "B", "C", "D", "x", "y", "c", "d", "f", "z", "é"):
        assert declared(data, name) in (None, [each for each in declarations if each.name == name])


@pytest.mark.slow
@pytest.mark.parametrize("tag", ["v20.10.24", "v26.1.5"])
def test_real_files_and_changed_ones_are_read_alike_in_pieces(release: Callable[[str], Tree], tag: str):
    tree = release(tag)
    chance = random.Random(11)  # noqa: S311 - chance that can be repeated
    compared = whole = 0
    for path in chance.sample(sorted(path for path in tree.files if path.endswith(".go")), 600):
        data = tree.data(path)
        at = chance.randrange(len(data) + 1)
        for version in (data, data[:at] + chance.choice(PARTS).encode() + data[at:]):
            if not is_go(version):
                continue
            for name, expected in islice(read(version), 40):
                found = declared(version, name)
                assert found in (expected, None), (path, name)
                compared, whole = compared + 1, whole + (found is None)
    assert compared > 5000
    assert whole / compared < 0.1
