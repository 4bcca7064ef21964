"""What `Binder` links in each form of Go code, and what it leaves alone."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

import pytest

from annotator.golang import declarations
from annotator.golang.resolver import Resolver
from annotator.model.go import GoFile

Bind = Callable[..., list[str]]

STORE = """
package store

import "io"

type Volume struct {
	Name   string
	driver Driver
	io.Closer
}

func (v *Volume) Mount() error { return nil }

type Driver interface {
	Create(name string) (*Volume, error)
	Namer
}

type Namer interface {
	Name() string
}

type Store struct {
	Base
	byName map[string]*Volume
	All    []Volume
}

type Base struct{ path string }

func (b Base) Path() string { return b.path }

func New() (*Store, error) { return nil, nil }

func (s *Store) Get(name string) *Volume { return nil }

func (s *Store) Driver() Driver { return nil }

type Hook func(v *Volume) *Store

var Default = &Store{}

const Max = 3
"""


class Tree:
    """Go files by path, as a binder's source."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = {path: text.encode() for path, text in files.items()}

    def package(self, folder: str) -> Mapping[str, bytes]:
        inside = [path for path in self.files if str(PurePosixPath(path).parent) == (folder or ".")]
        return {path: self.files[path] for path in inside}

    def document(self, path: str) -> GoFile:
        return declarations.read_go_file(self.files[path])


def uses_of(files: Mapping[str, str], path: str) -> list[str]:
    """The uses in a file as `line identifier -> path::Symbol`, calls with `()`."""
    data = files[path].encode()
    return [
        f"{data[use.start : use.end].decode()}{'()' if use.call else ''} -> {use.path}::{use.symbol}"
        for use in Resolver(Tree(files), ("example.org/shop",)).uses(path)
    ]


def links(body: str, **more: str) -> list[str]:
    """What is linked in the body of a function beside the package `store`, by symbol."""
    source = f'package main\n\nimport "example.org/shop/store"\n\nvar _ = store.Max\n\n{body}'
    files = {"store/store.go": STORE, "main.go": source, **more}
    return [use.replace("store/store.go::", "") for use in uses_of(files, "main.go")][1:]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("func f() { store.New() }", ["New() -> New"], id="a function of a package"),
        pytest.param("var x store.Volume", ["Volume -> Volume"], id="a type of a package"),
        pytest.param("var x = store.Max + 1", ["Max -> Max"], id="a constant of a package"),
        pytest.param(
            "func f(s *store.Store) { s.Get(``) }",
            ["Store -> Store", "Get() -> Store.Get"],
            id="a method of a parameter",
        ),
        pytest.param(
            "func f() { s, err := store.New(); _ = err; s.Get(``).Mount() }",
            ["New() -> New", "Get() -> Store.Get", "Mount() -> Volume.Mount"],
            id="methods of results",
        ),
        pytest.param(
            "func f() { s := store.Store{}; s.Get(``) }",
            ["Store -> Store", "Get() -> Store.Get"],
            id="a literal's type",
        ),
        pytest.param(
            "func f() { s := &store.Store{All: nil}; s.Get(``) }",
            ["Store -> Store", "All -> Store.All", "Get() -> Store.Get"],
            id="a pointer to a literal, and its field's key",
        ),
        pytest.param(
            "func f() { s := new(store.Store); s.Get(``) }",
            ["Store -> Store", "Get() -> Store.Get"],
            id="new",
        ),
        pytest.param(
            "func f() { s := make([]store.Volume, 1); s[0].Mount() }",
            ["Volume -> Volume", "Mount() -> Volume.Mount"],
            id="make and an index",
        ),
        pytest.param(
            "func f(s *store.Store) { for _, v := range s.All { v.Mount() } }",
            ["Store -> Store", "All -> Store.All", "Mount() -> Volume.Mount"],
            id="range over a slice",
        ),
        pytest.param(
            "func f(m map[store.Base]*store.Volume) { for k, v := range m { k.Path(); v.Mount() } }",
            ["Base -> Base", "Volume -> Volume", "Path() -> Base.Path", "Mount() -> Volume.Mount"],
            id="range over a map",
        ),
        pytest.param(
            "func f(m map[string]*store.Volume) { if v, ok := m[``]; ok { v.Mount() } }",
            ["Volume -> Volume", "Mount() -> Volume.Mount"],
            id="an entry of a map, with ok",
        ),
        pytest.param(
            "func f(c chan store.Volume) { v := <-c; v.Mount() }",
            ["Volume -> Volume", "Mount() -> Volume.Mount"],
            id="a value from a channel",
        ),
        pytest.param(
            "func f(c chan store.Volume) { select { case v := <-c: v.Mount() } }",
            ["Volume -> Volume", "Mount() -> Volume.Mount"],
            id="a value that select receives",
        ),
        pytest.param(
            "func f(x interface{}) { x.(*store.Volume).Mount() }",
            ["Volume -> Volume", "Mount() -> Volume.Mount"],
            id="a type assertion",
        ),
        pytest.param(
            "func f(x interface{}) { switch v := x.(type) { case *store.Volume: v.Mount(); "
            "case *store.Store, store.Base: v.Get(``) } }",
            ["Volume -> Volume", "Mount() -> Volume.Mount", "Store -> Store", "Base -> Base"],
            id="a type switch",
        ),
        pytest.param(
            "func f(d store.Driver) { v, _ := d.Create(``); v.Mount() }",
            ["Driver -> Driver", "Create() -> Driver.Create", "Mount() -> Volume.Mount"],
            id="a method of an interface",
        ),
        pytest.param(
            "func f(d store.Driver) { d.Name() }",
            ["Driver -> Driver", "Name() -> Namer.Name"],
            id="a method of an embedded interface",
        ),
        pytest.param(
            "func f(s store.Store) string { return s.Path() }",
            ["Store -> Store", "Path() -> Base.Path"],
            id="a promoted method",
        ),
        pytest.param(
            "type T struct { *store.Store }\nfunc (t T) f() { t.Get(``); t.Store.Get(``) }",
            [
                "Store -> Store",
                "T -> main.go::T",
                "Get() -> Store.Get",
                "Store -> main.go::T.Store",
                "Get() -> Store.Get",
            ],
            id="a pointer embedded from another package",
        ),
        pytest.param(
            "func f(s *store.Store) func(string) *store.Volume { return s.Get }",
            ["Store -> Store", "Volume -> Volume", "Get -> Store.Get"],
            id="a method value",
        ),
        pytest.param(
            "var f = (*store.Store).Get",
            ["Store -> Store", "Get -> Store.Get"],
            id="a method expression",
        ),
        pytest.param(
            "func f(h store.Hook) { h(nil).Get(``) }",
            ["Hook -> Hook", "Get() -> Store.Get"],
            id="the result of a function's value",
        ),
        pytest.param(
            "func f() { store.Default.Get(``) }",
            ["Default -> Default", "Get() -> Store.Get"],
            id="a package variable's value",
        ),
        pytest.param(
            "func f() { (*store.Store)(nil).Get(``) }",
            ["Store -> Store", "Get() -> Store.Get"],
            id="a conversion",
        ),
        pytest.param(
            "var x = []*store.Volume{{Name: ``}}",
            ["Volume -> Volume", "Name -> Volume.Name"],
            id="keys of an elided literal",
        ),
        pytest.param(
            "var x = map[string]store.Store{`a`: {Base: store.Base{}}}",
            ["Store -> Store", "Base -> Store.Base", "Base -> Base"],
            id="keys of a literal in a map",
        ),
        pytest.param(
            "func f() { g := func() *store.Store { return nil }; g().Get(``) }",
            ["Store -> Store", "g() -> main.go::f.g", "Get() -> Store.Get"],
            id="a closure bound to a name",
        ),
        pytest.param(
            "func f(all ...*store.Volume) { for _, v := range all { v.Mount() } }",
            ["Volume -> Volume", "Mount() -> Volume.Mount"],
            id="a variadic parameter",
        ),
        pytest.param(
            "func f() (v *store.Volume) { v.Mount(); return }",
            ["Volume -> Volume", "Mount() -> Volume.Mount"],
            id="a named result",
        ),
        pytest.param(
            "type A = store.Store\nfunc f(a *A) { a.Get(``) }",
            ["Store -> Store", "A -> main.go::A", "Get() -> Store.Get"],
            id="an alias",
        ),
        pytest.param(
            "func f() { type local struct { *store.Volume }; var l local; l.Mount() }",
            ["Volume -> Volume", "Mount() -> Volume.Mount"],
            id="a local type",
        ),
    ],
)
def test_what_is_proven_is_linked(body: str, expected: list[str]) -> None:
    assert links(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("func f(store other) { store.New() }", [], id="a parameter hides a package"),
        pytest.param("func f() { New := g; New() }\n", [], id="a variable hides nothing it could call"),
        pytest.param(
            "func g() {}\nfunc f() { g(); g := 1; _ = g }",
            ["g() -> main.go::g"],
            id="from where it is declared",
        ),
        pytest.param(
            "func g() {}\nfunc f() { { g := 1; _ = g }; g() }",
            ["g() -> main.go::g"],
            id="to where its block ends",
        ),
        pytest.param(
            "func g() int { return 1 }\nfunc f() { g := g(); _ = g }",
            ["g() -> main.go::g"],
            id="not in its own value",
        ),
        pytest.param(
            "func g() {}\nfunc f() { if g := 1; g > 0 { g() } else { g() } }",
            [],
            id="in both branches of an if",
        ),
        pytest.param(
            "func f(d store.Driver) { d, err := store.New(); _ = err; d.Get(``); d.Create(``) }",
            ["Driver -> Driver", "New() -> New", "Create() -> Driver.Create"],
            id="a parameter keeps its type under :=",
        ),
        pytest.param(
            "type T struct{}\nfunc f[T any](x T) T { return x }", [], id="a type parameter hides a type"
        ),
        pytest.param("func f(x unknown) { x.Get(``) }", [], id="a type that nobody declares"),
        pytest.param(
            "func f(v *store.Volume) { v.Close() }", ["Volume -> Volume"], id="promoted from outside"
        ),
        pytest.param("var x = other.T{Name: ``}", [], id="keys of a type that is not known"),
        pytest.param(
            "func len() {}\nfunc f(s string) { len() }", ["len() -> main.go::len"], id="a builtin's name"
        ),
        pytest.param("func f() { goto Max\nMax:\n}", [], id="a label"),
        pytest.param(
            "type T store.Store\nfunc f(t *T) { t.Get(``) }",
            ["Store -> Store", "T -> main.go::T"],
            id="a defined type has no methods of its definition",
        ),
    ],
)
def test_what_is_not_proven_is_left_alone(body: str, expected: list[str]) -> None:
    assert links(body) == expected


def test_a_member_that_an_unknown_embedded_type_may_have_is_left_alone() -> None:
    body = "type D struct { foreign.T; near }\ntype near struct { deep }\ntype deep struct { x int }\n"
    assert links(f"{body}func f(d D) {{ d.x = 1 }}") == [
        "near -> main.go::near",
        "deep -> main.go::deep",
        "D -> main.go::D",
    ]


def test_a_member_as_near_as_an_unknown_embedded_type_is_linked() -> None:
    body = "type D struct { foreign.T; near }\ntype near struct { x int }\nfunc f(d D) { d.x = 1 }"
    assert links(body)[-1] == "x -> main.go::near.x"


def test_a_member_that_two_embedded_types_have_is_left_alone() -> None:
    body = "type A struct { x int }\ntype B struct { x int }\ntype C struct { A; B }\nfunc f(c C) { _ = c.x }"
    assert links(body) == ["A -> main.go::A", "B -> main.go::B", "C -> main.go::C"]


def test_members_of_a_type_named_as_a_predeclared_one_are_left_alone() -> None:
    body = "type error struct { code int }\nfunc f(e error) { _ = e.code }"
    assert links(body) == ["error -> main.go::error"]


def test_an_import_alias_leads_to_its_package() -> None:
    files = {
        "store/store.go": STORE,
        "main.go": 'package main\n\nimport st "example.org/shop/store"\n\nvar x = st.Max\n',
    }
    assert uses_of(files, "main.go") == ["Max -> store/store.go::Max"]


def test_a_package_whose_name_is_not_its_folders_is_found_by_its_name() -> None:
    files = {
        "store/store.go": STORE.replace("package store", "package depot"),
        "main.go": 'package main\n\nimport "example.org/shop/store"\n\nvar x = depot.Max\n',
    }
    assert uses_of(files, "main.go") == ["Max -> store/store.go::Max"]


def test_a_dot_import_brings_names_in() -> None:
    files = {
        "store/store.go": STORE,
        "main.go": 'package main\n\nimport . "example.org/shop/store"\n\nvar x = Max\n',
    }
    assert uses_of(files, "main.go") == ["Max -> store/store.go::Max"]


def test_an_import_of_another_repository_leads_nowhere() -> None:
    files = {
        "store/store.go": STORE,
        "main.go": 'package main\n\nimport "example.com/store"\n\nvar x = store.Max\n',
    }
    assert uses_of(files, "main.go") == []


def test_a_vendored_package_is_found() -> None:
    files = {
        "vendor/example.com/store/store.go": STORE,
        "main.go": 'package main\n\nimport "example.com/store"\n\nvar x = store.Max\n',
    }
    assert uses_of(files, "main.go") == ["Max -> vendor/example.com/store/store.go::Max"]


TWINS = {
    "p/p_linux.go": "package p\n\nfunc setup() {}\n",
    "p/p_windows.go": "package p\n\nfunc setup() {}\n",
    "p/any.go": "package p\n\nfunc f() { setup() }\n",
    "p/use_windows.go": "package p\n\nfunc g() { setup() }\n",
    "p/use_other.go": "//go:build windows && !cgo\n\npackage p\n\nfunc h() { setup() }\n",
}


@pytest.mark.parametrize(
    ("path", "twin"),
    [
        ("p/any.go", "p/p_linux.go"),
        ("p/use_windows.go", "p/p_windows.go"),
        ("p/use_other.go", "p/p_windows.go"),
    ],
)
def test_of_twins_the_one_of_the_same_build_is_meant(path: str, twin: str) -> None:
    assert uses_of(TWINS, path) == [f"setup() -> {twin}::setup"]


def test_of_twins_none_is_meant_where_several_systems_are_possible() -> None:
    files = {
        **TWINS,
        "p/p_darwin.go": TWINS["p/p_linux.go"],
        "p/use.go": f"//go:build !linux\n\n{TWINS['p/any.go']}",
    }
    assert uses_of(files, "p/use.go") == []


SECCOMP = {
    "p/on.go": "// +build linux,seccomp\n\npackage p\n\nfunc setup() {}\n",
    "p/off.go": "// +build linux,!seccomp\n\npackage p\n\nfunc setup() {}\n",
    "p/any.go": "package p\n\nfunc f() { setup() }\n",
    "p/use.go": "//go:build seccomp\n\npackage p\n\nfunc g() { setup() }\n",
}


def test_of_twins_that_a_tag_tells_apart_none_is_meant_where_the_tag_is_unknown() -> None:
    assert uses_of(SECCOMP, "p/any.go") == []


def test_of_twins_that_a_tag_tells_apart_the_one_is_meant_where_the_tag_is_demanded() -> None:
    assert uses_of(SECCOMP, "p/use.go") == ["setup() -> p/on.go::setup"]


def test_test_files_see_what_only_tests_declare() -> None:
    files = {
        "p/p.go": "package p\n\nfunc f() { helper() }\n",
        "p/p_test.go": "package p\n\nfunc helper() { f() }\n",
        "p/q_test.go": "package p\n\nfunc TestQ() { helper() }\n",
    }
    assert [uses_of(files, path) for path in files] == [
        [],
        ["f() -> p/p.go::f"],
        ["helper() -> p/p_test.go::helper"],
    ]


def test_an_external_test_sees_its_package_through_the_import() -> None:
    files = {
        "p/p.go": "package p\n\nfunc F() {}\n",
        "p/p_test.go": 'package p_test\n\nimport "example.org/shop/p"\n\nfunc TestF() { p.F(); F() }\n',
    }
    assert uses_of(files, "p/p_test.go") == ["F() -> p/p.go::F"]


def test_a_use_has_its_place_in_bytes() -> None:
    binder = Resolver(Tree({"p.go": "package p\n\nfunc f() {\n\t/* é */ f()\n}\n"}), ())
    (use,) = binder.uses("p.go")
    assert (use.line, use.start, use.end) == (4, 32, 33)


def test_missing_file_has_no_uses() -> None:
    assert Resolver(Tree({}), ()).uses("nowhere/p.go") == ()


@pytest.mark.parametrize(
    "source",
    [
        "func f() { " + "(" * 10_000 + "f" + ")" * 10_000 + "() }",
        "func f() { x := a" + ".b" * 3_000 + "; x.c() }",
        "func f() { x := " + "f(" * 10_000 + ")" * 10_000 + "; x.c() }",
        "var x " + "[]" * 10_000 + "int\nfunc f() { x.y() }",
        "type T " + "struct { T " * 5_000 + "}" * 5_000 + "\nfunc f(t T) { t.x() }",
        "func f() {" + "if x {" * 10_000 + "}" * 10_000 + "}",
        "type A B\ntype B A\nfunc f(a A) { a.x() }",
        "type A = B\ntype B = A\nfunc f(a A) { a.x() }",
        "type A struct { B }\ntype B struct { A }\nfunc f(a A) { a.x() }",
        "var a = b\nvar b = a\nfunc f() { a.x() }",
    ],
)
def test_hostile_source_neither_hangs_nor_links_wrongly(source: str) -> None:
    found = Resolver(Tree({"p.go": f"package p\n\n{source}\n"}), ()).uses("p.go")
    assert all(use.symbol in {"f", "x", "T", "A", "B", "a", "b"} for use in found)


def test_broken_declaration_has_no_links() -> None:
    source = "package p\n\nfunc g() {}\n\nfunc f() {\n\tg := = 1\n\tg()\n}\n\nfunc h() { g() }\n"
    uses = Resolver(Tree({"p.go": source}), ()).uses("p.go")
    assert [use.line for use in uses] == [10]


@pytest.mark.parametrize("broken", ["func F() {\nvar z int\n\tif\n}", "func F() {\n\tif\nvar z int"])
def test_resolution_does_not_depend_on_earlier_lookups(broken):
    main = "var t r.T\n\nfunc f() int { t.M(); return z + r.B }\n"
    files = {
        "r/r.go": "package r\n\ntype T int\n\nfunc (t T, // :) no\n) M() {}\n\nvar A /* x */, B int\n",
        "a.go": f"package main\n\n{broken}\n",
        "main.go": f'package main\n\nimport "example.org/shop/r"\n\n{main}',
    }
    first, later = (Resolver(Tree(files), ("example.org/shop",)) for _ in range(2))
    for path in files:
        later.uses(path)

    assert [use.symbol for use in first.uses("main.go")][:3] == ["T", "t", "T.M"]
    assert first.uses("main.go") == later.uses("main.go")
