"""The page on verdicts gives examples that have these verdicts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from small_repository import KILN, build

from annotator import cli
from annotator.model.reference import VERDICTS

PAGE = Path(__file__).parents[3] / "site" / "pages" / "verdicts.md"
EXAMPLES = re.findall(r"(?m)^## (\w+)\n\n```text\n(\S+): (.*)\n```", PAGE.read_text(encoding="utf-8"))
STORED = KILN.replace("// Put adds a pot.", "// Store keeps a pot.").replace(") Put(", ") Store(")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kiln")
    function = STORED.replace("func (s *Shelf) Store(pot string)", "func Store(s *Shelf, pot string)")
    renamed = function.replace("func Store(", "func Shelve(").replace("// Store ", "// Shelve ")
    gone = re.sub(r"(?s)// Store keeps.*?\n}\n\n", "", function)
    shifted = gone.replace("package kiln\n", "package kiln\n\nvar added = 1\n\nvar more = 2\n", 1)
    build(
        folder,
        {"v1.0.0": {"kiln.go": function}, "v1.1.0": {"kiln.go": renamed}, "v2.0.0": {"kiln.go": shifted}},
    )
    return folder


def test_every_verdict_has_an_example():
    assert [verdict for verdict, _, _ in EXAMPLES] == list(VERDICTS)


def test_the_code_on_the_page_is_that_of_the_examples():
    shown = re.search(r"```go\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown
    assert KILN.startswith(shown[1])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one[0])
def test_an_example_has_its_verdict(source, tmp_path, monkeypatch, capsys, example):
    verdict, tag, words = example
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    Path("annotator.toml").write_text('repository = "https://github.com/acme/kiln"\nbaseline = "v1.0.0"\n')
    Path("article.md").write_text(f"{words}\n")

    cli.run(["verify", f"--source={source}", f"--tag={tag}", "--format=json", "article.md"])

    (row,) = json.loads(capsys.readouterr().out)["references"]
    assert row["verdict"] == verdict, row["reason"]
