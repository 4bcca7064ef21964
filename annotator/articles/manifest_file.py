"""Reads TOML manifests of references."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import msgspec

from annotator.articles import notation
from annotator.errors import InvalidInput
from annotator.model.reference import Article, Chapter, Reference
from annotator.toml_file import Toml

LAST_LINE = 999_999_999
"""The last line that a reference can be in, as in the notation."""

_HEADING = re.compile(rb"^[ \t]*(?:\[\[[ \t]*chapters[ \t]*\]\]|chapters[ \t]*=)", re.MULTILINE)


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
    language: str = ""
    chapters: tuple[_Section, ...] = ()


def is_manifest(data: bytes) -> bool:
    """Return whether TOML is meant as a manifest: it has chapters with a number or with references.

    Of a file that is not valid TOML the headings decide, so that a manifest with a mistake in it is reported.
    """
    try:
        chapters = Toml("", data).get("chapters")
    except InvalidInput:
        return _HEADING.search(data) is not None
    return isinstance(chapters, list) and any(
        isinstance(chapter, dict) and ("references" in chapter or isinstance(chapter.get("number"), str))
        for chapter in chapters
    )


def read(name: str, data: bytes, prefixes: tuple[str, ...] = ()) -> Article:
    """Read the article that a manifest describes.

    Args:
        name: The manifest's path, for people.
        data: Its bytes.
        prefixes: Leading folders of cited paths to strip, beside the manifest's own.

    Raises:
        InvalidInput: It is not a manifest; the sentence names file, line and key.
    """
    toml = Toml(name, data)
    manifest = toml.convert(_Manifest)
    strip = tuple(p for p in (manifest.prefix, *prefixes) if p)
    chapters = tuple(
        Chapter(
            number=section.number,
            title=section.title,
            references=tuple(
                _reference(
                    cited,
                    section.number,
                    name,
                    toml.line("chapters", at, "references", number, "path"),
                    toml.column("chapters", at, "references", number, "path"),
                    strip,
                    manifest.tag,
                )
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
        language=manifest.language,
        chapters=chapters,
    )


def _reference(  # noqa: PLR0913, PLR0917 - what an entry says, and where
    cited: _Cited, chapter: str, name: str, line: int, column: int, strip: tuple[str, ...], tag: str
) -> Reference:
    where = f"{name}:{line}"
    if cited.symbol is None and cited.line is None:
        raise InvalidInput(f"{where}: the reference to {cited.path!r} gives neither `symbol` nor `line`")
    for key, value in (("line", cited.line), ("end_line", cited.end_line)):
        if value is not None and not 1 <= value <= LAST_LINE:
            raise InvalidInput(f"{where}: `{key}` is {value}; lines are counted from 1 to {LAST_LINE}")
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
        cited_in=f"{PurePosixPath(name).name} {chapter}".strip(),
        file=name,
        at_line=line,
        at_column=column,
        chapter=chapter,
        heading=cited.heading,
        repository=cited.repository,
        ref=cited.ref or tag or None,
    )
