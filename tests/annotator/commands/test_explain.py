"""`explain`, and `track` of lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sample_projects import KILN

from annotator import cli
from annotator.articles.reference_notation import parse_place
from annotator.errors import InvalidInput


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    KILN.build(folder / "source")
    (folder / "docs").mkdir()
    (folder / "docs" / "guide.md").write_text(KILN.documents["docs/guide.md"])
    (folder / "annotator.toml").write_text(
        f'repository = "{KILN.address}"\nsource = "source"\nbaseline = "v1.0.0"\n'
    )
    return folder


@pytest.fixture
def run(made, tmp_path_factory, monkeypatch, capsys):
    """Runs a command in the project; returns its exit code and its output."""
    monkeypatch.chdir(made)
    monkeypatch.setenv("ANNOTATOR_CACHE", str(made / "cache"))

    def run(*arguments: str) -> tuple[int, str]:
        code = cli.run([*arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_each_reference_of_a_line_is_explained(run):
    code, said = run("explain", "docs/guide.md:3", "--tag", "v2.1.0")

    assert code == cli.FINDINGS
    assert "kiln.go#L4 in docs/guide.md:3\n  origin     v1.0.0: it is the baseline of the project\n" in said
    assert "  cites      kiln.go::Fire#L4 (func)\n" in said
    assert "  evidence   the sentence names Fire: the code agrees\n" in said
    assert "kiln.go::Fire, lines 4 to 8, by symbol; another text at 3 of them" in said
    assert "  verdict    moved at v2.1.0, found by position; text changed\n" in said
    assert "kiln.go#L13 in docs/guide.md:3" in said


def test_candidates_are_listed_where_none_is_certain(run):
    code, said = run("explain", "kiln.go::Put#L3")

    assert code == cli.FINDINGS
    assert "  candidate  kiln.go::Shelf.Put#L25 (method)\n  verdict    mistaken" in said


def test_explanation_as_json_has_steps(run):
    code, said = run("explain", "glaze/glaze.go::Mix", "--tag", "v2.1.0", "--format", "json")

    (found,) = json.loads(said)["explanations"]
    assert code == cli.FINDINGS
    assert found["origin"] == {
        "name": "v1.0.0",
        "why": "it is the baseline",
        "cited": {
            "path": "glaze/glaze.go", "symbol": "Mix", "kind": "func", "line": 4, "end_line": 10, "offset": 0
        },
    }  # fmt: skip
    assert [step["path"].partition("/")[0] for step in found["steps"]] == ["glaze"] * 3 + ["internal"] * 2
    assert found["verdict"]["verdict"] == "moved"


def test_reference_that_is_right_leaves_with_0(run):
    assert run("explain", "kiln.go:4")[0] == cli.OK


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("docs/guide.md:1", "no reference is there; the lines with references are 3, 4"),
        ("kiln.go", "has no '::' between a path and a symbol"),
        ("../../etc/passwd:1", "its path must lead from the repository's root"),
        ("kiln.go:0", "lines count from 1"),
        ("kiln.go:" + "9" * 5000, "a notation has at most 4096 characters"),
    ],
)
def test_what_is_no_reference_is_wrong_usage(run, reference, says):
    code, said = run("explain", reference)

    assert code == cli.USAGE
    assert says in said


@pytest.mark.parametrize("written", ["a/b.go:3-5", "a/b.go#L3-L5", "a/b.go:3-L5"])
def test_line_of_a_file_is_parsed(written):
    place = parse_place(written)

    assert (place.path, place.line, place.end_line, place.symbol) == ("a/b.go", 3, 5, None)


def test_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(InvalidInput, match="a range ends after it starts"):
        parse_place("a/b.go:5-3")


def test_line_is_tracked_like_a_symbol(run):
    code, said = run("track", "kiln.go:6", "kiln.go:2")

    assert code == cli.OK
    assert "kiln.go::Fire, lines 6 to 10, by symbol; another text at 3 of them" in said
    assert "line 2 of kiln.go lies outside any declaration" in said
