"""Translations of the project's own texts: `NAME.zh.md` next to `NAME.md`, and what changed in one alone.

A translation has the same paragraphs, in order, and the same notes as its original, which keeps everything
that does not depend on the language. `NAME.zh.json` records the fingerprints of both at the time at which
somebody made the one from the other.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from annotator.config import name_of
from annotator.errors import InvalidInput
from annotator.file_io import bytes_of
from annotator.model.reference import Problem
from annotator.site import project_texts
from annotator.site.project_texts import MarkdownText
from annotator.toml_file import Toml

if TYPE_CHECKING:
    from pathlib import Path

    from annotator.config import Project

_FENCE = re.compile(r"^(```|~~~)")

# What a translation shares with its original: code, the targets of links, tags and their attributes.
_SHARED = re.compile(r"`[^`]+`|(?<=\]\()[^)\s]+|</?[a-z]\w*|\[\^[^\]\s]+\]|(?<=\{: )[^}#]+")


class TranslatedTerm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A term of a glossary in another language; `of` is its name in the original."""

    of: str
    name: str
    says: str
    also: tuple[str, ...] = ()


class Translation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in another language.

    Attributes:
        title: Its heading.
        summary: One sentence for lists and search engines.
        words: The phrases of its picture, by those of the original.
        terms: The words that it explains.
        hints: The hints of its exercise.
        body: Its Markdown, without the explanations of its notes.
        notes: The explanations of its notes, by their labels.
    """

    title: str
    summary: str = ""
    words: Mapping[str, str] = {}
    terms: tuple[TranslatedTerm, ...] = ()
    hints: tuple[str, ...] = ()
    body: str = ""
    notes: Mapping[str, str] = {}


class Unit(msgspec.Struct, frozen=True):
    """A piece of a text that is translated by itself: a 1-based line of the file, and its words."""

    line: int
    words: str

    @property
    def fingerprint(self) -> str:
        """A fingerprint of the words; how they are broken into lines does not count."""
        return hashlib.sha256(" ".join(self.words.split()).encode()).hexdigest()[:12]


def translation_file(file: Path, language: str) -> Path:
    """Return where the translation of a text is."""
    return file.with_name(f"{file.stem}.{language}.md")


def translated_texts(project: Project, language: str) -> tuple[MarkdownText, ...]:
    """Read the project's texts in a language; those without a translation stay English.

    Raises:
        InvalidInput: A file cannot be read.
    """
    return tuple(
        _applied(text, parse(name_of(project, place), bytes_of(place)), language) if place.is_file() else text
        for text, file in project_texts.text_files(project)
        for place in [translation_file(file, language)]
    )


def parse(name: str, data: bytes) -> Translation:
    """Return a translation.

    Raises:
        InvalidInput: Its head is missing or does not fit.
    """
    text = project_texts.divide(name, data.decode("utf-8", "replace"))
    head = Toml(name, text.head.encode(errors="replace"), first=2).convert(Translation)
    body, notes = project_texts.split_notes(text.body, text.line)
    return msgspec.structs.replace(head, body=body, notes={label: words.strip() for _, label, words in notes})


def _applied(text: MarkdownText, found: Translation, language: str) -> MarkdownText:
    """Return a text with the words of its translation."""

    def phrase(words: str) -> str:
        return found.words.get(words, words)

    terms = {term.of: term for term in found.terms}
    replace, picture, exercise = msgspec.structs.replace, text.picture, text.exercise
    if picture:
        picture = replace(
            picture,
            title=phrase(picture.title),
            way=tuple(replace(step, what=phrase(step.what)) for step in picture.way),
            life=tuple(
                replace(one, before=phrase(one.before), after=phrase(one.after)) for one in picture.life
            ),
        )
    if exercise:
        exercise = replace(exercise, hints=found.hints or exercise.hints)
    return replace(
        text,
        title=found.title,
        summary=found.summary or text.summary,
        body=found.body or text.body,
        picture=picture,
        exercise=exercise,
        terms=tuple(
            replace(term, name=other.name, says=other.says, also=other.also, of=term.name)
            if (other := terms.get(term.name))
            else term
            for term in text.terms
        ),
        notes=tuple(replace(note, words=found.notes.get(note.label, note.words)) for note in text.notes),
        language=language,
    )


def units(name: str, data: bytes) -> Mapping[str, Unit]:
    """Return the units of a text or of a translation by their names, which are the same in both.

    Raises:
        InvalidInput: The head is missing, or is not TOML.
    """
    text = project_texts.divide(name, data.decode("utf-8", "replace"))
    toml = Toml(name, text.head.encode(errors="replace"), first=2)
    body, notes = project_texts.split_notes(text.body, text.line)
    found = {key: Unit(line, words) for key, line, words in _head_units(toml)}
    for number, (line, words) in enumerate(_blocks(body, text.line), 1):
        found[f"paragraph {number}"] = Unit(line, words)
    for line, label, words in notes:
        found[f"note {label}"] = Unit(line, project_texts.explanation(words))
    return found


def _head_units(toml: Toml) -> Iterator[tuple[str, int, str]]:
    for key in ("title", "summary"):
        if words := toml.get(key):
            yield key, toml.line(key), str(words)
    picture = toml.get("picture")
    for phrase in _phrases(picture if isinstance(picture, dict) else {}):
        yield f"words {phrase}", toml.line("picture"), phrase
    words = toml.get("words")
    for phrase, translated in words.items() if isinstance(words, dict) else ():
        yield f"words {phrase}", toml.line("words", phrase), str(translated)
    terms = toml.get("terms")
    for number, term in enumerate(terms if isinstance(terms, list) else ()):
        name = term.get("of", term.get("name"))
        yield f"term {name}", toml.line("terms", number), f"{term.get('name')}: {term.get('says')}"
    for at in (("exercise", "hints"), ("hints",)):
        hints = toml.get(*at)
        for number, hint in enumerate(hints if isinstance(hints, list) else ()):
            yield f"hint {number + 1}", toml.line(*at, number), str(hint)


def _phrases(picture: Mapping[str, object]) -> Iterator[str]:
    """Yield the different phrases of a picture's request."""
    rows = [*_rows(picture, "way", ("what",)), *_rows(picture, "life", ("from", "to"))]
    yield from dict.fromkeys(str(phrase) for phrase in (picture.get("title"), *rows) if phrase)


def _rows(picture: Mapping[str, object], name: str, keys: tuple[str, ...]) -> Iterator[object]:
    rows = picture.get(name)
    for row in rows if isinstance(rows, list) else ():
        yield from (row.get(key) for key in keys)


def _blocks(body: str, first: int) -> Iterator[tuple[int, str]]:
    """Yield each block between blank lines with its first line in the file; a fence is one block."""
    block: list[str] = []
    begin, fence = first, ""
    for number, line in enumerate([*body.split("\n"), ""], first):
        mark = _FENCE.match(line)
        if not line.strip() and not fence:
            if block:
                yield begin, "\n".join(block)
            block = []
            continue
        if not block:
            begin = number
        block.append(line)
        if mark and (not fence or mark[1] == fence):
            fence = "" if fence else mark[1]


def problems(project: Project, language: str) -> Iterator[Problem]:
    """Yield what differs between the project's texts and their translations: for `annotator translations`.

    Raises:
        InvalidInput: A file cannot be read.
    """
    for _, file in project_texts.text_files(project):
        place = translation_file(file, language)
        if not place.is_file():
            yield Problem(name_of(project, file), 1, f"there is no {place.name}", "untranslated")
            continue
        yield from _differences(project, file, place)


def _differences(project: Project, file: Path, place: Path) -> Iterator[Problem]:
    own, other = _both_units(project, file, place)
    known = _recorded(project, place)
    for key, unit in own.items():
        if key not in other:
            yield Problem(name_of(project, file), unit.line, f"{place.name} has no {key}", "untranslated")
            continue
        there, recorded = other[key], known.get(key)
        prints = (unit.fingerprint, there.fingerprint)
        changed = tuple(one != now for one, now in zip(recorded or prints, prints, strict=True))
        if recorded is None:
            message = f"{key} is not recorded as a translation; read both, then use --accept"
            yield Problem(name_of(project, place), there.line, message, "unrecorded")
        elif changed == (True, False):
            message = f"{key} changed, and line {there.line} of {place.name} did not"
            yield Problem(name_of(project, file), unit.line, message, "outdated")
        elif changed == (False, True):
            message = f"{key} changed, and line {unit.line} of {file.name} did not"
            yield Problem(name_of(project, place), there.line, message, "changed")
        for shared in _shared(unit.words) - _shared(there.words):
            message = f"{key} lacks {shared}, which line {unit.line} of {file.name} has"
            yield Problem(name_of(project, place), there.line, message, "differs")
        for shared in _shared(there.words) - _shared(unit.words):
            message = f"{key} has {shared}, which line {unit.line} of {file.name} lacks"
            yield Problem(name_of(project, place), there.line, message, "differs")
    for key, unit in other.items():
        if key not in own:
            yield Problem(name_of(project, place), unit.line, f"{file.name} has no {key}", "untranslated")


def _both_units(project: Project, file: Path, place: Path) -> tuple[Mapping[str, Unit], Mapping[str, Unit]]:
    """Return the units of a text and of its translation, whose head is checked first."""
    name, data = name_of(project, place), bytes_of(place)
    parse(name, data)
    return units(name_of(project, file), bytes_of(file)), units(name, data)


def _shared(words: str) -> frozenset[str]:
    """Return what must be the same in both languages."""
    return frozenset(_SHARED.findall(" ".join(words.split())))


def accept(project: Project, language: str) -> int:
    """Record all translations as they are now; return how many files of records changed."""
    changed = 0
    for _, file in project_texts.text_files(project):
        place = translation_file(file, language)
        if not place.is_file():
            continue
        own, other = _both_units(project, file, place)
        pairs = {key: (own[key].fingerprint, other[key].fingerprint) for key in own if key in other}
        lines = (f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(pair)}" for key, pair in pairs.items())
        record, text = place.with_suffix(".json"), "{\n" + ",\n".join(lines) + "\n}\n"
        if not record.is_file() or record.read_text("utf-8") != text:
            record.write_text(text, "utf-8")
            changed += 1
    return changed


def _recorded(project: Project, place: Path) -> Mapping[str, tuple[str, str]]:
    file = place.with_suffix(".json")
    if not file.is_file():
        return {}
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, tuple[str, str]])
    except msgspec.MsgspecError as error:
        raise InvalidInput(
            f"{name_of(project, file)}: not a record of translations: {error}; make it again with --accept"
        ) from error
