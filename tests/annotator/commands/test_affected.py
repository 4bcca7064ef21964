"""`affected`, and `diff` of cited symbols, over the tags of the sample projects."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from sample_projects import KILN, MILL, POST, SampleProject

from annotator import cli, reports

SCHEMA = Path(reports.__file__).with_name("affected.schema.json")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Each sample project's repository, with its documents beside it."""
    folder = tmp_path_factory.mktemp("made")
    for project in (KILN, POST, MILL):
        home = folder / project.name.rpartition("/")[2]
        project.build(home / "source")
        for name, text in project.documents.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text)
        (home / "annotator.toml").write_text(
            f'repository = "{project.address}"\nsource = "source"\nbaseline = "v1.0.0"\n'
            f"articles = {json.dumps(sorted(project.documents))}\n"
        )
    return folder


@pytest.fixture
def affected(made, tmp_path, monkeypatch, capsys):
    """Runs `affected` in a project; returns the exit code and (place, text) by symbol."""
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))

    def run(project: SampleProject, old: str, new: str, *more: str) -> tuple[int, dict[str, tuple[str, str]]]:
        monkeypatch.chdir(made / project.name.rpartition("/")[2])
        code = cli.run(["affected", old, new, "--format", "json", *more])
        report = json.loads(capsys.readouterr().out)
        jsonschema.validate(report, json.loads(SCHEMA.read_text()))
        rows = [each for document in report["documents"] for each in document["references"]]
        assert report["summary"]["affected"] == len(rows)
        return code, {each["symbol"]: (each["place"], each["text"]) for each in rows}

    return run


@pytest.mark.parametrize(
    ("project", "old", "new", "found"),
    [
        (KILN, "v1.0.0", "v1.0.0", {}),
        (
            KILN, "v1.0.0", "v1.1.0",
            {
                "kiln.go::Fire": ("shifted", "same"),
                "kiln.go::Cool": ("shifted", "same"),
                "kiln.go::Shelf.Put": ("shifted", "same"),
            },
        ),
        (KILN, "v1.1.0", "v1.2.0", {"kiln.go::Fire": ("stayed", "changed")}),
        (KILN, "v1.2.0", "v2.0.0", {"glaze/glaze.go::Mix": ("moved", "same")}),
        (KILN, "v2.0.0", "v2.1.0", {"kiln.go::Shelf.Put": ("gone", "unknown")}),
        (POST, "v1.0.0", "v1.2.0", {}),
        (POST, "v1.2.0", "v2.0.0", {"queue/queue.go::Queue.Pop": ("renamed", "changed")}),
        (POST, "v2.0.0", "v2.1.0", {"queue/queue.go::Queue.Push": ("shifted", "same")}),
        (MILL, "v1.0.0", "v1.1.0", {"stone/stone.go::Grind": ("stayed", "comments")}),
        (MILL, "v1.1.0", "v1.2.0", {}),
        (MILL, "v1.2.0", "v2.0.0", {"wheel/wheel.go::Turn": ("moved", "same")}),
        (MILL, "v2.0.0", "v2.1.0", {"stone/stone.go::Grind": ("stayed", "changed")}),
    ],
)  # fmt: skip
def test_changes_between_tags_affect_what_cites_them(affected, project, old, new, found):
    code, rows = affected(project, old, new)

    assert rows == found
    assert code == (cli.FINDINGS if found else cli.OK)


def test_only_named_documents_are_looked_at(affected):
    assert affected(POST, "v1.2.0", "v2.0.0", "architecture.rst") == (cli.OK, {})


def test_commits_and_branches_can_be_compared(affected, made):
    code, rows = affected(KILN, "v1.1.0", "main")

    assert code == cli.FINDINGS
    assert set(rows) == {"kiln.go::Fire", "glaze/glaze.go::Mix", "kiln.go::Shelf.Put"}


def test_text_and_markdown_say_how_the_code_changed(affected, made, monkeypatch, capsys):
    affected(KILN, "v1.1.0", "v1.2.0")

    assert cli.run(["affected", "v1.1.0", "v1.2.0"]) == cli.FINDINGS
    text = capsys.readouterr().out
    assert "docs/guide.md\n  line 3: kiln.go::Fire in its place, text changed\n" in text
    assert "      +   limit := 1250\n" in text
    assert cli.run(["affected", "v1.1.0", "v1.2.0", "--format", "markdown"]) == cli.FINDINGS
    assert "- [ ] line 3: `kiln.go::Fire` in its place, text changed" in capsys.readouterr().out


def test_unknown_revision_is_wrong_usage(affected, made, capsys):
    affected(KILN, "v1.0.0", "v1.0.0")

    assert cli.run(["affected", "v1.0.0", "v9"]) == cli.USAGE
    assert "no tag, ref or commit 'v9'" in capsys.readouterr().err


def test_diff_covers_cited_symbols(affected, made, capsys):
    affected(KILN, "v1.0.0", "v1.0.0")

    assert cli.run(["diff", "v1.1.0", "v1.2.0", "--format", "json"]) == cli.OK
    report = json.loads(capsys.readouterr().out)
    assert [(each["symbol"], each["citations"]) for each in report["changes"]] == [
        ("kiln.go::Fire", [{"file": "docs/guide.md", "line": 3}])
    ]
