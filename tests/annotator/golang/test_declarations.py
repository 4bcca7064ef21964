"""What `golang.read` says of each form of declaration."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from annotator.golang import declarations, syntax
from annotator.model.go import Declaration, GoFile, Import, Kind

FORMS = Path(__file__).parent / "go" / "forms.go"
KINDS = {
    "Limit": Kind.CONST,
    "First": Kind.CONST,
    "Second": Kind.CONST,
    "third": Kind.CONST,
    "a": Kind.VAR,
    "b": Kind.VAR,
    "hook": Kind.VAR,
    "Name": Kind.TYPE,
    "Alias": Kind.TYPE,
    "Handler": Kind.FUNCTYPE,
    "Shop": Kind.STRUCT,
    "Shop.Store": Kind.FIELD,
    "Shop.Alias": Kind.FIELD,
    "Shop.first": Kind.FIELD,
    "Shop.second": Kind.FIELD,
    "Shop.nested": Kind.FIELD,
    "Shop.nested.depth": Kind.FIELD,
    "Shop.list": Kind.FIELD,
    "Shop.list.item": Kind.FIELD,
    "Getter": Kind.INTERFACE,
    "Getter.Context": Kind.IMETHOD,
    "Getter.Get": Kind.IMETHOD,
    "Pair": Kind.STRUCT,
    "Pair.Swap": Kind.METHOD,
    "Shop.Sell": Kind.METHOD,
    "Shop.Sell.check": Kind.CLOSURE,
    "Shop.Sell.check.inner": Kind.CLOSURE,
    "Shop.Sell.log": Kind.CLOSURE,
    "Shop.Sell.late": Kind.CLOSURE,
    "Shop.Sell.other": Kind.CLOSURE,
    "Map": Kind.FUNC,
    "external": Kind.FUNC,
    "Pair.key": Kind.FIELD,
    "Pair.val": Kind.FIELD,
    "_": Kind.VAR,
    "init": Kind.FUNC,
}


def everything(document: GoFile) -> list[Declaration]:
    found = list(document.declarations)
    for declaration in found:
        found += declaration.members
    return found


@pytest.fixture(scope="module")
def forms() -> dict[str, Declaration]:
    return {found.symbol: found for found in everything(declarations.read_go_file(FORMS.read_bytes()))}


def only(source: str) -> Declaration:
    (found,) = declarations.read_go_file(source.encode()).declarations
    return found


@pytest.mark.parametrize("symbol", KINDS)
def test_each_form_of_declaration_has_its_kind(forms: dict[str, Declaration], symbol: str) -> None:
    assert forms[symbol].kind is KINDS[symbol]


def test_nothing_is_declared_that_the_source_does_not_declare(forms: dict[str, Declaration]) -> None:
    assert set(forms) == set(KINDS)


def test_every_name_stands_at_its_line_and_column(forms: dict[str, Declaration]) -> None:
    lines = FORMS.read_bytes().split(b"\n")
    for found in forms.values():
        assert lines[found.line - 1][found.column - 1 :].startswith(found.name.encode())


def test_a_span_holds_the_declaration_without_its_comment(forms: dict[str, Declaration]) -> None:
    where = forms["Limit"].span
    assert FORMS.read_bytes()[where.start : where.end] == b"const Limit = 10"


def test_a_grouped_declaration_has_a_span_of_its_own(forms: dict[str, Declaration]) -> None:
    where = forms["Alias"].span
    assert FORMS.read_bytes()[where.start : where.end] == b"Alias = store.Store"


def test_several_functions_named_init_are_all_kept() -> None:
    names = [found.name for found in declarations.read_go_file(FORMS.read_bytes()).declarations]
    assert names.count("init") == 2


def test_several_blank_variables_are_all_kept() -> None:
    names = [found.name for found in declarations.read_go_file(FORMS.read_bytes()).declarations]
    assert names.count("_") == 2


@pytest.mark.parametrize(
    ("symbol", "signature"),
    [
        ("Shop.Sell", "func (s Shop) Sell( ctx context.Context, name Name, ) error"),
        ("Map", "func Map[T, U any](in []T, f func(T) U) []U"),
        ("external", "func external(x int) int"),
        ("Shop", "type Shop struct"),
        ("Pair", "type Pair[K comparable, V any] struct"),
        ("Getter", "type Getter interface"),
        ("Handler", "type Handler func(ctx context.Context, names ...Name) (int, error)"),
        ("a", "var a int"),
        ("Limit", "const Limit"),
        ("Shop.second", "second Name"),
        ("Shop.Alias", "*Alias"),
        ("Getter.Get", "Get(name string) (Name, error)"),
        ("Shop.Sell.check", "check := func(n Name) bool"),
    ],
)
def test_a_signature_is_the_head_on_one_line(
    forms: dict[str, Declaration], symbol: str, signature: str
) -> None:
    assert forms[symbol].signature == signature


@pytest.mark.parametrize(
    ("symbol", "doc"),
    [
        ("Limit", "Limit bounds what a shop keeps."),
        ("Shop", "Shop keeps things.\n\nIt has two paragraphs."),
        ("First", "First is the first."),
        ("Second", "First is the first."),
        ("third", ""),
        ("hook", "hook is called on every sale."),
        ("Name", "Name is a plain type."),
        ("Getter", "Getter gets."),
        ("Getter.Get", "Get gets one."),
        ("Shop.first", "Names of what is kept."),
        ("Shop.Store", ""),
        ("Shop.Alias", ""),
    ],
)
def test_a_comment_just_above_documents(forms: dict[str, Declaration], symbol: str, doc: str) -> None:
    assert forms[symbol].doc == doc


def test_a_comment_apart_by_a_blank_line_documents_nothing() -> None:
    assert only("package p\n\n// Apart.\n\nfunc F() {}\n").doc_span is None


def test_a_group_of_one_is_documented_by_the_groups_comment() -> None:
    assert only("package p\n\n// T is it.\ntype (\n\tT int\n)\n").doc == "T is it."


def test_a_groups_comment_documents_none_of_several() -> None:
    found = declarations.read_go_file(b"package p\n\n// Both.\nconst (\n\tA = 1\n\tB = 2\n)\n")
    assert [item.doc for item in found.declarations] == ["", ""]


def test_directives_are_no_documentation() -> None:
    assert only("package p\n\n// F works.\n//go:noinline\nfunc F() {}\n").doc == "F works."


def test_a_docs_span_begins_at_its_first_comment() -> None:
    found = only("package p\n\n// One.\n// Two.\nfunc F() {}\n")
    assert found.doc_span is not None
    assert (found.doc_span.line, found.doc_span.end_line) == (3, 4)


def test_embedded_elements_are_told(forms: dict[str, Declaration]) -> None:
    embedded = {symbol for symbol, found in forms.items() if found.embedded}
    assert embedded == {"Shop.Store", "Shop.Alias", "Getter.Context"}


def test_types_are_kept_as_written(forms: dict[str, Declaration]) -> None:
    assert [forms[symbol].type for symbol in ("Shop.Store", "Shop.Alias", "Alias", "Getter.Get")] == [
        "store.Store",
        "*Alias",
        "store.Store",
        "func(name string) (Name, error)",
    ]


def test_imports_keep_their_aliases() -> None:
    assert declarations.read_go_file(FORMS.read_bytes()).imports == (
        Import("context", ""),
        Import("fmt", "."),
        Import("embed", "_"),
        Import("example.org/shop/store", "store"),
    )


@pytest.mark.parametrize(
    ("head", "constraint"),
    [
        ("//go:build linux && !cgo\n\n", "linux && !cgo"),
        ("// +build linux,amd64 darwin\n\n", "linux,amd64 darwin"),
        ("// +build linux\n// +build cgo\n\n", "linux\ncgo"),
        ("//go:build linux\n// +build linux\n\n", "linux"),
        ("// Copyright.\n\n//go:build unix\n\n// Package p.\n", "unix"),
        ("// +build linux\n", ""),
        ("/* +build linux */\n\n", ""),
        ("", ""),
    ],
)
def test_a_build_constraint_is_kept_as_written(head: str, constraint: str) -> None:
    assert declarations.read_go_file(f"{head}package p\n".encode()).constraint == constraint


def test_a_constraint_below_the_package_clause_is_a_comment() -> None:
    assert declarations.read_go_file(b"package p\n\n//go:build linux\n").constraint == ""


def test_carriage_returns_change_no_line_and_no_text() -> None:
    found = only("package p\r\n\r\n// F works.\r\n// Well.\r\nfunc F() {\r\n}\r\n")
    assert (found.line, found.doc, found.span.end_line) == (5, "F works.\nWell.", 6)


def test_a_byte_order_mark_is_no_part_of_the_source() -> None:
    found = declarations.read_go_file(b"\xef\xbb\xbfpackage p\n\nfunc F() {}\n")
    assert (found.package, found.declarations[0].line, found.broken) == ("p", 3, ())


def test_bytes_that_are_no_utf_8_become_replacement_characters() -> None:
    (found,) = declarations.read_go_file(b"package p\n\n// caf\xe9\nfunc F() {}\n").declarations
    assert found.doc == "caf\ufffd"


def test_a_column_counts_bytes() -> None:
    assert only("package p\n\nvar /* é */ x int\n").column == 14


def test_the_rest_of_a_broken_file_still_reads() -> None:
    source = """package p

func A() {
\tif x {
}

// B works.
func B() {}

type T struct {
\ta int
\tb = =
}

var v int
"""
    found = declarations.read_go_file(source.encode())
    assert [(item.name, item.line) for item in found.declarations] == [
        ("A", 3),
        ("B", 8),
        ("T", 10),
        ("v", 15),
    ]
    assert found.declarations[1].doc == "B works."


def test_local_variables_of_an_unclosed_function_are_no_declarations() -> None:
    source = (
        b"package p\n\nfunc A() {\n\tif x {\n\tvar local int\n\tconst (\n\t\tc = 1\n\t)\n}\n\nfunc B() {}\n"
    )
    assert [item.name for item in declarations.read_go_file(source).declarations] == ["A", "B"]


def test_a_broken_file_says_at_which_lines() -> None:
    assert declarations.read_go_file(b"package p\n\nfunc A() {}\n\nfunc ) B() {}\n").broken == (5,)


def test_code_in_a_string_of_a_broken_file_declares_nothing() -> None:
    source = b"package p\n\nfunc A() {\n\tx := `\nfunc fake() {}\n`\n\tif y {\n}\n\nfunc B() {}\n"
    assert [item.name for item in declarations.read_go_file(source).declarations] == ["A", "B"]


def test_a_sound_file_has_no_broken_lines() -> None:
    assert declarations.read_go_file(FORMS.read_bytes()).broken == ()


def test_a_method_on_a_foreign_type_is_no_declaration() -> None:
    assert declarations.read_go_file(b"package p\n\nfunc (s other.T) F() {}\n").declarations == ()


def test_lines_are_counted_with_and_without_a_final_newline() -> None:
    assert [
        declarations.read_go_file(data).lines
        for data in (b"", b"package p", b"package p\n", b"package p\n\n//")
    ] == [
        0,
        1,
        1,
        3,
    ]


@pytest.mark.parametrize("data", [b"package p\n\0\nfunc F() {}\n", b"x" * (syntax.MAX_BYTES + 1)])
def test_what_cannot_be_go_has_no_declarations(data: bytes) -> None:
    found = declarations.read_go_file(data)
    assert (found.declarations, found.broken) == ((), (1,))


def test_a_large_file_is_given_up_when_it_takes_too_long() -> None:
    ticks = iter(range(1_000_000))
    assert syntax.root_of(b"package p\n" * syntax.LARGE, lambda: float(next(ticks))) is None


def test_a_large_sound_file_is_read_whole() -> None:
    count = syntax.LARGE // 10
    found = declarations.read_go_file(
        b"package p\n" + b"".join(b"func F%06d() {\n}\n" % number for number in range(count))
    )
    assert len(found.declarations) == count


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("func F() {" + "{" * 10_000, "}" * 10_001),
        ("var x = " + "(" * 10_000 + "1", ")" * 10_000),
        ("var x = " + "f(" * 10_000, ")" * 10_000),
        ("func F() {" + "a := func() {" * 10_000, "}" * 10_001),
        ("type T " + "struct { a " * 10_000 + "int", "}" * 10_000),
        ("func F(x " + "*" * 10_000 + "T) {", "}"),
        ("func F() {" + "if x {" * 10_000, "}" * 10_001),
    ],
)
def test_nesting_of_ten_thousand_levels_reads(opening: str, closing: str) -> None:
    found = declarations.read_go_file(f"package p\n\n{opening}{closing}\n\nfunc Last() {{}}\n".encode())
    assert found.declarations[-1].symbol == "Last"


@pytest.mark.parametrize("opening", ["func F() {" + "{" * 10_000, "func F() {" + "(" * 10_000])
def test_what_follows_ten_thousand_unclosed_brackets_reads(opening: str) -> None:
    found = declarations.read_go_file(f"package p\n\n{opening}\n\nfunc Last() {{}}\n".encode())
    assert found.declarations[-1].symbol == "Last"


def test_structs_in_structs_have_members_to_a_depth() -> None:
    found = only("package p\n\ntype T " + "struct { a " * 20 + "int" + "}" * 20 + "\n")
    depth = 0
    while found.members:
        (found,) = found.members
        depth += 1
    assert depth == declarations.MAX_NESTING


def test_a_closures_span_begins_with_its_name(forms: dict[str, Declaration]) -> None:
    where = forms["Shop.Sell.check.inner"].span
    assert FORMS.read_bytes()[where.start : where.end] == b"inner := func() {}"


def test_the_span_of_a_closure_bound_beside_others_is_the_closure_alone(
    forms: dict[str, Declaration],
) -> None:
    where = forms["Shop.Sell.other"].span
    assert FORMS.read_bytes()[where.start : where.end] == b"func() int { return 1 }"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("package a\n\nfunc f() {}\n", id="a function"),
        pytest.param('//go:build linux\n\npackage a\n\nimport x "y"\n\ntype T int\n', id="all there is"),
        pytest.param("/*\ntype of licence\n*/\npackage a\n\nvar x int\n", id="a comment at the margin"),
        pytest.param('package a; import "y"; func f() {}\n', id="one line"),
        pytest.param("package a\n  type T int\n", id="no declaration at the margin"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_head_is_read_as_in_the_whole_file(source: str):
    whole = declarations.read_go_file(source.encode())

    assert declarations.read_head(source.encode()) == (whole.package, whole.imports, whole.constraint)


def test_the_head_of_a_function_ends_where_its_body_begins():
    data = b"package p\n\nfunc F(\n\ta int, // { not yet\n\tb struct{ c int },\n) error {\n\treturn nil\n}\n"

    (declaration,) = declarations.read_go_file(data).declarations

    assert data[declaration.head_end :].startswith(b"{\n\treturn")


def test_function_read_alone_is_that_of_the_file_without_closures() -> None:
    last = b'// Last is\n// the last.\nfunc Last(a struct {\n\tb int\n}) {\n\tf := func() { g("}") }\n'
    last += b"\tx := `\n}\n`\n}\n"
    data = FORMS.read_bytes() + b"\n" + last
    functions = [d for d in declarations.read_go_file(data).declarations if d.kind in ("func", "method")]

    alone = [(declarations.read_function_alone(data, d.span.start), d) for d in functions]

    assert all(found in (None, replace(d, members=())) for found, d in alone)
    assert {"Last", "Shop.Sell"} <= {d.symbol for found, d in alone if found is not None}


@pytest.mark.parametrize(
    "text",
    [
        "package p\n\n/* F works. */\nfunc F() {\n}\n",
        "package p\n\nfunc F() {}\n\nfunc G() {\n}\n",
        "package p\n\nfunc F() {\n\tif {\n}\n",
        "package p\n\nfunc F() }\n",
        "package p\n\nfunc F() {",
    ],
)
def test_function_whose_end_is_not_sure_is_not_read_alone(text: str) -> None:
    assert declarations.read_function_alone(text.encode(), text.index("func F")) is None
