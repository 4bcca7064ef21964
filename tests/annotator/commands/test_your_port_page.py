"""The page about ports of other projects: what it shows is made, run and compared."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from small_repository import build

from annotator import cli

PAGE = (Path(__file__).parents[3] / "site/pages/your-port.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def shown(language: str, number: int = 0) -> str:
    return [text for each, text in BLOCKS if each == language][number]


@pytest.fixture
def port(tmp_path, monkeypatch):
    """The project of the page."""
    build(tmp_path / "kiln", {"v1.0.0": {"kiln.go": shown("go"), "go.mod": "module example.org/kiln\n"}})
    for name, text in {
        "kiln_port/__init__.py": "",
        "kiln_port/kiln.py": shown("python"),
        "annotator.toml": shown("toml"),
        "site/scope.toml": shown("toml", 1),
        "src/kiln.rs": shown("rust"),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_the_commands_of_the_page_run(port, capsys):
    commands = [line.removeprefix("$ annotator ") for line in shown("console").splitlines()]

    for command in commands:
        assert cli.run(command.split()) == 0, capsys.readouterr().err

    printed = capsys.readouterr().out
    assert json.loads(printed[printed.index("{") :])["summary"] == json.loads(shown("json"))


def test_the_figures_of_the_page_make_a_trend(port, capsys):
    cli.run(["record", "--source", "kiln"])
    cli.run(["parity", "--format", "json"])
    (port / "parity.json").write_text(capsys.readouterr().out.partition("\n")[2])
    (command,) = re.findall(r"\| (python3 .*) >> trend.jsonl", shown("console", 1))

    with (port / "parity.json").open() as report:
        done = subprocess.run(["sh", "-c", command], check=True, capture_output=True, stdin=report)

    assert json.loads(done.stdout) == json.loads(shown("json"))


def test_a_difference_without_its_reason_is_the_finding_of_the_page(port, capsys):
    file = port / "kiln_port/kiln.py"
    text = file.read_text()
    file.write_text(
        text[: text.index("\n        Differs:")] + text[text.index('        """\n        self.pots') :]
    )
    cli.run(["record", "--source", "kiln"])
    capsys.readouterr()

    assert cli.run(["parity"]) == 1
    assert capsys.readouterr().out.splitlines()[0] == shown("text").strip()


def test_a_port_needs_no_scope_and_no_site_folder(port):
    (port / "site/scope.toml").unlink()
    (port / "site").rmdir()

    assert cli.run(["record", "--source", "kiln"]) == 0
    assert cli.run(["parity"]) == 0


def test_comments_of_the_page_are_verified(port, capsys):
    (command,) = [line for line in shown("console", 2).splitlines() if "verify" in line]

    assert cli.run(command.removeprefix("$ annotator ").replace("'", "").split()) == 0
    assert "2 verified" in capsys.readouterr().out


COMMENTS = {
    "a.rs": "// {}\nfn x() {{}} // {}\n/* {} */\n",
    "b.c": "/* {} */\nint x; // {}\n/*\n * {}\n */\n",
    "C.java": "/**\n * {}\n */\nclass C {{}} // {}\n/* {} */\n",
    "d.js": "// {}\nconst x = 1; // {}\n/* {} */\n",
    "e.ts": "// {}\nconst x: number = 1; // {}\n/** {} */\n",
    "f.sh": "# {}\necho x # {}\n\n# {}\n",
    "g.py": "# {}\nx = 1  # {}\n\n# {}\n",
    "h.cs": "// {}\nint x; // {}\n/// {}\n",
    "i.kt": "// {}\nval x = 1 // {}\n/* {} */\n",
    "j.swift": "// {}\nlet x = 1 // {}\n/// {}\n",
    "k.rb": "# {}\nx = 1 # {}\n# {}\n",
    "l.sql": "-- {}\nSELECT 1; -- {}\n/* {} */\n",
    "m.hs": "-- {}\nx = 1 -- {}\n{{- {} -}}\n",
    "n.zig": "// {}\nconst x = 1; // {}\n/// {}\n",
    "o.ex": "# {}\nx = 1 # {}\n# {}\n",
    "p.lua": "-- {}\nx = 1 -- {}\n-- {}\n",
}


def test_comments_of_every_language_are_verified_and_rewritten(port, capsys):
    cited = ("kiln.go:14", "kiln.go::Kiln.Fire#L14", "kiln.go:22-25")
    moved = ("kiln.go:16", "kiln.go::Kiln.Fire#L16", "kiln.go:24-27")
    new = shown("go").replace("import", "// new\n\nimport", 1)
    build(port / "next", {"v1.0.0": {"kiln.go": shown("go")}, "v1.1.0": {"kiln.go": new}})
    for name, text in COMMENTS.items():
        (port / "src" / name).write_text(text.format(*cited))
    arguments = ["verify", *(f"src/{name}" for name in COMMENTS), "--source", "next"]

    assert cli.run(arguments) == 0
    assert f"{3 * len(COMMENTS)} verified" in capsys.readouterr().out
    assert cli.run([*arguments, "--tag", "v1.1.0", "--update"]) == 0
    for name, text in COMMENTS.items():
        assert (port / "src" / name).read_text() == text.format(*moved)
