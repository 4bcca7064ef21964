"""Manifests of articles: TOML files that list what an article cites, chapter by chapter."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from pathlib import PurePosixPath

import msgspec

from annotator.errors import InvalidInput
from annotator.model import Article, Chapter, Reference
from annotator.reading import notation

MAX_BYTES = 4 * 1024 * 1024

# A key, unless it stands in a string or a comment: those are consumed first.
_KEY = re.compile(
    r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*'
    r"|(?P<chapter>^[ \t]*\[\[[ \t]*chapters[ \t]*\]\])|\b(?P<key>[A-Za-z0-9_-]+)[ \t]*=",
    re.MULTILINE,
)


class _Cited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    symbol: str | None = None
    line: int | None = None
    end_line: int | None = None
    heading: str | None = None
    repository: str | None = None
    ref: str | None = None


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: str
    title: str
    references: tuple[_Cited, ...] = ()


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    address: str = ""
    repository: str = ""
    tag: str = ""
    prefix: str = ""
    chapters: tuple[_Section, ...] = ()


def read(name: str, data: bytes, prefixes: tuple[str, ...] = ()) -> Article:
    """The article that a manifest describes.

    Args:
        name: The manifest's path, for people.
        data: Its bytes.
        prefixes: Leading folders of cited paths to strip, beside the manifest's own.

    Raises:
        InvalidInput: It is not a manifest; the sentence names file, line and key.
    """
    text = _text(name, data)
    keys = _Keys(text)
    try:
        manifest = msgspec.convert(tomllib.loads(text), _Manifest)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{name}:{_error_line(error, text)}: not valid TOML: {error}") from error
    except RecursionError as error:
        raise InvalidInput(f"{name}: nested too deeply to be a manifest") from error
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{name}:{keys.line_of(str(error))}: {error}") from error
    strip = tuple(p for p in (manifest.prefix, *prefixes) if p)
    chapters = tuple(
        Chapter(
            number=section.number,
            title=section.title,
            references=tuple(
                _reference(cited, section.number, name, keys.reference_line(at, number), strip, manifest.tag)
                for number, cited in enumerate(section.references)
            ),
        )
        for at, section in enumerate(manifest.chapters)
    )
    return Article(
        file=name,
        title=manifest.title,
        address=manifest.address,
        repository=manifest.repository,
        tag=manifest.tag,
        prefix=manifest.prefix,
        chapters=chapters,
    )


def _text(name: str, data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"{name}: a manifest of {len(data)} bytes is over the limit of {MAX_BYTES}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"{name}:{line}: not a text file in UTF-8; write the manifest as TOML") from error
    return text.replace("\r\n", "\n")


def _error_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    found = re.search(r"at line (\d+)", str(error))
    return int(found[1]) if found else text.count("\n") + 1


def _reference(
    cited: _Cited, chapter: str, name: str, line: int, strip: tuple[str, ...], tag: str
) -> Reference:
    where = f"{name}:{line}"
    if cited.symbol is None and cited.line is None:
        raise InvalidInput(f"{where}: the reference to {cited.path!r} gives neither `symbol` nor `line`")
    for key, value in (("line", cited.line), ("end_line", cited.end_line)):
        if value is not None and value < 1:
            raise InvalidInput(f"{where}: `{key}` is {value}; lines are counted from 1")
    if cited.end_line is not None and (cited.line is None or cited.end_line < cited.line):
        raise InvalidInput(f"{where}: `end_line` is before `line`")
    path = notation.normalise(cited.path, strip)
    if path is None:
        raise InvalidInput(f"{where}: {cited.path!r} is not a path inside the repository")
    return Reference(
        path=path,
        symbol=cited.symbol,
        line=cited.line,
        end_line=cited.end_line,
        cited=cited.path,
        origin=f"{PurePosixPath(name).name} {chapter}".strip(),
        file=name,
        at_line=line,
        chapter=chapter,
        heading=cited.heading,
        repository=cited.repository,
        ref=cited.ref or tag or None,
    )


class _Keys:
    """Where keys stand in a manifest, since TOML readers do not say."""

    def __init__(self, text: str) -> None:
        self._breaks = [at for at, char in enumerate(text) if char == "\n"]
        found = [match for match in _KEY.finditer(text) if match["key"] or match["chapter"]]
        self._keys = [(m.start("key"), m["key"]) for m in found if m["key"]]
        self._chapters = [m.start() for m in found if m["chapter"]]

    def _line(self, offset: int) -> int:
        return bisect_right(self._breaks, offset - 1) + 1

    def _within(self, key: str, chapter: int | None) -> list[int]:
        low, high = 0, float("inf")
        if chapter is not None and chapter < len(self._chapters):
            low = self._chapters[chapter]
            high = self._chapters[chapter + 1] if chapter + 1 < len(self._chapters) else high
        return [at for at, name in self._keys if name == key and low <= at < high]

    def reference_line(self, chapter: int, number: int) -> int:
        """The line of the `path` key of a chapter's reference."""
        paths = self._within("path", chapter)
        return self._line(paths[number]) if number < len(paths) else 1

    def line_of(self, message: str) -> int:
        """The line of the key that a decoder's message is about."""
        where = re.search(r"at `\$(.*?)`", message)
        trail = where[1] if where else ""
        named = re.search(r"(?:unknown|required) field `([^`]+)`", message)
        key = named[1] if named else re.sub(r"\[\d+\]", "", trail).rpartition(".")[2]
        chapter = re.search(r"chapters\[(\d+)\]", trail)
        number = re.search(r"references\[(\d+)\]", trail)
        at_chapter = int(chapter[1]) if chapter else None
        spots = [self._line(at) for at in self._within(key, at_chapter)]
        if number and at_chapter is not None:
            start = self.reference_line(at_chapter, int(number[1]))
            return next((line for line in spots if line >= start), start)
        if spots:
            return spots[0]
        in_range = at_chapter is not None and at_chapter < len(self._chapters)
        return self._line(self._chapters[at_chapter]) if in_range and at_chapter is not None else 1
