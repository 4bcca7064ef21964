"""Parameters and results of a Go function beside those of its counterpart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from annotator.mapping.reach import plain
from annotator.mapping.rows import Agreement, Row, written
from annotator.model import Difference, GoSymbol, Parameter, PythonObject

_RENAMED = re.compile(r"called `(?P<name>\w+)`")


def renamed_parameters(differences: Iterable[Difference]) -> dict[str, str]:
    """Python's names of Go's parameters, from reasons of the form "called `NAME`, …"."""
    named = ((item.name, _RENAMED.match(item.reason)) for item in differences if item.kind == "param")
    return {name: found["name"] for name, found in named if found is not None}


def params(
    original: GoSymbol, ours: PythonObject, mirrored: tuple[GoSymbol, ...], renamed: Mapping[str, str]
) -> Iterator[Row]:
    """A row for each parameter of either side; where the names prove nothing, for those of Go alone."""
    go = [param for param in original.params if param.name not in ("", "_")]
    matched = _matched(go, ours.params, renamed)
    for param in go:
        found = matched.get(param.name)
        fault = "" if found else f"{ours.name} does not take it"
        if found is not None and renamed.get(param.name) == found.name:
            fault = f"it is called {found.name}"
        if found is not None and not _keeps_order(param, go, ours.params, matched):
            fault = "it stands in another place"
        yield Row(
            kind="param",
            name=param.name,
            go=f"{param.name} {param.type}",
            go_line=original.line,
            python=written(found) if found else "",
            python_line=found.line if found else 0,
            agreement=Agreement.UNEXPLAINED if fault else Agreement.SAME,
            reason=fault,
        )
    if _only_types_name(original) or len(mirrored) > 1:
        return
    taken = {found.name for found in matched.values()}
    for extra in ours.params:
        if extra.name not in taken:
            yield Row(
                kind="param",
                name=extra.name,
                python=written(extra),
                python_line=extra.line,
                agreement=Agreement.UNEXPLAINED,
                reason=f"{original.symbol} does not take it",
            )


def _matched(
    go: list[Parameter], ours: tuple[Parameter, ...], renamed: Mapping[str, str]
) -> dict[str, Parameter]:
    """Parameters of the same name or said to be renamed; then those of which one name abbreviates the other.

    An error also matches the first parameter that takes an exception.
    """
    by_name = {plain(param.name): param for param in ours}
    wanted = {param.name: plain(param.name) for param in go}
    wanted |= {
        name: plain(renamed[name]) for name, kept in wanted.items() if kept not in by_name and name in renamed
    }
    found = {name: by_name[kept] for name, kept in wanted.items() if kept in by_name}
    taken = {param.name for param in found.values()}
    left = [param for param in ours if param.name not in taken]
    for param in (each for each in go if each.name not in found):
        candidate = next((each for each in left if _is_alike(param, each)), None)
        if candidate is not None:
            found[param.name] = candidate
            left.remove(candidate)
    return found


_EXCEPTION = re.compile(r"\b(?:Base)?Exception\b|Error\b")


def _is_alike(go: Parameter, ours: Parameter) -> bool:
    is_error = go.type == "error" and _EXCEPTION.search(ours.type) is not None
    return is_error or _abbreviates(go.name, ours.name)


def _abbreviates(one: str, other: str) -> bool:
    """Whether the shorter name is made of the longer one's letters, from its start, or is its last word."""
    short, long = sorted((plain(one), plain(other)), key=len)
    letters = iter(long)
    in_order = all(letter in letters for letter in short)
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", f"{one} {other}")]
    return in_order and (short[0] == long[0] or short in words[-1:]) if short else False


def _keeps_order(
    param: Parameter, go: list[Parameter], ours: tuple[Parameter, ...], matched: Mapping[str, Parameter]
) -> bool:
    """Whether the parameter stands behind those that are before it, as far as they are taken."""
    places = {each.name: place for place, each in enumerate(ours)}
    here = places[matched[param.name].name]
    before = [each for each in go[: go.index(param)] if each.name in matched]
    return all(places[matched[each.name].name] < here for each in before)


def _only_types_name(original: GoSymbol) -> bool:
    """Whether Go writes only the types of the parameters, as interfaces may: then names prove nothing."""
    return bool(original.params) and all(not param.name for param in original.params)


def results(original: GoSymbol, ours: PythonObject, mirrored: tuple[GoSymbol, ...]) -> Iterator[Row]:
    """A row if one side returns something and the other does not."""
    if ours.kind == "class" or ours.name.endswith(".__init__"):
        return
    values = [result for result in original.results if result.type != "error"]
    returns = ours.returns not in ("", "None")
    if bool(values) == returns or len(mirrored) > 1:
        return
    go = ", ".join(result.type for result in values)
    yield Row(
        kind="result",
        name=values[0].name or values[0].type if values else ours.returns,
        go=go,
        go_line=original.line,
        python=ours.returns,
        python_line=ours.line,
        agreement=Agreement.UNEXPLAINED,
        reason=f"Go returns {go or 'nothing'}, Python {ours.returns or 'nothing'}",
    )
