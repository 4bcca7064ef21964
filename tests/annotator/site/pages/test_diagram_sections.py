"""Locks nest through calls, as far as each call is proven."""

from __future__ import annotations

from annotator.model.go import Acquisition, FunctionLockUsage, SymbolId, WhileHeld
from annotator.site.pages.diagram_sections import lock_nesting

OUTER, INNER = SymbolId("a.go", "A.mu"), SymbolId("b.go", "B.mu")


def name(function: str) -> SymbolId:
    return SymbolId("a.go", function)


def takes(function: str, *under: WhileHeld) -> FunctionLockUsage:
    return FunctionLockUsage(
        name(function), (Acquisition(OUTER, 3, reads=False, while_held=under),), (OUTER,)
    )


def pairs(*functions: FunctionLockUsage) -> dict[tuple[SymbolId, SymbolId], list[tuple[str, int]]]:
    found = lock_nesting(functions)
    return {pair: [(proof.function.symbol, proof.while_held.line) for proof in found[pair]] for pair in found}


def test_lock_taken_while_another_is_held_nests() -> None:
    assert pairs(takes("f", WhileHeld(INNER, 4, takes=True))) == {(OUTER, INNER): [("f", 4)]}


def test_lock_taken_by_an_indirect_call_nests() -> None:
    assert pairs(
        takes("f", WhileHeld(name("g"), 5)),
        FunctionLockUsage(name("g"), calls=(name("h"),)),
        FunctionLockUsage(name("h"), acquires=(INNER,), calls=(name("g"),)),
    ) == {(OUTER, INNER): [("f", 5)]}


def test_call_that_releases_the_lock_ends_the_proof() -> None:
    assert (
        pairs(
            takes("f", WhileHeld(name("free"), 4), WhileHeld(INNER, 5, takes=True)),
            FunctionLockUsage(name("free"), calls=(name("really"),)),
            FunctionLockUsage(name("really"), acquires=(INNER,), releases=(OUTER,)),
        )
        == {}
    )


def test_lock_does_not_nest_in_itself() -> None:
    assert pairs(takes("f", WhileHeld(name("g"), 4)), FunctionLockUsage(name("g"), acquires=(OUTER,))) == {}


def test_unknown_function_takes_no_lock() -> None:
    assert pairs(takes("f", WhileHeld(name("elsewhere"), 4))) == {}
