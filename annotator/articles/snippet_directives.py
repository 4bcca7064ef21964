"""Directives that show a part of a file: of Sphinx, MkDocs, AsciiDoc, Org, Hugo, VitePress and others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from annotator.articles import citation_forms, citations
from annotator.articles.citation_forms import Suffix
from annotator.articles.citations import Citation
from annotator.articles.source_paths import Roots

OPTIONS = 12
"""Lines below a directive that can hold its options."""

_WIDEST = 1000
"""Characters of the longest line that can be a directive."""

# How each system begins a directive: what the line holds, and how its options are written.
_HEADS = (
    r"^\s{0,40}\.\.\s+(?:literalinclude|include|code-block|remoteliteralinclude)::",  # Sphinx
    r"^\s{0,40}[`~:]{3,10}\s{0,3}\{(?:literalinclude|include|code-block)\}",  # MyST
    r"^\s{0,40}include::",  # AsciiDoc
    r"^\s{0,40}#\+INCLUDE:",  # Org
    r"^\s{0,40}<<<\s",  # VitePress
    r"^\s{0,40}\[embedmd\]",  # embedmd
    r"^\s{0,40}:::\s?code\b",  # DocFX
    r"^\s{0,40}@import\s",  # Markdown Preview Enhanced
    r"^\.(?:code|play)\s",  # Go present
    r"^\s{0,40}@@snip\b",  # Paradox
    r"^\s{0,40}(?:`{3,10}|~{3,10})(?!\s{0,3}$)",  # the head of a fence
)
_WITHIN = (
    r"(?:^|\s)[;\s]{0,3}-{1,4}8<-{1,4}",  # MkDocs snippets
    r"\{\{[<%#]",  # Hugo, mdBook
    r"\[!code",  # DocFX
    r"<(?:(?-i:Code)|(?:Code)?Snippet|CodeBlock|RemoteCode|Embed|GitHubCode|EmbedCode|code-snippet)\b",  # MDX
    r"\{!",  # markdown-include
    r"\[import(?::|\])",  # GitBook
    r"\{%\s?(?:include_code|codeblock|include|embed|code|snippet)\b",  # Hexo, Jekyll, Liquid
    r"MARKDOWN-AUTO-DOCS:START",
    r"\\(?:lstinputlisting|inputminted|verbatiminput)\b",  # LaTeX
)
_MARKS = ("<", "{", "[", "\\", "AUTO-DOCS", "auto-docs")
"""What a line holds that has a directive in it, but not at its beginning."""

_HEAD = re.compile("|".join(_HEADS), re.IGNORECASE)
_DIRECTIVE = re.compile("|".join((*_HEADS, *_WITHIN)), re.IGNORECASE)
_SPREAD = re.compile(r"^\s{0,40}(?:\.\.\s|[`~:]{3,10}\s{0,3}\{)")

_NUMBER = r"([0-9]{1,9})"
_TO = r"\s?(?:-|\.\.|:|,|\u2013)\s?L?"
_RANGE = re.compile(
    rf"(?<![\w-])(?:lines|line|range|snippet|select)(?:\s?[=:]\s?|\s(?=[\"']))[\"'{{\[]{{0,2}}\s?L?{_NUMBER}(?:{_TO}{_NUMBER})?",
    re.IGNORECASE,
)
_FIRST = re.compile(
    r"(?<![\w-])(?:first_?line|start_?line|startLine|line_begin|linenostart|linenums|lineNumberStart|start-line|"
    rf"startFrom|from|start|begin|showLineNumbers)\s?[=:]\s?[\"'{{\[]{{0,2}}{_NUMBER}",
    re.IGNORECASE,
)
_LAST = re.compile(
    rf"(?<![\w-])(?:last_?line|end_?line|endLine|line_end|end-line|to|end)\s?[=:]\s?[\"'{{\[]{{0,2}}{_NUMBER}",
    re.IGNORECASE,
)
_BEHIND = re.compile(rf"[\"']?(?::{_NUMBER}(?:[:-]{_NUMBER})?|\s{_NUMBER}(?:[\s,-]\s?{_NUMBER})?)(?![\w.])")
_FRONT = re.compile(rf"(?<![0-9]){_NUMBER}:{_NUMBER}:$")
_IMPORT = re.compile(rf"\[import:{_NUMBER}(?:-{_NUMBER})?")
_SYMBOL = re.compile(
    r"(?:/\^?\s?func\s(?:\\?\((?:\w{1,40}\s)?\\?\*?(\w{1,80})\\?\)\s)?|/\^?\s?type\s|pyobject:\s|(?:symbol|object|func|function)=[\"']?)"
    r"([A-Za-z_][\w.]{0,80})"
)


def scan(text: str, below: Sequence[str], roots: Roots) -> Iterator[Citation]:
    """Yield what a directive shows that begins in a line; the lines below can hold its options."""
    if len(text) > _WIDEST:
        return
    found = _DIRECTIVE.search(text) if any(mark in text for mark in _MARKS) else _HEAD.match(text)
    if found is None:
        return
    file = next(citations.paths(text[found.start() :], roots, linked=True), None)
    if file is None or file.place.repository is not None:
        return
    start, end = file.start + found.start(), file.end + found.start()
    if "://" in text[found.start() : start]:
        return
    options = _options(below) if _SPREAD.match(text) else ""
    shown = _shown(text, start, end, options)
    first = replace(
        file, start=start, end=max(end, shown.end), line=shown.line, end_line=shown.end_line
    )  # fmt: skip
    if shown.line is None:
        if not file.place.path.endswith(".go"):
            return
        if symbol := _SYMBOL.search(f"{text[end:]} {options}"):
            first = replace(first, symbol=".".join(filter(None, symbol.groups())))
    yield from citations.listed(text, first, shown.end) if shown.end else (first,)


def _options(below: Sequence[str]) -> str:
    """Return the options that stand below a directive of Sphinx or MyST."""
    found: list[str] = []
    for text in below[:OPTIONS]:
        if not re.match(r"\s*:?[\w-]{1,40}:", text) and text.strip() != "---":
            break
        found.append(text.strip().removeprefix(":"))
    return "\n".join(found)


def _shown(text: str, start: int, end: int, options: str) -> Suffix:
    """Return the lines that a directive shows of the file that it names at `text[start:end]`."""
    if match := _FRONT.search(text, 0, start) or _IMPORT.search(text[:start]):
        return _ordered(match[1], match[2])
    for where, offset in ((text[end:], end), (text[:start], 0), (options, -1)):
        if match := _RANGE.search(where):
            at = offset + match.end() if offset > 0 else 0
            found = _ordered(match[1], match[2], at)
            if found.end_line and "#+include" in text[:start].lower():  # Org leaves out the last line
                return replace(found, end_line=found.end_line - 1)
            return found
        if match := _FIRST.search(where):
            last = _LAST.search(where)
            # Docutils counts from 0 in `start-line`, and its `end-line` is left out.
            first = int(match[1]) + ("start-line" in match[0])
            return Suffix(0, first, int(last[1]) if last and int(last[1]) >= first else None)
    if match := _BEHIND.match(text, end):
        numbers = [*filter(None, match.groups()), None]
        return _ordered(numbers[0], numbers[1], match.end())
    suffix = citation_forms.find_attached(text, end)
    return suffix if suffix and suffix.line else Suffix(0)


def _ordered(first: str, last: str | None, end: int = 0) -> Suffix:
    line, end_line, malformed = citation_forms.check_lines(first, last)
    return Suffix(0) if malformed else Suffix(end, line, end_line)


# ── A listing that its first line heads with a path ──────────────────────────────────────────────
_COMMENT = re.compile(
    r"\s{0,8}(?://|#|--|;|/\*|<!--|%)\s{0,4}(?:[Ff]ile(?:name)?:\s?|[Ss]ource:\s?|[Ii]n\s)?"
)
_TAIL = re.compile(r"\s{0,4}(?:\*/|-->|:|\(.{0,60}\))?\s*$")


def heading_comment(text: str, roots: Roots) -> Citation | None:
    """Return the file that the first line of a listing names in a comment, without a line of it."""
    if len(text) > _WIDEST or (mark := _COMMENT.match(text)) is None:
        return None
    file = next(citations.paths(text, roots), None)
    if file is None or file.start != mark.end() or file.place.repository is not None:
        return None
    path = file.place.path
    known = roots.own.has(path) if roots.own.paths else "/" in path and path.endswith(".go")
    known = known and "." in path.rpartition("/")[2]
    return file if known and _TAIL.match(text, file.end) else None


_OWN_WORK = re.compile(
    r"\b(?:add|append|change|creat|edit|extend|insert|modif|new|paste|put|replac|sav|updat|writ)(?:e|ed|es|ing|s|y|ies)?\b"
    r"|创建|新建|修改|添加|编辑|保存",
    re.IGNORECASE,
)
_INTRODUCES = re.compile(r"[`*_'\")\]]{0,4}\s?[:\uff1a][*_]{0,2}\s*$")


def introduced(text: str, roots: Roots) -> Citation | None:
    """Return the file whose code a listing shows, as the line above says: "The code is in a/b.go:"."""
    if len(text) > _WIDEST or _OWN_WORK.search(text) or not text.rstrip(" *_").endswith((":", "\uff1a")):
        return None
    files = list(citations.paths(text, roots))
    file = files[-1] if files else None
    if file is None or file.place.repository is not None or not _INTRODUCES.match(text, file.end):
        return None
    path = file.place.path
    known = roots.own.has(path) if roots.own.paths else "/" in path
    return file if known and path.endswith(".go") else None
