"""What `gonames` finds in a declaration."""

from annotator.golang import declarations, function_facts
from annotator.model.go import Declaration

SOURCE = b"""package p

func F(s *store.Store) {
\ts.Get("a").Mount()
\t(f)(x)
}

func G() { other() }
"""


def function() -> Declaration:
    return declarations.read_go_file(SOURCE).declarations[0]


def test_calls_are_named_by_what_is_called() -> None:
    found = function_facts.calls(SOURCE, function())
    assert [(call.name, call.line, call.column) for call in found] == [
        ("Get", 4, 4),
        ("Mount", 4, 13),
        ("f", 5, 3),
    ]


def test_identifiers_come_in_order() -> None:
    names = [found.name for found in function_facts.identifiers(SOURCE, function())]
    assert names == ["F", "s", "store", "Store", "s", "Get", "Mount", "f", "x"]


def test_an_identifiers_bytes_are_its_name() -> None:
    for found in function_facts.identifiers(SOURCE, function()):
        assert SOURCE[found.start : found.end].decode() == found.name


def test_bytes_that_are_no_go_have_no_identifiers() -> None:
    assert function_facts.identifiers(b"\0", function()) == ()
