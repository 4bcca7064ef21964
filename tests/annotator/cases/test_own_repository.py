"""What a real repository tells of itself: modules, links, commits, names in other letter case."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small_repository import KILN, Link, build

from annotator import cli

Row = tuple[str, str, str]

FILES = {
    "go.mod": "module go.kiln.dev/kiln/v3\n",
    "server/go.mod": "module go.kiln.dev/kiln/server/v3\n",
    "server/main/run.go": KILN,
    "kiln.go": KILN,
    "pkg/Kiln.go": KILN,
    "alias": Link("server"),
    "vendor/kiln.io/api": Link("../../server/main"),
    ".gitmodules": '[submodule "glaze"]\n\tpath = third/glaze\n\turl = ../glaze.git\n',
    "Makefile": "all:\n\techo\n\nclean:\n\trm -f x\n",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("source")
    return folder, build(folder, {"v1.0.0": FILES})["v1.0.0"]


@pytest.fixture
def report(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: tuple[Path, str],
) -> Callable[[str], list[Row]]:
    """Verifies a text: the path, verdict and reason of each reference."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    Path("annotator.toml").write_text('repository = "https://github.com/acme/kiln"\nbaseline = "v1.0.0"\n')

    def run(text: str) -> list[Row]:
        Path("article.md").write_text(text)
        assert cli.run(["verify", "--format=json", f"--source={source[0]}", "article.md"]) in {0, 1}
        rows = json.loads(capsys.readouterr().out)["references"]
        return [(row["reference"]["path"], row["verdict"], row["reason"]) for row in rows]

    return run


def test_repository_is_known_by_its_modules_links_and_commits(
    report: Callable[[str], list[Row]], source: tuple[Path, str]
) -> None:
    found = report(
        "go.kiln.dev/kiln/v3/kiln.go:13\n"
        "go.kiln.dev/kiln/server/v3/main/run.go:13\n"
        "alias/main/run.go:13\n"
        "vendor/kiln.io/api/run.go:13\n"
        f"https://github.com/oldacme/kiln/blob/{source[1]}/kiln.go#L13\n"
        "Makefile:4\n"
    )
    run = "server/main/run.go"
    assert [row[:2] for row in found] == [
        (path, "verified") for path in ("kiln.go", run, run, run, "kiln.go", "Makefile")
    ]
    linked = [row[2].partition("; ")[2] for row in found]
    assert linked[2:4] == [
        f"{path} leads to it by a symbolic link"
        for path in ("alias/main/run.go", "vendor/kiln.io/api/run.go")
    ]
    assert not any(linked[:2] + linked[4:])


def test_near_misses_are_told(report: Callable[[str], list[Row]]) -> None:
    found = report("PKG/KILN.GO:13\nhttps://github.com/someone/kiln/blob/v1.0.0/kiln.go#L13\nkiln.go:16-13\n")
    assert [row[1] for row in found] == ["missing", "skipped", "missing"]
    assert "it is pkg/Kiln.go but for the case of its letters" in found[0][2]
    assert "which has the name of this repository and may be a fork" in found[1][2]
    assert "the range 16-13 ends before it starts" in found[2][2]


def test_documentation_is_looked_up_in_its_package(report: Callable[[str], list[Row]]) -> None:
    found = report(
        "https://pkg.go.dev/go.kiln.dev/kiln/v3#Cool "
        "[Put](https://godoc.org/go.kiln.dev/kiln/server/v3/main?tab=doc#Shelf.Put)\n"
        "https://pkg.go.dev/go.kiln.dev/kiln/v3#Bake https://pkg.go.dev/go.kiln.dev/kiln/v3#section-readme\n"
    )
    assert [row[:2] for row in sorted(found)] == [
        ("./", "mistaken"),
        ("./", "verified"),
        ("server/main/", "verified"),
    ]
    assert "Bake is not in the package in ./" in min(found)[2]


def test_a_package_that_is_not_there_is_missing(report: Callable[[str], list[Row]]) -> None:
    (found,) = report("https://pkg.go.dev/go.kiln.dev/kiln/v3/oven#Cool\n")
    assert found == ("oven/", "missing", "no package is in oven/ at v1.0.0")


def test_path_in_a_submodule_is_of_its_repository(report: Callable[[str], list[Row]]) -> None:
    (found,) = report("third/glaze/mix.go:4\n")
    assert found == ("mix.go", "skipped", "cited in another repository, acme/glaze")
