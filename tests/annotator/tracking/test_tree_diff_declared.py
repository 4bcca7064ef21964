"""Which files look as if they declared something."""

from __future__ import annotations

import pytest

from annotator.golang import declarations
from annotator.model.go import Kind
from annotator.tracking import tree_diff

FILES = {
    "func.go": b"package a\n\nfunc Get() {}\n",
    "method.go": b"package a\n\nfunc (s *Store[T]) Get() {}\n",
    "other.go": b"package a\n\nfunc (c Cache) Get() {}\n",
    "type.go": b"package a\n\ntype Get struct{}\n",
    "group.go": b"package a\n\nvar (\n\tGet = 1\n)\n",
    "letters.go": "package a\n\nfunc Gét() {}\n\nfunc Getä() {}\n".encode(),
    "none.go": b"package a\n\nfunc Set() { Get() }\n",
}


@pytest.mark.parametrize(
    ("path", "kind", "files"),
    [
        ("func.go", Kind.FUNC, ["func.go"]),
        ("method.go", Kind.METHOD, ["method.go"]),
        ("other.go", Kind.METHOD, ["other.go"]),
        ("type.go", Kind.STRUCT, ["group.go", "type.go"]),
        ("group.go", Kind.VAR, ["group.go", "type.go"]),
    ],
)
def test_only_files_with_a_line_of_that_kind_may_declare_it(path, kind, files):
    (wanted,) = declarations.read_go_file(FILES[path]).declarations
    assert wanted.kind is kind

    assert tree_diff.DeclaredNames(FILES).declaring(wanted) == files


def test_a_name_alone_is_looked_for_in_all_kinds():
    assert tree_diff.DeclaredNames(FILES).naming("Get") == [
        path for path in FILES if path not in ("letters.go", "none.go")
    ]


@pytest.mark.parametrize("path", [path for path in FILES if path != "none.go"])
def test_each_declaring_file_is_found(path):
    names = tree_diff.DeclaredNames(FILES)

    for wanted in declarations.read_go_file(FILES[path]).declarations:
        assert path in names.declaring(wanted)
        assert path in names.naming(wanted.name)


def test_a_name_all_over_a_long_line_is_looked_for_once_over():
    # From the line's beginning for each time it stands there would take many minutes.
    files = {
        "a.go": b"package a\n\nfunc (a a) a() {}\n// " + b"a " * 2_000_000 + b"\nfunc (" + b"a " * 2_000_000
    }

    assert tree_diff.DeclaredNames(files).naming("a") == ["a.go"]
