"""Mutated Go never harms the reader."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from annotator.golang import declarations

FORMS = (Path(__file__).parent / "go" / "forms.go").read_bytes()
PIECES = [
    b"{",
    b"}",
    b"(",
    b")",
    b"`",
    b'"',
    b"/*",
    b"\n",
    b"func ",
    b"type T struct {",
    b"\xff",
    b"\0",
    b"\r",
]

edits = st.lists(
    st.tuples(
        st.integers(0, len(FORMS)),
        st.integers(0, 60),
        st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(edits)
def test_mutated_source_reads_within_its_bounds(changes: list[tuple[int, int, bytes]]) -> None:
    data = FORMS
    for start, length, piece in changes:
        data = data[:start] + piece + data[start + length :]
    document = declarations.read_go_file(data)
    lines = data.split(b"\n")
    found = list(document.declarations)
    for declaration in found:
        found += declaration.members
        assert 1 <= declaration.line <= declaration.span.end_line <= len(lines)
        assert data[declaration.span.start : declaration.span.end].count(b"\n") == (
            declaration.span.end_line - declaration.span.line
        )
        written = lines[declaration.line - 1][declaration.column - 1 :].decode("utf-8", "replace")
        assert written.startswith(declaration.name)
    assert all(1 <= line <= len(lines) for line in document.broken)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_read(data: bytes) -> None:
    assert declarations.read_go_file(data).lines == data.count(b"\n") + (
        bool(data) and not data.endswith(b"\n")
    )
