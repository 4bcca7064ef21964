"""`manifest`: drafts a manifest from the references of a text."""

from __future__ import annotations

from pathlib import Path

import tomlkit
from tomlkit.items import AoT, InlineTable, Table

from annotator.articles import article_files
from annotator.articles.own_names import OwnNames
from annotator.config import Project
from annotator.errors import InvalidInput, printable
from annotator.model.reference import Article, Chapter, Reference


def manifest(project: Project, file: Path, own: OwnNames | None = None) -> str:
    """Draft a manifest from the references of a text; without `own`, less of it can be understood.

    Raises:
        InvalidInput: The text cannot be read, or cites nothing.
    """
    article = article_files.article(project, file, own)
    if not article.references:
        raise InvalidInput(f"{file}: no reference into source code is found in it")
    return _draft(article)


def _draft(article: Article) -> str:
    """Return a manifest's text without empty chapters; its titles are to be replaced by own words."""
    document = tomlkit.document()
    document.add(tomlkit.comment("Facts only: replace titles by your own words before you keep this."))
    document.add("title", printable(article.title))
    document.add("address", printable(article.address))
    document.add("repository", printable(article.repository))
    tag = article.tag or _only_ref(article)
    if tag:
        document.add("tag", printable(tag))
    chapters = AoT([])
    for number, chapter in enumerate(article.chapters, 1):
        if chapter.references:
            chapters.append(_chapter(chapter, number, tag))
    document.append("chapters", chapters)
    return tomlkit.dumps(document)


def _only_ref(article: Article) -> str:
    """Return the tag that the references name, if they name only one."""
    refs = {reference.ref for reference in article.references if reference.ref}
    return refs.pop() if len(refs) == 1 else ""


def _chapter(chapter: Chapter, number: int, tag: str) -> Table:
    table = tomlkit.table()
    table.add("number", printable(chapter.number or str(number)))
    table.add("title", printable(chapter.title or chapter.number or str(number)))
    references = tomlkit.array()
    references.multiline(multiline=True)
    for reference in chapter.references:
        if not reference.is_of_package:  # a manifest cites files
            references.append(_reference_lines(reference, tag))
    table.add("references", references)
    return table


def _reference_lines(reference: Reference, tag: str) -> InlineTable:
    table = tomlkit.inline_table()
    table.append("path", printable(reference.path))
    if reference.symbol is not None:
        table.append("symbol", printable(reference.symbol))
    elif reference.line is None:
        table.append("line", 1)
    for key, number in (("line", reference.line), ("end_line", reference.end_line)):
        if number is not None:
            table.append(key, number)
    for key, words in (("heading", reference.heading), ("repository", reference.repository)):
        if words:
            table.append(key, printable(words))
    if reference.ref and reference.ref != tag:
        table.append("ref", printable(reference.ref))
    return table
