"""States of symbols in scope, and their counts."""

from __future__ import annotations

from annotator.model.go import Kind
from annotator.model.port import Counterpart, CoverageState, GoSymbol, Parameter, PythonObject
from annotator.model.reference import Reference
from annotator.parity import scope
from annotator.parity.scope import Absent, Scope


def symbol(name: str, kind: Kind = Kind.FUNC) -> GoSymbol:
    return GoSymbol("store/store.go", name, kind, 1, 2)


def counterpart(name: str, original: str) -> Counterpart:
    return Counterpart(name, "class", "us/store.py", 1, (Reference("store/store.go", original),))


SYMBOLS = (symbol("New"), symbol("Purge"), symbol("Get"))
SCOPE = Scope(absent=(Absent("nobody needs it", ("store/store.go::Purge", "store/store.go::Gone")),))


def test_symbols_are_mapped_left_out_or_open() -> None:
    found = scope.measure_coverage(SYMBOLS, [counterpart("us.store.new", "New")], SCOPE, {})

    assert [(s.symbol.symbol, s.state, s.reason) for s in found.symbols] == [
        ("New", CoverageState.MAPPED, ""),
        ("Purge", CoverageState.LEFT_OUT, "nobody needs it"),
        ("Get", CoverageState.OPEN, ""),
    ]
    assert found.figures() == {"store": {"mapped": 1, "left out": 1, "open": 1}}


def test_open_and_unknown_symbols_are_problems() -> None:
    found = scope.measure_coverage(SYMBOLS, [counterpart("us.store.new", "New")], SCOPE, {})

    assert [(p.rule, p.message.split()[0]) for p in scope.problems(found, "site/scope.toml")] == [
        ("coverage-open", "store/store.go::Get"),
        ("coverage-unknown", "store/store.go::Gone"),
    ]


def test_interface_method_is_covered_with_its_interface() -> None:
    symbols = (symbol("Store", Kind.INTERFACE), symbol("Store.Get", Kind.IMETHOD))

    found = scope.measure_coverage(symbols, [counterpart("us.store.Store", "Store")], Scope(), {})

    assert [s.state for s in found.symbols] == [CoverageState.MAPPED, CoverageState.MAPPED]


def test_method_is_covered_by_member_of_same_name() -> None:
    symbols = (symbol("Store", Kind.STRUCT), symbol("Store.GetAll", Kind.METHOD))
    members = (Parameter("get_all", "method", 3),)
    python = {"us.store.Store": PythonObject("us.store.Store", "class", "us/store.py", 1, 9, members=members)}

    found = scope.measure_coverage(symbols, [counterpart("us.store.Store", "Store")], Scope(), python)

    assert [s.state for s in found.symbols] == [CoverageState.MAPPED, CoverageState.MAPPED]
