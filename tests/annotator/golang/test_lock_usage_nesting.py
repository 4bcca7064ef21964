"""Locks nest through calls, as far as each call is proven."""

from __future__ import annotations

from annotator.golang.lock_usage import Nesting
from annotator.model.go import Function, Symbol, Taking, Under

OUTER, INNER = Symbol("a.go", "A.mu"), Symbol("b.go", "B.mu")


def name(function: str) -> Symbol:
    return Symbol("a.go", function)


def takes(function: str, *under: Under) -> Function:
    return Function(name(function), (Taking(OUTER, 3, reads=False, under=under),), (OUTER,))


def pairs(*functions: Function) -> dict[tuple[Symbol, Symbol], list[tuple[str, int]]]:
    found = Nesting(functions).nested
    return {pair: [(proof.function.symbol, proof.under.line) for proof in found[pair]] for pair in found}


def test_a_lock_that_is_taken_under_another_nests_in_it() -> None:
    assert pairs(takes("f", Under(INNER, 4, takes=True))) == {(OUTER, INNER): [("f", 4)]}


def test_a_lock_that_a_call_takes_through_others_nests_too() -> None:
    assert pairs(
        takes("f", Under(name("g"), 5)),
        Function(name("g"), calls=(name("h"),)),
        Function(name("h"), itself=(INNER,), calls=(name("g"),)),
    ) == {(OUTER, INNER): [("f", 5)]}


def test_what_comes_after_a_call_that_lets_go_of_the_lock_proves_nothing() -> None:
    assert (
        pairs(
            takes("f", Under(name("free"), 4), Under(INNER, 5, takes=True)),
            Function(name("free"), calls=(name("really"),)),
            Function(name("really"), itself=(INNER,), lets_go=(OUTER,)),
        )
        == {}
    )


def test_a_lock_does_not_nest_in_itself() -> None:
    assert pairs(takes("f", Under(name("g"), 4)), Function(name("g"), itself=(OUTER,))) == {}


def test_a_function_that_nobody_has_read_takes_nothing() -> None:
    assert pairs(takes("f", Under(name("elsewhere"), 4))) == {}
