"""`Go:` lines against the source at the baseline."""

from __future__ import annotations

import pytest

from annotator.model.port import Counterpart
from annotator.model.reference import Reference
from annotator.parity import counterparts

FILES = {
    "store/store.go": "package store\n\ntype Store struct{}\n\nfunc (s *Store) Get() {}\n",
    "store/more.go": "package store\n\nfunc Extra() {}\n",
}


def mirror(path: str, symbol: str, line: int | None = None) -> Counterpart:
    reference = Reference(path, symbol, line, cited=f"{path}::{symbol}", file="pkg/a.py", at_line=9)
    return Counterpart("pkg.a", "class", "pkg/a.py", 1, (reference,))


def test_a_declaration_that_is_there_is_no_remark(tree):
    assert not list(counterparts.unknown_originals([mirror("store/store.go", "Store.Get", 5)], tree(FILES)))


@pytest.mark.parametrize(
    ("path", "symbol", "line", "says"),
    [
        ("store/store.go", "Store.Gte", None, "the nearest are Store.Get"),
        ("store/stor.go", "Store", None, "the nearest are store/store.go"),
        ("store/store.go", "Extra", None, "it is store/more.go::Extra"),
        ("store/store.go", "Store.Get", 7, "stands in line 5"),
    ],
)
def test_a_name_that_is_not_there_is_a_remark_with_the_nearest_real_names(tree, path, symbol, line, says):
    (remark,) = counterparts.unknown_originals([mirror(path, symbol, line)], tree(FILES))

    assert says in remark.message
    assert (remark.file, remark.line) == ("pkg/a.py", 9)


def test_a_symbol_of_another_tag_only_is_a_remark_that_names_the_baseline(tree):
    later = tree({"store/store.go": FILES["store/store.go"] + "\nfunc Later() {}\n"}, "v2")
    assert not list(counterparts.unknown_originals([mirror("store/store.go", "Later")], later))

    (remark,) = counterparts.unknown_originals([mirror("store/store.go", "Later")], tree(FILES, "v1"))

    assert "names no declaration of that file at v1" in remark.message
