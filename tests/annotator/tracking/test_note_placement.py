"""Where the lines of notes are: at the baseline, after edits, and in Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from annotator import cli, config, project_source
from annotator.model.reference import LineNote, NotePlace, NoteState, PlacedLine
from annotator.project_source import SourceOptions
from annotator.site.project_texts import own_texts
from annotator.tracking.note_placement import place_notes
from tests.annotator import small_repository
from tests.annotator.small_repository import KILN

EDITED = (
    KILN.replace("package kiln\n", "package kiln\n\nvar added = 1\n", 1)
    .replace("rest := hours * 2", "rest := hours * 3")
    .replace("func (s *Shelf) Put(pot string) {", "func (s *Shelf) Put(pot string, last bool) {")
    .replace("s.Pots = append(s.Pots, pot)", "s.Pots = append(s.Pots, pot, pot)")
)
OVEN = '''\
class Oven:
    @overload
    def heat(self, hours: int) -> int: ...
    def heat(self, hours):
        """Heat."""
        return 1


DEGREES = 1300
'''
FIRE = NotePlace("kiln.go", "Fire", "limit := 1300")


@pytest.fixture
def kiln(tmp_path: Path, project: Path) -> Path:
    folder = tmp_path / "kiln"
    small_repository.build(folder, {"v1.0.0": {"kiln.go": KILN}, "v2.0.0": {"kiln.go": EDITED}})
    (project / "port/oven.py").write_text(OVEN)
    return folder


def place(kiln: Path, place: NotePlace, tag: str = "v1.0.0") -> PlacedLine:
    options = SourceOptions(str(kiln), tag, history=True)
    note = LineNote("1", "label", 7, (place,), "words")
    with project_source.open_session(config.find(Path.cwd()), options, lambda *_: None, lambda _: None) as at:
        return place_notes(at, [note])[0].lines[0]


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (FIRE, 5),
        (NotePlace("kiln.go", "Shelf", "Pots []string"), 21),
        (NotePlace("port/oven.py", "Oven.heat", "return 1"), 6),
        (NotePlace("port/oven.py", "DEGREES", "1300"), 9),
    ],
)
def test_a_line_is_derived_from_its_text(kiln: Path, where: NotePlace, line: int) -> None:
    found = place(kiln, where)

    assert (found.state, found.line) == (NoteState.SAME, line)


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        (NotePlace("kiln.go", "Fire", "limit := 1"), ""),
        (NotePlace("kiln.go", "Fire", "rest"), 'no line of Fire in kiln.go has "rest"'),
        (NotePlace("kiln.go", "Fire", "temp"), '"temp" is in lines 4, 6 of kiln.go'),
        (NotePlace("kiln.go", "Ice", "temp"), "kiln.go has no Ice at v1.0.0"),
        (NotePlace("oven.go", "Fire", "temp"), "oven.go is not in the source at v1.0.0"),
        (NotePlace("port/oven.py", "Oven.cool", "return"), "port/oven.py has no Oven.cool"),
        (NotePlace("port/../port/oven.py", "Oven", "return"), "is no file of the project's"),
        (NotePlace("setup.py", "Oven", "return"), "is no file of the project's"),
    ],
)
def test_a_quote_must_be_in_one_line(kiln: Path, where: NotePlace, reason: str) -> None:
    found = place(kiln, where)

    assert reason in found.reason
    assert (found.state is NoteState.MISTAKEN) is bool(reason)


@pytest.mark.parametrize(
    ("where", "state", "line"),
    [
        (FIRE, NoteState.SAME, 7),
        (NotePlace("kiln.go", "Cool", "rest := hours"), NoteState.GONE, 0),
        (NotePlace("kiln.go", "Shelf.Put", "Put(pot string"), NoteState.CHANGED, 27),
        (NotePlace("kiln.go", "Shelf.Put", "s.Pots = append(s.Pots, pot"), NoteState.CHANGED, 28),
    ],
)
def test_a_line_is_followed_or_gone(kiln: Path, where: NotePlace, state: NoteState, line: int) -> None:
    found = place(kiln, where, "v2.0.0")

    assert (found.state, found.line) == (state, line)
    assert found.line == 0 or where.quote in EDITED.splitlines()[line - 1]
    assert bool(found.was) is (state is not NoteState.SAME)


def test_verify_reports_notes_without_a_line(
    kiln: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "site/articles/shop.toml").unlink()
    (project / "site/chapters/1.md").write_text(
        '+++\nnumber = "1"\ntitle = "T"\n+++\n\nOne[^a], two[^b], three[^c].\n\n'
        '[^a]: `kiln.go::Fire` "limit := 1300": Fine.\n[^b]: `kiln.go::Fire` "rest": Nowhere.\n'
    )

    code = cli.run(["verify", "--source", str(kiln), "--allow-none"])

    told = capsys.readouterr().out
    assert code == cli.FINDINGS
    assert "site/chapters/1.md:9: the note b has no line" in told
    assert "site/chapters/1.md:6: the note c is not defined" in told
    assert "note a" not in told


@pytest.mark.slow
@pytest.mark.parametrize(("tag", "share"), [("v18.09.6", 1), ("v20.10.24", 0.95), ("docker-v29.7.2", 0.8)])
def test_notes_of_the_chapters_have_their_text_at_other_tags(
    moby_repository: str, tag: str, share: float
) -> None:
    own = config.find(Path(__file__).parents[3])
    notes = [note for text in own_texts(own) for note in text.notes]
    options = SourceOptions(moby_repository, tag, history=True)
    with project_source.open_session(own, options, lambda *_: None, lambda _: None) as at:
        lines = [line for placed in place_notes(at, notes) for line in placed.lines if line.place.is_go]
        texts = {line.path: at.tree.data(line.path).decode().splitlines() for line in lines if line.line}

    wrong = [line for line in lines if line.line and not holds(texts[line.path][line.line - 1], line)]
    assert wrong == []
    assert sum(bool(line.line) for line in lines) >= share * len(lines)


def holds(text: str, line: PlacedLine) -> bool:
    """Whether a line has the quote; one that changed may still have only its first word."""
    quote = " ".join(line.place.quote.split())
    start = re.match(r"\W*\w+", quote)
    wanted = start[0] if start and line.state is NoteState.CHANGED else quote
    return wanted in " ".join(text.split())
