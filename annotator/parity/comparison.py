"""Compares members, parameters, results, errors and calls of counterparts, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from annotator.baseline_file import recorded
from annotator.config import Project
from annotator.model.go import CALLABLE_KINDS, COMPOSITE_KINDS, Kind
from annotator.model.port import (
    NOT_HELD,
    Agreement,
    Comparison,
    ComparisonRow,
    Counterpart,
    Coverage,
    GoSymbol,
    Parameter,
    PythonObject,
    written,
)
from annotator.model.reference import Problem
from annotator.parity import counterparts, scope
from annotator.parity.call_graph import CallGraph, normalized_name
from annotator.parity.explanations import Rule, applies, explain, slug, stale_reasons
from annotator.parity.go_facts import originals_of
from annotator.parity.scope import SCOPE, Scope, is_among, measure_coverage, scope_of
from annotator.python_source import objects
from annotator.python_source.docstrings import DocstringIndex
from annotator.python_source.modules import read_packages

# "called `NAME`, …" as the reason for a parameter.
_RENAMED = re.compile(r"called `(?P<name>\w+)`")


def _row(
    kind: str, name: str, fault: str, *, go: str = "", go_line: int = 0, python: Parameter | None = None
) -> ComparisonRow:
    return ComparisonRow(
        kind=kind,
        name=name,
        go=go,
        go_line=go_line,
        python=written(python) if python else "",
        python_line=python.line if python else 0,
        agreement=Agreement.UNEXPLAINED if fault else Agreement.SAME,
        reason=fault,
    )


# ── Parameters and results ───────────────────────────────────────────────────────────────────────
def _parameters(
    original: GoSymbol, ours: PythonObject, mirrored: tuple[GoSymbol, ...], renamed: Mapping[str, str]
) -> Iterator[ComparisonRow]:
    """Return a row for each parameter; if names prove nothing, for Go's parameters alone."""
    go = [param for param in original.params if param.name not in ("", "_")]
    matched = _matched(go, ours.params, renamed)
    unmoved = _unmoved(go, ours.params, matched)
    for param in go:
        found = matched.get(param.name)
        fault = "" if found else f"{ours.name} does not take it"
        if found is not None and renamed.get(param.name) == found.name:
            fault = f"it is called {found.name}"
        if found is not None and param.name not in unmoved:
            fault = "it stands in another place"
        go_text = f"{param.name} {param.type}"
        yield _row("param", param.name, fault, go=go_text, go_line=original.line, python=found)
    is_unnamed = bool(original.params) and all(not param.name for param in original.params)
    if is_unnamed or len(mirrored) > 1:
        return
    taken = {found.name for found in matched.values()}
    for extra in ours.params:
        if extra.name not in taken:
            yield _row("param", extra.name, f"{original.symbol} does not take it", python=extra)


def _matched(
    go: list[Parameter], ours: tuple[Parameter, ...], renamed: Mapping[str, str]
) -> dict[str, Parameter]:
    """Match parameters by name or stated rename, then those of which one name abbreviates the other.

    An error also matches the first parameter that takes an exception.
    """
    by_name = {normalized_name(param.name): param for param in ours}
    wanted = {param.name: normalized_name(param.name) for param in go}
    wanted |= {
        name: normalized_name(renamed[name])
        for name, kept in wanted.items()
        if kept not in by_name and name in renamed
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
    """Return whether the shorter name abbreviates the longer one or is its last word."""
    short, long = sorted((normalized_name(one), normalized_name(other)), key=len)
    letters = iter(long)
    in_order = all(letter in letters for letter in short)
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", f"{one} {other}")]
    return in_order and (short[0] == long[0] or short in words[-1:]) if short else False


def _unmoved(
    go: list[Parameter], ours: tuple[Parameter, ...], matched: Mapping[str, Parameter]
) -> frozenset[str]:
    """Return the longest list of Go parameters that have one order on both sides; the others have moved."""
    places = {each.name: place for place, each in enumerate(ours)}
    chains: list[tuple[str, ...]] = [()]
    for name in (each.name for each in go if each.name in matched):
        here = places[matched[name].name]
        before = (chain for chain in chains if not chain or places[matched[chain[-1]].name] < here)
        chains.append((*max(before, key=len), name))
    # Of two that have changed places, the first of Go's has: a context that comes last in Python.
    longest = max(reversed(chains), key=len)
    return frozenset(longest)


def _results(
    original: GoSymbol, ours: PythonObject, mirrored: tuple[GoSymbol, ...]
) -> Iterator[ComparisonRow]:
    """Return a row if one side returns something and the other does not."""
    if ours.kind == "class" or ours.name.endswith(".__init__"):
        return
    values = [result for result in original.results if result.type != "error"]
    returns = ours.returns not in ("", "None")
    if bool(values) == returns or len(mirrored) > 1:
        return
    go = ", ".join(result.type for result in values)
    name = values[0].name or values[0].type if values else ours.returns
    fault = f"Go returns {go or 'nothing'}, Python {ours.returns or 'nothing'}"
    python = Parameter(ours.returns, line=ours.line)
    yield _row("result", name, fault, go=go, go_line=original.line, python=python)


def compare(
    counterparts: Sequence[Counterpart],
    originals: Mapping[str, GoSymbol],
    python: Mapping[str, PythonObject],
    scope: Scope = Scope(),  # noqa: B008 - a frozen value
) -> tuple[Comparison, ...]:
    """Compare every counterpart with its originals, by notation, and its object, by dotted name."""
    graph = CallGraph(counterparts, originals, python)
    return tuple(_pair(each, python.get(each.name), originals, graph, scope) for each in counterparts)


def problems(found: Iterable[Comparison]) -> Iterator[Problem]:
    """Return a problem for each unexplained row and each stale reason."""
    for pair in found:
        at = pair.counterpart
        for row in pair.rows:
            if row.agreement is Agreement.UNEXPLAINED:
                line = row.python_line or at.line
                message = f"{at.name}: {row.kind} {row.name}: {row.reason}"
                yield Problem(at.path, line, message, f"parity-{row.kind}")
        for item in pair.stale:
            message = f"{at.name}: `{item.kind} {item.name}` explains no difference; remove it"
            yield Problem(at.path, item.line, message, "parity-stale")


def unused_rules(found: Iterable[Comparison], scope: Scope, file: str) -> Iterator[Problem]:
    """Return a remark for each rule, or part of a rule, of the scope that explains no row."""
    rows = [
        (row, [original.notation for original in pair.originals])
        for pair in found
        for row in pair.rows
        if row.agreement is Agreement.DIFFERS
    ]
    for label, rule in _narrowed(scope):
        if not any(applies(rule, row, notations) for row, notations in rows):
            yield Problem(file, 1, f"{label} explains no difference; remove it", "parity-stale")


def _narrowed(scope: Scope) -> Iterator[tuple[str, Rule]]:
    """Return each rule once for each name and each symbol it is for, with a label."""
    for rule in scope.conventions:
        label = f"the convention `{rule.kind} {rule.pattern or ', '.join(rule.names)}`"
        yield label, rule
        for name in rule.names:
            yield f"{label}, name {name},", msgspec.structs.replace(rule, names=(name,))
        for symbol in rule.of:
            yield f"{label}, of {symbol},", msgspec.structs.replace(rule, of=(symbol,))
    for rename in scope.renames:
        for symbol in rename.of:
            label = f"the rename of {rename.go} to {rename.python} in {symbol}"
            yield label, msgspec.structs.replace(rename, of=(symbol,))
    for absent in scope.absent:
        for name in absent.names:
            yield f"the absent name {name} ({absent.reason})", msgspec.structs.replace(absent, names=(name,))
        for symbol in absent.of:
            label = f"the symbol {symbol} among the absent ({absent.reason})"
            yield label, msgspec.structs.replace(absent, of=(symbol,))


def _pair(
    counterpart: Counterpart,
    ours: PythonObject | None,
    originals: Mapping[str, GoSymbol],
    graph: CallGraph,
    scope: Scope,
) -> Comparison:
    names = [f"{mirror.path}::{mirror.symbol}" for mirror in counterpart.mirrors]
    mirrored = tuple(originals[name] for name in names if name in originals)
    if ours is None:
        return Comparison(counterpart, mirrored, ())
    renamed = _renamed(counterpart, mirrored, scope)
    bare = [row for original in mirrored for row in _rows(original, ours, mirrored, renamed, graph)]
    bare += _extra_members(mirrored, ours, renamed) + list(_extra_calls(mirrored, ours, graph))
    unique: dict[tuple[str, str, str], ComparisonRow] = {}
    for row in bare:
        unique.setdefault((row.kind, row.name, row.go), row)
    rows = tuple(explain(row, counterpart.differences, scope, mirrored) for row in unique.values())
    return Comparison(counterpart, mirrored, rows, tuple(stale_reasons(counterpart, ours, rows, mirrored)))


def _renamed(counterpart: Counterpart, originals: Iterable[GoSymbol], scope: Scope) -> Mapping[str, str]:
    """Return Python's names of Go's parameters and fields, as the scope and the docstring state them."""
    stated = {
        rule.go: rule.python
        for original in originals
        for rule in scope.renames
        if is_among(original.notation, rule.of)
    }
    for item in counterpart.differences:
        match = _RENAMED.match(item.reason)
        if item.kind == "param" and match:
            stated[item.name] = match["name"]
    return stated


def _rows(
    original: GoSymbol,
    ours: PythonObject,
    mirrored: tuple[GoSymbol, ...],
    renamed: Mapping[str, str],
    graph: CallGraph,
) -> Iterator[ComparisonRow]:
    if original.kind in COMPOSITE_KINDS and ours.kind == "class":
        yield from _members(original, ours, renamed)
    callable_ours = graph.constructor(ours)
    if original.kind in CALLABLE_KINDS and ours.kind in ("class", "function", "signature"):
        yield from _parameters(original, callable_ours, mirrored, renamed)
        yield from _results(original, ours, mirrored)
    if original.kind in CALLABLE_KINDS and ours.kind in ("class", "function"):
        yield from _errors(original, callable_ours, graph)
        yield from _calls(original, mirrored, graph)


# ── Fields and methods ───────────────────────────────────────────────────────────────────────────
def _members(original: GoSymbol, ours: PythonObject, renamed: Mapping[str, str]) -> Iterator[ComparisonRow]:
    by_name = {normalized_name(member.name): member for member in ours.members}
    kind = "method" if original.kind is Kind.INTERFACE else "field"
    for member in original.members:
        other_name = by_name.get(normalized_name(renamed[member.name])) if member.name in renamed else None
        found = by_name.get(normalized_name(member.name)) or other_name
        fault = "" if found else f"{ours.name} has no such attribute or method"
        if found is not None and found is other_name:
            fault = f"it is called {found.name}"
        go = f"{member.name} {member.type}".strip()
        yield _row(kind, member.name, fault, go=go, go_line=member.line, python=found)


def _extra_members(
    mirrored: tuple[GoSymbol, ...], ours: PythonObject, renamed: Mapping[str, str]
) -> list[ComparisonRow]:
    """Return rows for public attributes that no original type has a field or method for."""
    types = [original for original in mirrored if original.kind in COMPOSITE_KINDS]
    if not types or ours.kind != "class":
        return []
    known = {
        normalized_name(name)
        for original in types
        for member in original.members
        for name in (member.name, renamed.get(member.name, member.name))
    }
    fault = f"{', '.join(o.symbol for o in types)} has no such field"
    return [
        _row("extra", member.name, fault, python=member)
        for member in ours.members
        if _is_public_attribute(member) and normalized_name(member.name) not in known
    ]


def _is_public_attribute(member: Parameter) -> bool:
    is_constant = member.name.isupper() or member.type.startswith("ClassVar")
    return member.type not in NOT_HELD and not member.name.startswith("_") and not is_constant


# ── Errors ───────────────────────────────────────────────────────────────────────────────────────
def _errors(original: GoSymbol, ours: PythonObject, graph: CallGraph) -> Iterator[ComparisonRow]:
    said = [slug(text) for text in graph.texts(ours)]
    for text in original.errors:
        name = slug(text)
        if not name:
            continue
        found = any(name in each for each in said)
        fault = "" if found else f"{ours.name} never says {text!r}"
        python = Parameter(text) if found else None
        yield _row("error", name, fault, go=text, go_line=original.line, python=python)


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────
def _calls(original: GoSymbol, mirrored: tuple[GoSymbol, ...], graph: CallGraph) -> Iterator[ComparisonRow]:
    made = graph.python_calls(original.notation)
    folded = {other.notation for other in mirrored}
    for called in graph.go_calls(original.notation):
        line = next((line for name, line in made.items() if graph.is_same(called, name)), None)
        is_made = line is not None or called in folded
        fault = "" if is_made else f"{original.symbol} calls it, the counterpart does not"
        python = Parameter(called, line=line or 0) if is_made else None
        yield _row("call", called.partition("::")[2], fault, go=called, python=python)


def _extra_calls(
    mirrored: tuple[GoSymbol, ...], ours: PythonObject, graph: CallGraph
) -> Iterator[ComparisonRow]:
    """Return rows for mapped symbols that the counterpart calls and none of its originals does."""
    if not any(original.kind in CALLABLE_KINDS for original in mirrored):
        return
    wanted = {called for original in mirrored for called in graph.go_calls(original.notation)}
    wanted |= {original.notation for original in mirrored}
    for made in graph.calls_of(graph.constructor(ours).name):
        if not made.is_call or any(graph.is_same(each, name) for each in wanted for name in made.mirrored):
            continue
        called = made.mirrored[0]
        fault = f"{', '.join(o.symbol for o in mirrored)} does not call it"
        yield _row("call", called.partition("::")[2], fault, python=Parameter(called, line=made.line))


class ParityResult(msgspec.Struct, frozen=True):
    """The comparison of every counterpart with its originals, the problems in it, and the coverage."""

    pairs: tuple[Comparison, ...]
    remarks: tuple[Problem, ...]
    coverage: Coverage


def compare_project(project: Project) -> ParityResult:
    """Compare the project's packages with the recorded facts; no source is needed.

    Raises:
        InvalidInput: A Python file, the facts or the scope cannot be read.
    """
    files = read_packages(project.root, project.config.packages)
    docstrings = counterparts.counterparts_in(project, files)
    pairs, covered = compare_packages(project, objects.read(files), docstrings)
    name = f"{project.config.site}/{SCOPE}"
    stale = unused_rules(pairs, scope_of(project), name)
    remarks = (*docstrings.remarks, *problems(pairs), *stale, *scope.problems(covered, name))
    return ParityResult(pairs, remarks, covered)


def compare_packages(
    project: Project, python: Mapping[str, PythonObject], docstrings: DocstringIndex
) -> tuple[tuple[Comparison, ...], Coverage]:
    """Compare Python objects with the recorded facts, by what their docstrings say.

    Raises:
        InvalidInput: The facts or the scope cannot be read.
    """
    known, scope = recorded(project), scope_of(project)
    pairs = compare(docstrings.counterparts, originals_of(known, scope), python, scope)
    return pairs, measure_coverage(known.symbols, docstrings.counterparts, scope, python)
