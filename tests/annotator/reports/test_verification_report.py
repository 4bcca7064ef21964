"""Findings as text, JSON, SARIF and JUnit: what is there, and what hostile words do not do."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from rich.console import Console

from annotator.model.go import Kind
from annotator.model.reference import (
    Anchor,
    FoundBy,
    Missing,
    Moved,
    Problem,
    Reference,
    Skipped,
    TextState,
    Verdict,
    VerificationResult,
    Verified,
)
from annotator.reports import junit, sarif, verification_report

HOSTILE = "\x1b[31m<script>]]>&\u202e\x00[red]"
ANCHOR = Anchor("a/b.go", "T.M", Kind.METHOD, 7, 9)


def reference(**changes: object) -> Reference:
    fields = {"path": "a/b.go", "symbol": "T.M", "line": 3, "file": "docs/a b.md", "at_line": 4}
    return Reference(**(fields | {"at_column": 2, "at_end": 9, "cited": "a/b.go"} | changes))


def checked(*verdicts: Verdict, remarks: tuple[Problem, ...] = ()) -> VerificationResult:
    return VerificationResult("https://e.org/r", "v1", "c" * 40, "v1", verdicts, 1, remarks)


ALL = checked(
    Verdict(reference(), Verified(ANCHOR, FoundBy.SYMBOL, "there")),
    Verdict(reference(), Moved(ANCHOR, FoundBy.SYMBOL, "in line 7")),
    Verdict(reference(symbol=None), Missing("gone", ANCHOR)),
    Verdict(reference(repository="o/r"), Skipped("another repository")),
    remarks=(Problem("pkg/x.py", 12, "names nothing", "go-unknown"),),
)


def shown(value: VerificationResult) -> str:
    console = Console(file=io.StringIO(), width=40, markup=False, highlight=False)
    for part in verification_report.text(value):
        console.print(part, soft_wrap=True)
    return console.file.getvalue()


def test_text_has_a_line_a_reference_and_one_in_sum():
    lines = shown(ALL).splitlines()

    assert lines[0].startswith("moved     a/b.go:3 T.M")
    assert [line.split()[0] for line in lines if not line.startswith(" ")][:4] == [
        "moved", "missing", "verified", "skipped",
    ]  # fmt: skip
    assert lines[-1].startswith(
        "4 references at v1, commit cccccccccccc: 1 verified, 1 moved, 1 missing, 1 skipped"
    )
    assert "pkg/x.py:12: names nothing" in lines


def test_quiet_text_leaves_out_what_is_verified_and_skipped():
    console = Console(file=io.StringIO(), width=40, markup=False, highlight=False)
    for part in verification_report.text(ALL, quiet=True):
        console.print(part, soft_wrap=True)

    assert "verified  a/b.go" not in console.file.getvalue()
    assert "skipped   a/b.go" not in console.file.getvalue()
    assert "moved     a/b.go" in console.file.getvalue()


CHANGED = checked(Verdict(reference(), Verified(ANCHOR, FoundBy.SYMBOL, "there"), TextState.CHANGED))


def test_a_changed_text_is_told_in_every_report():
    assert verification_report.TEXT_CHANGED in shown(CHANGED)
    assert "1 with a changed text" in shown(CHANGED)
    (result,) = json.loads(sarif.document(CHANGED))["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("text-changed", "note")
    suite = ET.fromstring(junit.document(CHANGED)).find("testsuite")  # noqa: S314 - written by us
    assert suite.get("failures") == "0"
    assert suite.find("testcase/system-out").text == verification_report.TEXT_CHANGED
    assert not CHANGED.has_findings


def test_only_missing_counts_in_a_release_that_stands_in():
    moved = Verdict(reference(), Moved(ANCHOR, FoundBy.SYMBOL, "in line 7"))
    missing = Verdict(reference(), Missing("gone"))
    stand_in = "nobody answers: this is v2"

    other = msgspec.structs.replace(checked(moved), stand_in=stand_in)
    assert not other.has_findings
    assert msgspec.structs.replace(other, verdicts=(moved, missing)).has_findings
    assert "only `missing` counts" in shown(other)
    (run,) = json.loads(sarif.document(other))["runs"]
    assert run["results"] == []
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == stand_in
    assert 'failures="0"' in junit.document(other)


def test_sarif_of_a_failure_is_an_empty_run_with_the_error():
    (run,) = json.loads(sarif.failure("x: cannot be read\x1b", 3))["runs"]

    assert run["results"] == []
    assert run["invocations"] == [
        {
            "executionSuccessful": False,
            "exitCode": 3,
            "toolExecutionNotifications": [
                {"level": "error", "message": {"text": "x: cannot be read\ufffd"}}
            ],
        }
    ]


def test_a_skipped_reference_is_no_finding():
    assert not checked(Verdict(reference(), Skipped("another repository"))).has_findings


def test_json_of_a_missing_one_has_a_guess_and_no_anchor():
    row = json.loads(verification_report.json(ALL))["references"][2]

    assert (row["anchor"], row["by"], row["guess"]["line"]) == (None, None, 7)


def test_sarif_has_a_result_a_finding_in_the_region_that_was_read():
    (run,) = json.loads(sarif.document(ALL))["runs"]

    found = [(result["ruleId"], result["locations"][0]["physicalLocation"]) for result in run["results"]]
    assert [rule for rule, _ in found] == ["reference-moved", "reference-missing", "go-unknown"]
    assert found[0][1] == {
        "artifactLocation": {"uri": "docs/a%20b.md", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 4, "startColumn": 2, "endColumn": 9},
    }
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {rule for rule, _ in found}
    assert all(rule["help"]["text"] for rule in run["tool"]["driver"]["rules"])


def test_a_finding_keeps_its_fingerprint_when_lines_above_it_are_added():
    marks = {
        json.loads(sarif.document(checked(Verdict(reference(at_line=line), Missing("gone")))))["runs"][0][
            "results"
        ][0]["partialFingerprints"]["finding/v1"]
        for line in (4, 40)
    }

    assert len(marks) == 1


def test_junit_counts_what_it_holds():
    root = ET.fromstring(junit.document(ALL))  # noqa: S314 - written by us a line above

    suite = root.find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "3", "1")
    assert len(suite.findall("testcase/failure")) == 3


@pytest.mark.parametrize("write", [sarif.document, junit.document, verification_report.json, shown])
def test_hostile_words_are_only_words(write):
    bad = reference(path=HOSTILE, symbol=HOSTILE, cited=HOSTILE, cited_in=HOSTILE, file=HOSTILE)

    written = write(
        checked(Verdict(bad, Missing(HOSTILE)), remarks=(Problem(HOSTILE, 1, HOSTILE, "go-unknown"),))
    )

    assert "\x1b" not in written
    assert "\x00" not in written
    if write is junit.document:
        assert len(ET.fromstring(written).findall("testsuite/testcase/failure")) == 2  # noqa: S314 - likewise


@pytest.mark.slow
@pytest.mark.parametrize(
    "written", [sarif.document(ALL), sarif.document(CHANGED), sarif.failure("no answer", 3)], ids=str.__len__
)
def test_sarif_passes_its_makers_validator_and_the_rules_of_code_scanning(
    tmp_path: Path, npm: str, written: str
):
    subprocess.run(
        [npm, "install", "--silent", "--prefix", str(tmp_path), "@microsoft/sarif-multitool-linux"],
        check=True,
        capture_output=True,
    )
    (tool,) = [path for path in tmp_path.rglob("Sarif.Multitool") if path.is_file()]
    log, out = tmp_path / "findings.sarif", tmp_path / "judged.sarif"
    log.write_text(written, encoding="utf-8")

    subprocess.run(
        [str(tool), "validate", str(log), "--rule-kind", "Sarif;Ghas", "--output", str(out)],
        check=True,
        capture_output=True,
        env={"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )

    results = json.loads(out.read_text(encoding="utf-8-sig"))["runs"][0].get("results", [])
    assert {result["ruleId"] for result in results} <= {"SARIF2005"}  # the tool has no home page to name
