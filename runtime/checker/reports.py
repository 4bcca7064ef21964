"""Formats of reports: text, JSON and JUnit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final
from xml.etree import ElementTree as ET

import msgspec

from runtime.checker.rules import Report, Severity, Step

_NOT_IN_XML = "".join(map(chr, (*range(9), 11, 12, *range(14, 32), 127)))


def text(report: Report, *, strict: bool = False) -> str:  # noqa: ARG001 - one signature for all formats
    """Format a report as text: a line for each step, followed by its findings and their effect."""
    lines = [f"{report.address}", ""]
    for step in report.steps:
        lines += _lines(step)
    counts = ", ".join(_counted(report.count(severity), severity) for severity in Severity)
    return "\n".join([*lines, "", f"{counts}.", ""])


def json(report: Report, *, strict: bool = False) -> str:  # noqa: ARG001 - one signature for all formats
    """Format a report as one JSON object."""
    steps = [
        {
            "name": step.name,
            "skipped": step.skipped,
            "seconds": round(step.seconds, 3),
            "findings": [
                {
                    "rule": finding.rule,
                    "severity": finding.severity,
                    "detail": finding.detail,
                    "engine": finding.engine,
                }
                for finding in step.findings
            ],
        }
        for step in report.steps
    ]
    summary = {str(severity): report.count(severity) for severity in Severity}
    document = {"plugin": report.address, "summary": summary, "steps": steps}
    return msgspec.json.format(msgspec.json.encode(document)).decode() + "\n"


def junit(report: Report, *, strict: bool = False) -> str:
    """Format a report as JUnit: a test case a step; errors fail it, and warnings with `strict`."""
    fatal = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    bad = [step for step in report.steps if _texts(step, fatal)]
    skipped = [step for step in report.steps if step.skipped]
    suite = ET.Element(
        "testsuite",
        name=f"check-plugin {_clean(report.address)}",
        tests=str(len(report.steps)),
        failures=str(len(bad)),
        skipped=str(len(skipped)),
    )
    for step in report.steps:
        case = ET.SubElement(
            suite, "testcase", classname="plugin", name=step.name, time=f"{step.seconds:.3f}"
        )
        if step.skipped:
            ET.SubElement(case, "skipped", message=step.skipped)
        if failures := _texts(step, fatal):
            failure = ET.SubElement(
                case, "failure", type=failures[0].split(":")[0], message=_clean(failures[0])
            )
            failure.text = _clean("\n".join(failures))
        if others := _texts(step, set(Severity) - fatal):
            ET.SubElement(case, "system-out").text = _clean("\n".join(others))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


FORMATS: Final[Mapping[str, Callable[..., str]]] = {"text": text, "json": json, "junit": junit}


def _lines(step: Step) -> list[str]:
    worst = min((list(Severity).index(finding.severity) for finding in step.findings), default=None)
    outcome = f"skipped: {step.skipped}" if step.skipped else "ok" if worst is None else list(Severity)[worst]
    lines = [f"{step.name:16} {outcome}"]
    for finding in step.findings:
        detail = finding.detail.replace("\n", "\\n")
        lines += [
            f"    {finding.severity} {finding.rule}: {detail}",
            f"        The engine: {finding.engine}",
        ]
    return lines


def _counted(count: int, severity: Severity) -> str:
    return f"{count} {severity}{'' if count == 1 else 's'}"


def _texts(step: Step, severities: AbstractSet[Severity]) -> list[str]:
    return [
        f"{finding.rule}: {finding.detail}\nThe engine: {finding.engine}"
        for finding in step.findings
        if finding.severity in severities
    ]


def _clean(text: str) -> str:
    """Replace characters that XML does not allow."""
    return text.translate(dict.fromkeys(map(ord, _NOT_IN_XML), "\ufffd")).encode("utf-8", "replace").decode()
