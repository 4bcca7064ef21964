"""`parity`: compares the Python port with the recorded facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from rich.text import Text as Styled

from annotator.errors import counted, printable
from annotator.model.port import Agreement, Comparison, ComparisonRow, Coverage, CoverageState, Difference
from annotator.model.reference import Problem
from annotator.parity.comparison import ParityResult, compare_project
from annotator.reports import indented_json
from annotator.reports.porting_report import PythonFields

__all__ = ["compare_project", "coverage", "json", "text"]

# ── The report; `parity.schema.json` of the reports holds its schema ──────────────────────────────
VERSION = 1
"""Version of the JSON; it grows when a field goes or gets another meaning."""


class OriginalFields(msgspec.Struct, frozen=True):
    """A Go declaration."""

    path: str
    symbol: str
    line: int
    end_line: int


class PairFields(msgspec.Struct, frozen=True):
    """A counterpart compared with its originals."""

    python: PythonFields
    go: tuple[OriginalFields, ...]
    rows: tuple[ComparisonRow, ...]
    stale: tuple[Difference, ...]


class ParityReport(msgspec.Struct, frozen=True):
    """The comparison of a port with its original; `coverage` counts symbols by folder and state."""

    schema_version: int
    summary: dict[str, int]
    pairs: tuple[PairFields, ...]
    coverage: dict[str, dict[str, int]]
    remarks: tuple[Problem, ...]


def json(found: ParityResult) -> str:
    """Return the comparison as JSON, with figures for a trend first."""
    report = ParityReport(
        schema_version=VERSION,
        summary=_figures(found),
        pairs=tuple(map(_pair, found.pairs)),
        coverage={folder: dict(states) for folder, states in sorted(found.coverage.figures().items())},
        remarks=found.remarks,
    )
    return indented_json(report)


def _figures(found: ParityResult) -> dict[str, int]:
    rows, states = _agreements(found), _sum(found.coverage.figures().values())
    return {
        "counterparts": len(found.pairs),
        **{str(agreement): rows[agreement] for agreement in Agreement},
        "findings": len(found.remarks),
        **{state.replace(" ", "_"): states[state] for state in CoverageState},
    }


def _pair(pair: Comparison) -> PairFields:
    mirrored = pair.counterpart
    return PairFields(
        python=PythonFields(mirrored.name, mirrored.path, mirrored.line),
        go=tuple(OriginalFields(each.path, each.symbol, each.line, each.end_line) for each in pair.originals),
        rows=pair.rows,
        stale=pair.stale,
    )


def text(found: ParityResult) -> Iterator[Styled]:
    """Return a line for each problem, then a summary."""
    for remark in found.remarks:
        where = f"{printable(remark.file)}:{remark.line}"
        yield Styled.assemble((where, "bold"), ": ", printable(remark.message))
    figures, covered = _listed(_agreements(found)), _listed(_sum(found.coverage.figures().values()))
    pairs = counted(len(found.pairs), "counterpart")
    yield Styled(f"{pairs}: {figures or 'no rows'}; symbols in scope: {covered or 'none'}")


def coverage(found: Coverage) -> Iterator[Styled]:
    """Return a line for each Go package: how many of its symbols are mapped, left out or open."""
    figures = found.figures()
    width = max((len(folder) for folder in figures), default=0)
    for folder, states in sorted(figures.items()):
        yield Styled(f"{printable(folder):<{width}}  {_listed(states)}")
    yield Styled(f"{'in all':<{width}}  {_listed(_sum(figures.values()))}")


def _agreements(found: ParityResult) -> Counter[str]:
    return Counter(str(row.agreement) for pair in found.pairs for row in pair.rows)


def _listed(figures: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(figures.items()))


def _sum(counters: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total
