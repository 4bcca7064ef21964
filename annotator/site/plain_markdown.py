"""Markdown versions of pages, without HTML, and the list of them for language models, `llms.txt`."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from annotator.site.language import _, translated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.site.view_models import Link, SiteFrame

LIST = "llms.txt"
"""The list's path on the site."""

# Not `.md`: of such a file mkdocs would make a page.
_SUFFIX = ".md.txt"

_HEAD = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
# Each alternative begins with a character of its own, so that the search skips all others.
_PART = re.compile(
    r"```(?<=^```).*?^```$|`[^`\n]+`|<pre\b(?P<pre>[^<]*(?:<(?!/pre>)[^<]*)*)</pre>", re.DOTALL | re.MULTILINE
)
_LEFT_OUT = re.compile(
    r"<(?P<tag>svg|style|script|nav|button|template)\b.*?</(?P=tag)>|<!--.*?-->|<input\b[^>]*>"
    r'|<div class="frame".*?</div>|<a id="[^"]*"></a>'
    r'|<a\b[^>]*class="[^"]*\b(?:jump|note-mark|note-back)\b[^>]*>.*?</a>',
    re.DOTALL,
)
_LINK = re.compile(r'<a\b[^>]*?\bhref="(?P<to>[^"]*)"[^>]*>(?P<words>.*?)</a>', re.DOTALL)
# The number of a note in the prose, and the beginning of its words in the list.
_NOTE = re.compile(r'<a class="note-ref[^>]*?data-note="(?P<number>\d+)"[^>]*>.*?</a>')
_NOTE_WORDS = re.compile(r'<li id="note[^"]*" data-note="(?P<number>\d+)">')
_BLOCKS = ("p", "div", "section", "figure", "ul", "ol", "dl", "details", "table", "blockquote")
_MARKS = {
    **{f"h{level}": "\n\n" + "#" * level + " " for level in range(1, 7)},
    **{f"/h{level}": "\n\n" for level in range(1, 7)},
    **dict.fromkeys((*_BLOCKS, *(f"/{tag}" for tag in _BLOCKS)), "\n\n"),
    **dict.fromkeys(("li", "dd"), "\n- "),
    **dict.fromkeys(("tr", "dt", "br", "summary"), "\n"),
    **dict.fromkeys(("td", "th"), "| "),
    **dict.fromkeys(("/td", "/th"), " "),
    **dict.fromkeys(("strong", "/strong", "b", "/b"), "**"),
    **dict.fromkeys(("em", "/em", "i", "/i"), "*"),
    **dict.fromkeys(("code", "/code"), "`"),
}
_MARKDOWN_LINK = re.compile(r"(\]\((?![a-z]+:)[^)\s]+)\.md([#)])")
_TAG = re.compile(r"<(/?[a-z][a-z0-9]*)\b[^>]*>")
_TAGS = re.compile(r"<[^>]*>")
_SPACES = re.compile(r"[ \t]+$", re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")
_TICKS = re.compile(r"`+")
_BRACKETS = re.compile(r"[\[\]<>]")
_LANGUAGE = re.compile(r"source-(go|py)\b")


def path(page: str) -> str:
    """Return the path of a page's Markdown version."""
    return page.removesuffix(".md") + _SUFFIX


def plain(markdown: str) -> str:
    """Return a page for mkdocs, which is Markdown with HTML in it, as Markdown alone."""
    text = _HEAD.sub("", markdown)
    parts, at = [], 0
    for block in _PART.finditer(text):
        parts.append(_prose(text[at : block.start()]))
        if block["pre"]:
            parts.append(f"\n\n{_fenced(block['pre'], _language(text, at, block.start()))}\n\n")
        else:
            parts.append(block[0])
        at = block.end()
    parts.append(_prose(text[at:]))
    return _GAPS.sub("\n\n", _SPACES.sub("", "".join(parts))).strip() + "\n"


def _language(text: str, first: int, last: int) -> str:
    found = _LANGUAGE.findall(text[max(first, last - 2000) : last])
    return {"go": "go", "py": "python"}[found[-1]] if found else "text"


def _fenced(inside: str, language: str) -> str:
    """Return the text of a `pre` element, from the rest of its first tag on, as a fenced block."""
    code = html.unescape(_TAGS.sub("", _LEFT_OUT.sub("", inside.partition(">")[2]))).rstrip("\n")
    longest = max((len(ticks) for ticks in _TICKS.findall(code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def _prose(text: str) -> str:
    text = _NOTE_WORDS.sub(r"\n[^\g<number>]: ", _NOTE.sub(r"[^\g<number>]", _LEFT_OUT.sub("", text)))
    text = _LINK.sub(_link, text)
    text = _MARKDOWN_LINK.sub(rf"\1{_SUFFIX}\2", text)
    parts = _TAG.split(text)
    parts[1::2] = [_MARKS.get(tag, "") for tag in parts[1::2]]
    return html.unescape("".join(parts).replace("&#10;", " "))


def _link(match: re.Match[str]) -> str:
    target = html.unescape(match["to"])
    words = match["words"]
    if not words.strip() or target.startswith("#"):
        return words
    address, mark, anchor = target.partition("#")
    if "://" not in address:
        address = re.sub(r"\.html$", _SUFFIX, address)
    return f"[{words}]({address}{mark}{anchor})"


def listing(frame: SiteFrame, pages: Mapping[str, Link], sections: Mapping[str, tuple[str, ...]]) -> str:
    """Return `llms.txt`: the pages that are read in order, then every other one.

    Args:
        frame: What the site shows.
        pages: The title, the path and the summary of each page, by its path.
        sections: The paths of the pages in each section of the navigation.
    """
    listed = {name for names in sections.values() for name in names}
    home = pages["index.md"]
    lines = [
        f"# {home.text}",
        "",
        f"> {home.title}",
        "",
        _(
            "Source: %(repository)s at %(tag)s. Each link leads to the Markdown version of a page.",
            repository=frame.repository.text,
            tag=frame.tag,
        ),
    ]
    rest = tuple(name for name in pages if name not in listed)
    for section, names in {**sections, _("Optional"): rest}.items():
        lines += ["", f"## {translated(section)}", ""]
        for page in (pages[name] for name in names):
            title, summary = (" ".join(_BRACKETS.sub("", text).split()) for text in (page.text, page.title))
            lines.append(f"- [{title}]({path(page.href)}): {summary}")
    return "\n".join(lines) + "\n"
