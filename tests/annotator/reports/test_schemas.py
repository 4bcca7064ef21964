"""JSON of the commands: each report fits the schema in the repository, which is that of its types.

`python tests/annotator/reports/test_schemas.py` writes the schemas again after a type has changed.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import jsonschema
import msgspec
import pytest

from annotator import cli, reports
from annotator.commands import affected, bump, date, explain, parity, track
from annotator.reports import porting_report, verification_report

TYPES = {
    "affected": affected.Report,
    "bump": bump.Report,
    "date": date.DateReport,
    "diff": porting_report.DiffReport,
    "explain": explain.ExplanationReport,
    "parity": parity.ParityReport,
    "track": track.TrackReport,
    "verify": verification_report.Report,
}
ARGUMENTS = {
    "affected": ["v1.0.0", "v2.1.0"],
    "bump": ["v1.1.0", "--check"],
    "date": ["docs/guide.md"],
    "diff": ["v1.0.0", "v2.1.0"],
    "explain": ["kiln.go:4", "--tag", "v2.1.0"],
    "parity": [],
    "track": ["kiln.go::Fire", "kiln.go::Nothing"],
    "verify": ["--tag", "v2.1.0", "--show-unread"],
}


def schema(command: str) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"annotator {command}"}
    return reports.indented_json(head | msgspec.json.schema(TYPES[command])) + "\n"


def without_indentation(schema: str) -> str:
    """Versions of msgspec and of Python indent docstrings differently."""
    return re.sub(r"\\n +", r"\\n", schema)


def file_of(command: str) -> Path:
    name = "verification" if command == "verify" else command
    return Path(reports.__file__).with_name(f"{name}.schema.json")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    from sample_projects import KILN  # noqa: PLC0415 - the script below runs without pytest's paths

    folder = tmp_path_factory.mktemp("made")
    KILN.build(folder / "source")
    (folder / "docs").mkdir()
    (folder / "site").mkdir()
    (folder / "docs/guide.md").write_text(KILN.documents["docs/guide.md"])
    (folder / "annotator.toml").write_text(
        f'repository = "{KILN.address}"\nsource = "source"\nbaseline = "v1.0.0"\narticles = ["docs/*.md"]\n'
    )
    return folder


@pytest.mark.parametrize("command", TYPES)
def test_output_fits_the_schema_in_the_repository(command, made, monkeypatch, capsys):
    monkeypatch.chdir(made)
    monkeypatch.setenv("ANNOTATOR_CACHE", str(made / "cache"))
    if command == "parity":
        assert cli.run(["record"]) == cli.OK
        capsys.readouterr()

    assert cli.run([command, *ARGUMENTS[command], "--format", "json"]) in (cli.OK, cli.FINDINGS)

    report = json.loads(capsys.readouterr().out)
    assert report["schema_version"] == 1
    jsonschema.validate(report, json.loads(file_of(command).read_text()))


@pytest.mark.parametrize("command", TYPES)
def test_schema_in_the_repository_is_that_of_the_types(command):
    in_repository = file_of(command).read_text()
    assert without_indentation(in_repository) == without_indentation(schema(command))


if __name__ == "__main__":
    for each in TYPES:
        sys.stdout.write(f"{file_of(each)}\n")
        file_of(each).write_text(schema(each))
