"""A built site: a small Go repository of ours, through the writing stage and mkdocs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from annotator.config import Licence
from annotator.golang import declarations
from annotator.model import port
from annotator.model.go import GoFile, ResolvedUse
from annotator.model.port import Agreement, Comparison, ComparisonRow, Counterpart, GoSymbol, PythonObject
from annotator.model.reference import (
    Anchor,
    Article,
    Chapter,
    FoundBy,
    LineNote,
    NotePlace,
    NoteState,
    PlacedLine,
    PlacedNote,
    Reference,
    TextState,
    Verdict,
    Verified,
)
from annotator.model.source import blob_id
from annotator.site import inputs, output, pages, project_texts, rendering
from annotator.site.inputs import GoSourceFile, PythonInput, SiteInput, VerifiedArticle

PROJECT = Path(__file__).resolve().parents[2]

HOSTILE = (
    "</pre></code></div><script>window.hurt=1</script>",
    "<img src=x onerror=window.hurt=1>",
    "[link](javascript:window.hurt=1) ![i](x.png) <https://host.invalid/>",
    "{{ config }} {% include 'x' %} {# gone #}",
    '--8<-- "mkdocs.yml"',
    "&#60;b&#62; &amp; &lt;",
    "# heading {: .x #y } [TOC] *[abbr]: x [^1]: note ==mark== ~~del~~ ^^ins^^ ++ctrl++",
    "`code` ``` ~~~ $x$ $$y$$ \\(z\\) :smile: [[wiki]] <!-- gone --> **bold** _em_ a*b_c",
    "!!! note",
    "    indented\tby\ttabs",
    "::: annotator.model",
    "| a | b |",
    "---",
)
"""Lines that would act if anything took them for markup; each must be read as it stands."""

_COMMENT = "\n".join(f"// {line}" for line in HOSTILE)

CUPBOARD = f"""package cupboard

// Cupboard holds cups.
type Cupboard struct {{
\tcups []*Cup
}}

{_COMMENT}
//
type Cup struct {{
\tname string `json:"</script><b>{{{{x}}}}"`
}}

/*

{chr(10).join(HOSTILE)}

*/
func (c *Cupboard) Take(name string) *Cup {{
\treturn &Cup{{name: "</span>" + name}}
}}

func Open() *Cupboard {{ return &Cupboard{{}} }}
""".encode()

CUPS = "\n".join(
    (
        'r"""Cups, and where they are.',
        *HOSTILE,
        '"""',
        "",
        "",
        "class Cupboard:",
        "    def take(self, name: str) -> str:",
        '        return cup("</span>" + name)',
        "",
        "",
        "def cup(name: str) -> str:",
        "    return name",
        "",
    )
).encode()

PYTHON = "kitchen/<b>/cups.py"

PATH = "home/<b>[x](javascript:1)`{{y}}`/cup board.go"

_TEXTS = {
    "home": '+++\ntitle = "A kitchen"\nsummary = "Where the cups are."\n+++\n\nRead on.\n',
    "errata": '+++\ntitle = "Errata"\n+++\n\nNone of ours.\n',
    "1": f'+++\nnumber = "1"\ntitle = "The kitchen"\n+++\n\nHere is `{PATH.replace("`", "")}::Cupboard`.'
    "[^one]\n\nIt is opened,[^two] and that was all.[^three]\n\n"
    + "So it goes on.\n\n" * 60
    + "A cup is taken.[^four]\n",
}


def _uses(document: GoFile, data: bytes) -> tuple[ResolvedUse, ...]:
    """Every occurrence of a type's name in a signature or a body, outside comments."""
    declared = {(one.line, one.column) for one in document.declarations}
    found = []
    for match in re.finditer(rb"(?<=[*&])(Cup|Cupboard)\b", data):
        line, column = (
            data.count(b"\n", 0, match.start()) + 1,
            match.start() - data.rfind(b"\n", 0, match.start()),
        )
        if (line, column) not in declared:
            spot = (match.start(), match.end(), line)
            found.append(ResolvedUse(*spot, call=False, path=PATH, symbol=match[0].decode()))
    return tuple(found)


def _object(name: str, kind: str, text: bytes, lines: int) -> PythonObject:
    line = CUPS[: CUPS.index(text)].count(b"\n") + 1
    return PythonObject(name, kind, PYTHON, line, line + lines - 1)


def _python_input(document: GoFile) -> PythonInput:
    """A Python file that mirrors the Go file, and an example, both as hostile as they can be."""
    objects = {
        one.name: one
        for one in (
            _object("kitchen.cups.Cupboard", "class", b"class Cupboard", 3),
            _object("kitchen.cups.Cupboard.take", "function", b"    def take", 2),
            _object("kitchen.cups.cup", "function", b"def cup", 2),
        )
    }
    originals = {
        one.symbol: GoSymbol(PATH, one.symbol, one.kind, one.line, one.span.end_line, blob=blob_id(CUPBOARD))
        for one in document.declarations
    }
    call = CUPS.index(b"cup(")
    line = objects["kitchen.cups.Cupboard.take"].line + 1
    use = ResolvedUse(call, call + 3, line, call=False, path=PYTHON, symbol="kitchen.cups.cup")
    rows = (ComparisonRow("field", HOSTILE[1], HOSTILE[2], 5, HOSTILE[3], 9, Agreement.DIFFERS, HOSTILE[6]),)
    pairs = tuple(
        Comparison(Counterpart(name, one.kind, one.path, one.line, ()), (originals[symbol],), rows)
        for name, symbol in (
            ("kitchen.cups.Cupboard", "Cupboard"),
            ("kitchen.cups.Cupboard.take", "Cupboard.Take"),
        )
        for one in (objects[name],)
    )
    return PythonInput(
        modules={PYTHON: inputs.PythonFile(CUPS, (use,), HOSTILE[7])},
        objects=objects,
        pairs=pairs,
        covered=tuple(
            port.SymbolCoverage(one, port.CoverageState.LEFT_OUT, reason=HOSTILE[0])
            for one in originals.values()
        ),
        examples=(inputs.ExampleRun("pour", PYTHON, HOSTILE[2], HOSTILE[0], "\n".join(HOSTILE)),),
        home="javascript:1",
        recordings=(_recording(objects),),
    )


def _recording(objects: Mapping[str, PythonObject]) -> port.Recording:
    """A recording with two threads, whose names and state are hostile."""
    names = ("kitchen.cups.Cupboard.take", "kitchen.cups.cup")
    take, cup = (objects[name].line for name in names)
    return port.Recording(
        name="pour",
        title=f"Pour {HOSTILE[1]}",
        calls=(
            port.RecordedCall(-1, "MainThread", names[0]),
            port.RecordedCall(-1, HOSTILE[0], names[1]),
        ),
        start={"Cups": {"red": HOSTILE[6]}},
        events=(
            port.RecordedEvent(0, take),
            port.RecordedEvent(0, take + 1),
            port.RecordedEvent(0, take + 1, {HOSTILE[0]: {HOSTILE[1]: HOSTILE[2]}}),
            port.RecordedEvent(1, cup),
            port.RecordedEvent(1, cup + 1, {HOSTILE[0]: {HOSTILE[1]: HOSTILE[3]}, "Cups": {"red": None}}),
        ),
        about=HOSTILE[2],
    )


def _notes() -> tuple[PlacedNote, ...]:
    """Notes on Go, on Python and on a line that is gone, with hostile words."""
    lines = {
        "one": (_line(PATH, "Cupboard", b"type Cupboard struct", CUPBOARD),),
        "two": (_line(PATH, "Open", b"func Open()", CUPBOARD),),
        "three": (
            PlacedLine(NotePlace(PATH, "Open", "x"), NoteState.GONE, was=HOSTILE[2], reason=HOSTILE[1]),
        ),
        "four": (
            _line(PATH, "Cupboard.Take", b"return &Cup{", CUPBOARD),
            _line(PYTHON, "Cupboard.take", b"return cup(", CUPS),
        ),
    }
    return tuple(
        PlacedNote(LineNote("1", label, 7, tuple(line.place for line in placed), " ".join(HOSTILE)), placed)
        for label, placed in lines.items()
    )


def _line(path: str, symbol: str, quote: bytes, data: bytes) -> PlacedLine:
    number = data[: data.index(quote)].count(b"\n") + 1
    return PlacedLine(NotePlace(path, symbol, quote.decode()), NoteState.SAME, path, symbol, number)


def _given() -> SiteInput:
    document = declarations.read_go_file(CUPBOARD)
    declared = {one.symbol: one for one in document.declarations}
    cited, verdicts = [], []
    for number, symbol, heading in (
        ("1.1", "Cupboard", "struct"),
        ("1.2", "Open", "func"),
        ("1.3", "Cup", HOSTILE[0]),
    ):
        one = declared[symbol]
        reference = Reference(PATH, symbol, one.line, cited=PATH, heading=heading, chapter=number)
        anchor = Anchor(PATH, symbol, one.kind, one.line, one.span.end_line)
        cited.append(Chapter(number, f"{symbol} {HOSTILE[1]}", (reference,)))
        verdicts.append(
            Verdict(reference, Verified(anchor, FoundBy.SYMBOL, f"Found. {HOSTILE[2]}"), TextState.SAME)
        )
    return SiteInput(
        repository="https://example.org/kitchen",
        tag=f"v1 {HOSTILE[0]}",
        commit=None,
        version=f"v1 {HOSTILE[0]}",
        baseline="v1",
        sources={PATH: GoSourceFile(CUPBOARD, document, _uses(document, CUPBOARD))},
        articles=(
            VerifiedArticle(
                Article("x.toml", HOSTILE[5], "javascript:1", chapters=tuple(cited)), tuple(verdicts)
            ),
        ),
        texts=tuple(project_texts.parse(name, text) for name, text in _TEXTS.items()),
        licence=Licence("Some Licence", "Its authors", "LICENSE"),
        notice=HOSTILE[3],
        python=_python_input(document),
        notes=_notes(),
    )


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's own site folder with generated pages, not yet built."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(PROJECT / "site" / "mkdocs.yml", folder)
    shutil.copytree(PROJECT / "site" / "theme", folder / "theme")
    files = {**rendering.files(pages.plan_site(_given())), **output.assets(PROJECT / "site" / "assets")}
    output.write(files, folder / "docs")
    return folder


def run_tool(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A tool of the same environment, run in a folder; what it said is in stdout."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def built_site(site_folder: Path) -> Path:
    """The site as mkdocs builds it, with every warning an error."""
    ended = run_tool("mkdocs", "build", "--strict", folder=site_folder)
    assert ended.returncode == 0, ended.stdout
    return site_folder / "html"


@pytest.fixture(scope="session")
def zensical_site(site_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same site as zensical builds it, from the same settings."""
    folder = tmp_path_factory.mktemp("zensical") / "site"
    shutil.copytree(site_folder, folder, ignore=shutil.ignore_patterns("html", ".cache"))
    ended = run_tool("zensical", "build", "--strict", folder=folder)
    assert ended.returncode == 0, ended.stdout
    return folder / "html"


@pytest.fixture(scope="session")
def moby_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own site of real moby in all languages: of the baseline, or else of a release from Debian."""
    repository = os.environ.get("MOBY_SOURCE")
    source = ["--source", repository] if repository else ["--source", "debian", "--tag", "v20.10.24"]
    folder = tmp_path_factory.mktemp("moby")
    shutil.copy(PROJECT / "pyproject.toml", folder)
    for name in ("annotator", "runtime", "templates", "site"):
        ignored = shutil.ignore_patterns("docs", "docs-*", "html", ".cache", "__pycache__")
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    ended = run_tool("annotator", "build", "--html", *source, folder=folder)
    assert ended.returncode == 0, ended.stdout
    return folder / "site" / "html"


@pytest.fixture(scope="session")
def zensical_chinese_site(moby_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Chinese pages of our own site as zensical builds them, below `zh`."""
    folder = tmp_path_factory.mktemp("chinese") / "site"
    shutil.copytree(moby_site.parent, folder, ignore=shutil.ignore_patterns("docs", "html", ".cache"))
    ended = run_tool("zensical", "build", "--strict", "-f", "mkdocs.zh.yml", folder=folder)
    assert ended.returncode == 0, ended.stdout
    return folder / "html"


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    """The lines that must be read as they stand."""
    return HOSTILE


@pytest.fixture(scope="session")
def python_source() -> list[str]:
    """The lines of the one Python file."""
    return CUPS.decode().split("\n")


@pytest.fixture(scope="session")
def source() -> list[str]:
    """The lines of the one Go file."""
    return CUPBOARD.decode().split("\n")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's browser; it asks no other host by itself."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the PyPI package playwright")
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs Debian's package chromium")
    with sync_api.sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        yield browser
        browser.close()
