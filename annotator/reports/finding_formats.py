"""Findings as SARIF, as JUnit XML, as workflow commands of GitHub and as code quality of GitLab."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import quote
from xml.etree import ElementTree as ET

import msgspec

from annotator import __version__
from annotator.errors import printable
from annotator.model.reference import Skipped, Unknown, Verdict, VerificationResult
from annotator.reports import indented_json, markdown, verification_report
from annotator.reports.findings import Finding, findings, rule_of
from annotator.reports.verification_report import TEXT_CHANGED, Summary, by_file, score, score_line, summary


class Format(StrEnum):
    """How findings come out."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    GITLAB = "gitlab"
    MARKDOWN = "markdown"
    PATCH = "patch"


def render(
    form: Format,
    checked: VerificationResult,
    locate: Callable[[str], str] = str,
    *,
    show_unread: bool = False,
    patch: str = "",
) -> str:
    """Return findings as the text of a file.

    Args:
        form: The format.
        checked: What was verified.
        locate: Gives the path of a file from the repository's root.
        show_unread: Whether texts are listed that look like references and are not read.
        patch: The changes that `verify --update` would make, as a unified diff.
    """
    match form:
        case Format.TEXT:
            lines = verification_report.text(checked, show_unread=show_unread)
            report = "\n".join(line.plain for line in lines)
        case Format.JSON:
            report = verification_report.json(checked, show_unread=show_unread)
        case Format.SARIF:
            report = sarif(checked, locate, show_unread=show_unread)
        case Format.JUNIT:
            report = junit(checked, show_unread=show_unread)
        case Format.GITHUB:
            report = github(checked, locate, show_unread=show_unread)
        case Format.GITLAB:
            report = gitlab(checked, locate, show_unread=show_unread)
        case Format.MARKDOWN:
            report = markdown.document(checked, locate, patch=patch)
        case Format.PATCH:
            return patch
    return f"{report}\n"


def render_failure(sentence: str, exit_code: int) -> Mapping[Format, str]:
    """Return why nothing could be verified, in each format that has a form for it."""
    return {
        Format.SARIF: sarif_failure(sentence, exit_code) + "\n",
        Format.GITHUB: github_failure(sentence) + "\n",
        Format.MARKDOWN: markdown.failure(sentence) + "\n",
    }


# ── SARIF ─────────────────────────────────────────────────────────────────────────────────────────
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(
    checked: VerificationResult, locate: Callable[[str], str] = str, *, show_unread: bool = False
) -> str:
    """Return the findings as a SARIF log of one run."""
    results = [_sarif_result(finding) for finding in findings(checked, locate, show_unread=show_unread)]
    notes = [_sarif_notification("warning", checked.stand_in)] if checked.stand_in else []
    notes += [_sarif_notification("error", failure) for failure in checked.failures]
    figures = summary(checked)
    properties = {"summary": figures, "score": score(figures), "files": by_file(checked)}
    invocation = {"executionSuccessful": not checked.failures, "toolExecutionNotifications": notes}
    return _sarif_log(results, invocation, properties)


def sarif_failure(sentence: str, exit_code: int) -> str:
    """Return the log of a run that could not verify anything, with the reason in a sentence."""
    notes = [_sarif_notification("error", sentence)]
    return _sarif_log(
        [], {"executionSuccessful": False, "exitCode": exit_code, "toolExecutionNotifications": notes}
    )


def _sarif_notification(level: str, sentence: str) -> dict[str, object]:
    return {"level": level, "message": {"text": printable(sentence)}}


def _sarif_log(
    results: Sequence[Mapping[str, object]],
    invocation: Mapping[str, object],
    properties: Mapping[str, object] | None = None,
) -> str:
    used = dict.fromkeys(str(result["ruleId"]) for result in results)
    driver = {"name": "annotator", "version": __version__, "rules": [_sarif_rule(name) for name in used]}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
        "results": results,
    } | ({"properties": properties} if properties else {})
    log = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return indented_json(log)


def _sarif_rule(name: str) -> dict[str, object]:
    rule = rule_of(name)
    # Of one word the name would be the id again, which SARIF does not allow.
    words = (name if "-" in name else f"reference-{name}").split("-")
    return {
        "id": name,
        "name": "".join(map(str.capitalize, words)),
        "shortDescription": {"text": rule.short},
        "fullDescription": {"text": f"{rule.short} {rule.help}"},
        "help": {"text": rule.help, "markdown": rule.help},
        "defaultConfiguration": {"level": rule.level},
    }


def _sarif_result(finding: Finding) -> dict[str, object]:
    text, file = printable(finding.message), finding.file
    artifact = {"uri": _uri(file)} | ({} if file.startswith("/") else {"uriBaseId": "SRCROOT"})
    region = {"startLine": finding.line}
    if finding.column:
        region["startColumn"] = finding.column
    if finding.end_column:
        region["endColumn"] = finding.end_column
    is_review = (finding.rule, finding.level) == ("unread", "note")
    return {
        "ruleId": finding.rule,
        "kind": "review" if is_review else "open" if finding.level == "none" else "fail",
        "level": "none" if is_review else finding.level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "partialFingerprints": {"finding/v1": finding.fingerprint},
    }


def _uri(file: str) -> str:
    path = PurePosixPath(file).as_posix()
    return f"file://{quote(path)}" if path.startswith("/") else quote(path)


# ── JUnit ─────────────────────────────────────────────────────────────────────────────────────────
# What XML 1.0 cannot hold, not even as a character reference.
_NOT_XML = "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def junit(checked: VerificationResult, *, show_unread: bool = False) -> str:
    """Return the report as one test suite; a failure's type is its reason code."""
    figures = summary(checked)
    problems = (*checked.problems, *checked.remarks)
    failures = sum(map(checked.is_finding, checked.verdicts)) + len(problems)
    tests = len(checked.verdicts) + len(problems) + len(checked.failures)
    suite = ET.Element(
        "testsuite",
        name=_xml_text(f"references at {checked.tag}"),
        tests=str(tests),
        failures=str(failures),
        errors=str(len(checked.failures)),
        skipped=str(sum(_is_skipped(checked, verdict) for verdict in checked.verdicts)),
    )
    _junit_properties(suite, checked, figures)
    for verdict in checked.verdicts:
        _junit_case(suite, checked, verdict)
    for problem in problems:
        case = _junit_element(suite, f"{problem.rule} {problem.line}", problem.file, problem.line)
        _junit_failure(case, problem.rule, problem.message, f"{problem.file}:{problem.line}")
    for failure in checked.failures:
        case = _junit_element(suite, "reading the document", failure.partition(":")[0], 1)
        ET.SubElement(case, "error", type="unreadable", message=_xml_text(failure))
    said = [f"{text.file}:{text.at_line}: not read: {text.text}" for text in checked.unread if show_unread]
    if checked.stand_in:
        said.append(checked.stand_in)
    if said:
        ET.SubElement(suite, "system-out").text = _xml_text("\n".join(said))
    root = ET.Element("testsuites", name="annotator", tests=suite.attrib["tests"], failures=str(failures))
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")


def _junit_properties(suite: ET.Element, checked: VerificationResult, figures: Summary) -> None:
    """Add the counts and the truth score, and the counts of each file if there are several."""
    properties = ET.SubElement(suite, "properties")
    named = msgspec.structs.asdict(figures)
    named |= {f"share {key}": share for key, share in msgspec.structs.asdict(score(figures)).items()}
    files = by_file(checked)
    for file in files if len(files) > 1 else ():
        named |= {f"{file.file} {key}": count for key, count in msgspec.structs.asdict(file.summary).items()}
    for name, value in named.items():
        ET.SubElement(properties, "property", name=_xml_text(name), value=str(value))


def _is_skipped(checked: VerificationResult, verdict: Verdict) -> bool:
    """Return whether nothing can be said of a reference, which is neither success nor failure."""
    return isinstance(verdict.outcome, Skipped | Unknown) and not checked.is_finding(verdict)


def _junit_case(suite: ET.Element, checked: VerificationResult, verdict: Verdict) -> None:
    reference, outcome = verdict.reference, verdict.outcome
    label = f"{reference.cited or reference.path} {reference.symbol or ''} {reference.line or ''}"
    case = _junit_element(suite, label, reference.file, reference.at_line)
    where = f"{reference.file}:{reference.at_line}"
    if _is_skipped(checked, verdict):
        ET.SubElement(case, "skipped", type=_xml_text(outcome.code), message=_xml_text(outcome.reason))
    elif checked.is_place_finding(verdict):
        _junit_failure(case, outcome.code, outcome.reason, where)
    elif checked.is_changed_finding(verdict):
        _junit_failure(case, "text-changed", TEXT_CHANGED, where)
    if verdict.has_changed_text:
        ET.SubElement(case, "system-out").text = TEXT_CHANGED


def _junit_element(suite: ET.Element, name: str, file: str, line: int) -> ET.Element:
    return ET.SubElement(
        suite,
        "testcase",
        name=_xml_text(name.strip()),
        classname=_xml_text(file),
        file=_xml_text(file),
        line=str(line),
    )


def _junit_failure(case: ET.Element, code: str, message: str, where: str) -> None:
    failure = ET.SubElement(case, "failure", type=_xml_text(code), message=_xml_text(message))
    failure.text = _xml_text(f"{where}: {message}")


def _xml_text(words: str) -> str:
    return re.sub(_NOT_XML, "\N{REPLACEMENT CHARACTER}", words)


# ── GitHub Actions ────────────────────────────────────────────────────────────────────────────────
_COMMAND_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_GITHUB_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
_COMMAND_PROPERTY = _COMMAND_DATA | {":": "%3A", ",": "%2C"}


def github(
    checked: VerificationResult, locate: Callable[[str], str] = str, *, show_unread: bool = False
) -> str:
    """Return a command for each finding, and the figures in the last lines."""
    lines = [
        _annotation(finding)
        for finding in findings(checked, locate, show_unread=show_unread)
        if finding.level != "none"
    ]
    lines += [_command("error", {"title": "unreadable"}, failure) for failure in checked.failures]
    if checked.verdicts:
        lines.append(score_line(summary(checked)))
    return "\n".join([*lines, verification_report.sentence(checked)])


def github_failure(sentence: str) -> str:
    """Return the command of a run that could not verify anything, with the reason in a sentence."""
    return _command("error", {"title": "annotator"}, sentence)


def _annotation(finding: Finding) -> str:
    where: dict[str, object] = {"file": finding.file, "line": finding.line}
    if finding.column:
        where["col"] = finding.column
    if finding.end_column:
        where["endColumn"] = finding.end_column
    verdict, rule = finding.verdict, finding.rule
    title = f"{verdict}: {rule}" if verdict not in ("", rule) else rule
    return _command(_GITHUB_LEVELS[finding.level], where | {"title": title}, finding.message)


def _command(level: str, properties: dict[str, object], message: str) -> str:
    """Return a workflow command; what its grammar would read as syntax is escaped."""
    written = ",".join(
        f"{key}={_command_text(str(value), _COMMAND_PROPERTY)}" for key, value in properties.items()
    )
    return f"::{level} {written}::{_command_text(message, _COMMAND_DATA)}"


def _command_text(words: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(char, char) for char in printable(words))


# ── GitLab ────────────────────────────────────────────────────────────────────────────────────────
_GITLAB_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def gitlab(
    checked: VerificationResult, locate: Callable[[str], str] = str, *, show_unread: bool = False
) -> str:
    """Return a list of issues; GitLab shows each fingerprint once, so equal ones are numbered."""
    seen: Counter[str] = Counter()
    issues = []
    for finding in findings(checked, locate, show_unread=show_unread):
        if finding.level == "none":
            continue
        seen[finding.fingerprint] += 1
        number = seen[finding.fingerprint]
        issues.append(
            {
                "description": printable(finding.message),
                "check_name": finding.rule,
                "fingerprint": finding.fingerprint + (f"-{number}" if number > 1 else ""),
                "severity": _GITLAB_SEVERITIES[finding.level],
                "location": {"path": finding.file, "lines": {"begin": finding.line}},
            }
        )
    return indented_json(issues)
