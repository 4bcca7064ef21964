"""Mutated Go never harms the binder."""

from collections.abc import Mapping
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from annotator.golang import declarations
from annotator.golang.resolver import Resolver
from annotator.model.go import GoFile

FORMS = (
    (Path(__file__).parents[1] / "go" / "forms.go").read_bytes()
    + b"""
func uses(s *Shop, g Getter) (err error) {
	for i, item := range s.list { item.item = s.first; _ = i }
	switch x := g.(type) { case *Shop: x.Sell(nil, s.first); default: x.Get(``) }
	select { case v, ok := <-make(chan Name): _, _ = v, ok }
	pairs := map[string]Pair[int, int]{`a`: {key: 1, val: 2}}
	return hook(string(pairs[`a`].key))
}
"""
)
PIECES = [
    b"{",
    b"}",
    b"(",
    b")",
    b":=",
    b"range ",
    b".(type)",
    b"[",
    b"]",
    b"*",
    b".",
    b",",
    b"\n",
    b"case ",
    b"\xff",
]

edits = st.lists(
    st.tuples(st.integers(0, len(FORMS)), st.integers(0, 40), st.sampled_from([b"", *PIECES])), max_size=5
)


class One:
    """A folder of one file."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def package(self, folder: str) -> Mapping[str, bytes]:
        return {} if folder else {"forms.go": self.data}

    def document(self, path: str) -> GoFile:
        assert path == "forms.go"
        return declarations.read_go_file(self.data)


@settings(deadline=None)
@given(edits)
def test_uses_in_mutated_source_are_names_of_what_they_lead_to(changes: list[tuple[int, int, bytes]]) -> None:
    data = FORMS
    for start, length, piece in changes:
        data = data[:start] + piece + data[start + length :]
    for use in Resolver(One(data), ()).uses("forms.go"):
        assert data[use.start : use.end].decode("utf-8", "replace") == use.symbol.rpartition(".")[2]
