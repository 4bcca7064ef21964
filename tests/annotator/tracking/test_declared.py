"""Which files look as if they declared something."""

from __future__ import annotations

import pytest

from annotator.model import Kind
from annotator.reading import golang
from annotator.tracking import declared

FILES = {
    "func.go": b"package a\n\nfunc Get() {}\n",
    "method.go": b"package a\n\nfunc (s *Store[T]) Get() {}\n",
    "other.go": b"package a\n\nfunc (c Cache) Get() {}\n",
    "type.go": b"package a\n\ntype Get struct{}\n",
    "group.go": b"package a\n\nvar (\n\tGet = 1\n)\n",
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
    (wanted,) = golang.read(FILES[path]).declarations
    assert wanted.kind is kind

    assert declared.declaring(declared.index(FILES), wanted) == files


def test_a_name_alone_is_looked_for_in_all_kinds():
    assert declared.naming(declared.index(FILES), "Get") == [path for path in FILES if path != "none.go"]
