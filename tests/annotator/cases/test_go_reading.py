"""Go that is read although a comment or a fault is in the way."""

from __future__ import annotations

import pytest

from annotator.commands.verify import _syntax_errors
from annotator.golang import declarations
from annotator.golang.source_tree import SourceTree
from annotator.model.go import Kind
from annotator.model.reference import Anchor, FoundBy, Reference, Verdict, Verified

RECEIVERS = b"""package kiln

type T struct{}

func (b * /*c*/ T) F() {
}

func (b (T)) G() {
}

func (b *(T)) H() {
}

func (/* c */ b T) I() {}

func (b /*c*/ *T) J() {}

type Box[V any] struct{ v V }

func (b * /*c*/ Box[V]) K() {}
"""


@pytest.mark.parametrize("method", ["T.F", "T.G", "T.H", "T.I", "T.J", "Box.K"])
def test_comment_in_a_receiver_does_not_hide_its_method(method: str) -> None:
    assert method in {found.symbol for found in declarations.read_go_file(RECEIVERS).declarations}


ODD = b"""package kiln

func Before() {
}

func Odd() (interface{}, int {
	return nil, 1
}

func After() {
}
"""


class _Snapshot:
    repository = tag = version = "v1.0.0"
    commit = None

    @property
    def files(self):
        return {"odd.go": "0" * 40}

    def read(self, paths):
        return dict.fromkeys(paths, ODD)


def verdict(symbol: str, line: int, end_line: int) -> Verdict:
    at = Anchor("odd.go", symbol, Kind.FUNC, line, end_line)
    return Verdict(Reference("odd.go", symbol=symbol), Verified(at, FoundBy.SYMBOL, ""))


def test_declaration_with_a_syntax_error_is_warned_of() -> None:
    verdicts = [verdict("Before", 3, 4), verdict("Odd", 6, 8), verdict("After", 10, 11)]
    assert list(_syntax_errors(SourceTree(_Snapshot()), verdicts)) == [
        "odd.go has a syntax error in line 6 at v1.0.0, so it is not sure what Odd holds"
    ]
