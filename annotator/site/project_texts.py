"""The project's own Markdown texts: front matter, footnotes that are notes on lines, glossary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from annotator.config import name_of
from annotator.errors import InvalidInput
from annotator.file_io import bytes_of
from annotator.model.reference import LineNote, NotePlace
from annotator.site.markup import Html, escape, slug, ticked
from annotator.toml_file import Toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from annotator.config import Project

_FENCE = "+++"
_NOTATION = re.compile(r"`([^`\n:]+\.go)::([^`\n#]+)`")


class FrontMatter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The head of a text of our own, in TOML.

    Attributes:
        title: Its heading, plain text.
        number: The section of the article that it accompanies, empty if it is no chapter.
        summary: One sentence for lists and search engines, plain text.
        section: Under what the navigation lists it, empty for a chapter.
        order: Its place there.
        shows: Symbols whose code stands below the text, as notations.
        example: The name of an example that stands below the text, or empty.
        picture: What is drawn above the text.
        packages: Python packages whose structure is drawn below the text, as folders from the project's root.
        locks: Types, as notations, whose locks are shown below the text.
        figures: The benchmarks whose figures stand below the text.
        boost: The factor by which its words count in the search; 0 stands for that of a text.
        terms: The words that it explains, for a glossary.
        exercise: The program that a reader is to change, if the text sets an exercise.
    """

    title: str
    number: str = ""
    summary: str = ""
    section: str = ""
    order: int = 0
    shows: tuple[str, ...] = ()
    example: str = ""
    picture: DiagramRequest | None = None
    packages: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    boost: float = 0
    terms: tuple[Term, ...] = ()
    exercise: Exercise | None = None


class MarkdownText(FrontMatter, frozen=True, kw_only=True):
    """A text of our own.

    Attributes:
        name: Its file's name without suffix, `pages/` before it unless it is a chapter, or `exercises/`;
            `home` and `errata` have pages of their own.
        body: Markdown; `` `path::Symbol` `` becomes a link where the symbol has a place.
        line: 1-based line of the file at which the body begins.
        notes: Its footnotes, which explain lines of source, in the order of their first use.
        faults: What is wrong with its footnotes.
        language: The code of the language in which it is written.
    """

    name: str
    body: str
    line: int = 1
    notes: tuple[LineNote, ...] = ()
    faults: tuple[Fault, ...] = ()
    language: str = "en"

    def without_prose(self) -> MarkdownText:
        """Return the text with nothing but the notations in its body."""
        notations = " ".join(match[0] for match in _NOTATION.finditer(self.body))
        return msgspec.structs.replace(self, body=notations, line=0, notes=(), faults=())


class PathStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A station of a way through the code: a symbol, and what happens there in a few words."""

    at: str
    what: str = ""


class StateChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of state and what makes it, as a notation; where there is no state before, it is empty."""

    by: str
    before: str = msgspec.field(name="from", default="")
    after: str = msgspec.field(name="to", default="")


class DiagramRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a picture shows; the generator draws it from the code.

    Attributes:
        title: What it is called for those who do not see it.
        way: A way through the code: what is called by what is found there.
        holders: A type as a notation: who makes it, and whose fields hold it.
        life: The states of something, and what changes them.
    """

    title: str
    way: tuple[PathStep, ...] = ()
    holders: str = ""
    life: tuple[StateChange, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """The symbols in it, as notations."""
        found = (*(one.at for one in self.way), self.holders, *(one.by for one in self.life))
        return tuple(dict.fromkeys(one for one in found if one))


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word that a glossary explains.

    Attributes:
        name: The word.
        says: What it means; text between backticks is code.
        also: Its other forms, such as the plural.
        chapters: The numbers of chapters that have more about it.
        of: Its English name, if this is a translation.
    """

    name: str
    says: str
    also: tuple[str, ...] = ()
    chapters: tuple[str, ...] = ()
    of: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All its forms."""
        return self.name, *self.also

    @property
    def anchor(self) -> str:
        """Its anchor on the page of the glossary."""
        return slug(self.english.lower().replace(" ", "-"))

    @property
    def english(self) -> str:
        """Its English name."""
        return self.of or self.name


class SymbolMention(msgspec.Struct, frozen=True):
    """A symbol that a text names, at a 1-based line of its file."""

    path: str
    symbol: str
    line: int


class Exercise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program that fails until a reader has changed some lines.

    Attributes:
        chapter: The number of the chapter that it belongs to.
        minutes: How long it takes.
        hints: Sentences that help, the last of which says almost all; text between backticks is code.
        path: The program's file, from the project's root.
        task: The program.
        solution: The same program, solved.
    """

    chapter: str
    minutes: int
    hints: tuple[str, ...] = ()
    path: str = ""
    task: str = ""
    solution: str = ""


def parse(name: str, text: str) -> MarkdownText:
    """Return the text of one file, `name` being the file's name without its suffix.

    Raises:
        InvalidInput: The head is missing or does not fit.
    """
    divided = divide(f"{name}.md", text)
    body, notes, faults = _footnotes(name, divided)
    head = Toml(f"{name}.md", divided.head.encode(errors="replace"), first=2).convert(FrontMatter)
    return MarkdownText(
        **msgspec.structs.asdict(head),
        name=name,
        body=body,
        line=divided.line,
        notes=notes,
        faults=faults,
    )


class DividedText(msgspec.Struct, frozen=True):
    """The head of a text, its body, and the 1-based line of the file at which the body begins."""

    head: str
    body: str
    line: int


def divide(name: str, text: str) -> DividedText:
    """Return the parts of a text.

    Raises:
        InvalidInput: The head is missing.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0] != _FENCE or _FENCE not in lines[1:]:
        raise InvalidInput(f"{name}:1: begin with a head between two lines of {_FENCE}, in TOML")
    end = lines.index(_FENCE, 1)
    first = next((at for at in range(end + 1, len(lines)) if lines[at]), end)
    body = "\n".join(lines[first:]).rstrip("\n") if first > end else ""
    return DividedText("\n".join(lines[1:end]), body, first + 1)


def mentions(prose: MarkdownText) -> tuple[SymbolMention, ...]:
    """Return every symbol that the text and its head name: the text's in order, then the head's."""
    told = (
        SymbolMention(
            path=match[1], symbol=match[2], line=prose.line + prose.body.count("\n", 0, match.start())
        )
        for match in _NOTATION.finditer(prose.body)
    )
    headed = (*prose.shows, *prose.locks, *(prose.picture.named if prose.picture else ()))
    return (
        *told,
        *(SymbolMention(path, symbol, 1) for path, _, symbol in (one.partition("::") for one in headed)),
    )


def linked(prose: MarkdownText, show: Callable[[str, str], Html | None]) -> Html:
    """Return the body as Markdown, each notation replaced by what `show(path, symbol)` makes of it."""

    def replace(match: re.Match[str]) -> str:
        shown = show(match[1], match[2])
        return str(shown if shown is not None else Html("<code>%s</code>") % escape(match[2]))

    return Html(_NOTATION.sub(replace, prose.body))


LONGEST_QUOTE = 60
"""Characters of a line of source that a note may quote."""

_LABEL = r"\[\^([^\]\s]{1,60})\]"

# Code is matched first, as what looks like a footnote in it is none.
_USE = re.compile(rf"`[^`\n]*`|<code>.*?</code>|{_LABEL}")
_DEFINITION = re.compile(rf"{_LABEL}:")

# The quote ends where another place or the explanation begins, so it may hold quotation marks.
_PLACE = re.compile(r'\s*`([^`\s:]+)::([^`\s]+)` "(.+?)"(?=, `|: )(,?)')
_FORM = '`[^label]: `path::Symbol` "some text of the line": explanation`'


class Fault(msgspec.Struct, frozen=True):
    """A fault of a footnote at a 1-based line of the file, in a sentence."""

    line: int
    message: str


def _footnotes(name: str, text: DividedText) -> tuple[str, tuple[LineNote, ...], tuple[Fault, ...]]:
    """Return the body without the definitions of its footnotes, its notes by first use, and their faults."""
    kept, definitions = split_notes(text.body, text.line)
    uses: dict[str, int] = {}
    for match in _USE.finditer(kept):
        if match[1]:
            uses.setdefault(match[1], text.line + kept.count("\n", 0, match.start()))
    notes: dict[str, LineNote] = {}
    faults: list[Fault] = []
    for line, label, definition in definitions:
        note = LineNote(name, label, line, *_places(definition))
        if told := _fault(note, notes, uses):
            faults.append(Fault(line, f"the note {note.label} {told}"))
        notes.setdefault(note.label, note)
    faults += [
        Fault(line, f"the note {label} is not defined; add {_FORM}")
        for label, line in uses.items()
        if label not in notes
    ]
    usable = (notes[label] for label in uses if label in notes)
    return kept, tuple(note for note in usable if note.places), tuple(faults)


def link_footnotes(body: str, show: Callable[[str, int], str]) -> str:
    """Replace each use of a footnote by what `show(label, number of its use)` makes of it."""
    seen: Counter[str] = Counter()

    def replace(match: re.Match[str]) -> str:
        if not match[1]:
            return match[0]
        seen[match[1]] += 1
        return show(match[1], seen[match[1]])

    return _USE.sub(replace, body)


def split_notes(body: str, first: int) -> tuple[str, list[tuple[int, str, str]]]:
    """Return the body with blank lines for the notes, and of each note its line, its label and its text."""
    kept: list[str] = []
    definitions: list[tuple[int, str, str]] = []
    inside = False
    for number, line in enumerate(body.split("\n"), first):
        if begin := _DEFINITION.match(line):
            definitions.append((number, begin[1], line[begin.end() :]))
            inside = True
        elif inside and line.startswith(" ") and line.strip():
            at, label, text = definitions[-1]
            definitions[-1] = at, label, f"{text} {line.strip()}"
        else:
            inside = False
            kept.append(line)
            continue
        kept.append("")
    return "\n".join(kept).rstrip("\n"), definitions


def explanation(text: str) -> str:
    """Return the explanation of a note without its places, if it has any."""
    return _places(text)[1] or text.strip()


def _places(text: str) -> tuple[tuple[NotePlace, ...], str]:
    """Return the places of a definition and its explanation; no places if it cannot be read."""
    found: list[NotePlace] = []
    at = 0
    while match := _PLACE.match(text, at):
        found.append(NotePlace(match[1], match[2], match[3]))
        at = match.end()
        if not match[4]:
            break
    words = text[at:].removeprefix(": ").strip()
    return (tuple(found), words) if text[at : at + 2] == ": " else ((), words)


def _fault(note: LineNote, others: Mapping[str, LineNote], uses: Mapping[str, int]) -> str:
    """Return the fault in the form of a note, or nothing."""
    if note.label in others:
        return f"is defined in line {others[note.label].line}, too; give each its own label"
    if not note.places or not note.words:
        return f"cannot be read; write {_FORM}"
    if note.label not in uses:
        return f"is not used; add [^{note.label}] to the text, or delete the note"
    endings = [place.path.rpartition(".")[2] for place in note.places]
    if not set(endings) <= {"go", "py"} or len(set(endings)) < len(endings):
        return "names other places than one line of Go, one of Python, or both"
    for place in note.places:
        if len(place.quote) > LONGEST_QUOTE:
            return f"quotes {len(place.quote)} characters of a line; quote at most {LONGEST_QUOTE}"
    return ""


# What is never linked into: fenced and inline code, HTML, links, footnotes, headings.
_APART = (
    r"^(?:```|~~~).*?^(?:```|~~~)|`[^`]*`|<a\b.*?</a>|<[^>]*>|!?\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])?|^#[^\n]*"
)


class LinkedTerm(msgspec.Struct, frozen=True):
    """A term and the address of its explanation, seen from the page that is linked."""

    term: Term
    address: str


def link_terms(body: str, terms: Iterable[LinkedTerm]) -> Html:
    """Return Markdown in which the first use of each term leads to its explanation."""
    known = {name.lower(): one for one in terms for name in one.term.names if name}
    if not known:
        return Html(body)
    seen: set[str] = set()

    def replace(match: re.Match[str]) -> str:
        one = known.get(" ".join(match[0].lower().split())) if match["term"] else None
        if one is None or one.term.name in seen:
            return match[0]
        seen.add(one.term.name)
        shown = Html('<a class="term" href="%s" title="%s">%s</a>')
        return str(shown % (one.address, one.term.says.replace("`", ""), match[0]))

    return Html(_pattern(frozenset(known)).sub(replace, body))


# Chinese has no spaces between words, so only names in Latin letters end where no letter follows.
_NO_WORD_BEFORE, _NO_WORD_AFTER = r"(?<![A-Za-z0-9_/.-])", r"(?![A-Za-z0-9_/-])"


@cache
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    words = "|".join(
        rf"{_NO_WORD_BEFORE if name[0].isascii() else ''}{re.escape(name)}"
        rf"{_NO_WORD_AFTER if name[-1].isascii() else ''}".replace(r"\ ", r"\s+")
        for name in longest_first
    )
    return re.compile(rf"{_APART}|(?P<term>{words})", re.IGNORECASE | re.DOTALL | re.MULTILINE)


def entries(terms: Iterable[Term], chapter_link: Callable[[str], Html]) -> Html:
    """Return the explanations as HTML for the page of the glossary, in the order of the English alphabet.

    Args:
        terms: What is explained.
        chapter_link: Returns the link to the chapter of a number.
    """
    return Html("\n").join(
        Html('<section class="term-entry"><h3 id="%s">%s%s</h3>\n<p>%s %s</p></section>\n')
        % (
            term.anchor,
            term.name,
            Html(' <span class="kind" lang="en">%s</span>') % term.of
            if term.of not in ("", term.name)
            else "",
            ticked(term.says),
            Html(" ").join(chapter_link(number) for number in term.chapters),
        )
        for term in sorted(terms, key=lambda term: term.english.lower())
    )


_LANGUAGE = re.compile("[a-z]{2,3}(_[A-Za-z]+)?")


def is_translation(file: Path) -> bool:
    """Return whether a text is the translation of another, as `2.1.zh.md` of `2.1.md`."""
    name, _, code = file.stem.rpartition(".")
    return bool(name and _LANGUAGE.fullmatch(code)) and file.with_name(f"{name}.md").is_file()


def own_texts(project: Project) -> tuple[MarkdownText, ...]:
    """Read the project's texts: chapters, other pages and exercises."""
    return tuple(text for text, _ in text_files(project))


def text_files(project: Project) -> Iterator[tuple[MarkdownText, Path]]:
    """Yield each of the project's texts with its file."""
    for folder, prefix in (("chapters", ""), ("pages", "pages/")):
        for file in sorted((project.site / folder).glob("*.md")):
            if not is_translation(file):
                yield parse(prefix + file.stem, bytes_of(file).decode("utf-8", "replace")), file
    yield from _exercises(project)


def _exercises(project: Project) -> Iterator[tuple[MarkdownText, Path]]:
    """Yield the exercises with their files: folders with `text.md`, `task.py` and `solution.py`."""
    for file in sorted((project.site / "exercises").glob("*/text.md")):
        text = parse(f"exercises/{file.parent.name}", bytes_of(file).decode("utf-8", "replace"))
        if text.exercise is None:
            raise InvalidInput(f"{name_of(project, file)}: has no table [exercise]")
        task, solution = (file.with_name(name) for name in ("task.py", "solution.py"))
        exercise = msgspec.structs.replace(
            text.exercise,
            path=name_of(project, task),
            task=bytes_of(task).decode("utf-8", "replace"),
            solution=bytes_of(solution).decode("utf-8", "replace"),
        )
        yield msgspec.structs.replace(text, exercise=exercise), file


def own_notes(project: Project) -> tuple[LineNote, ...]:
    """Read the notes of the project's texts."""
    return tuple(note for text in own_texts(project) for note in text.notes)
