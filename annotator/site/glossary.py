"""Links the words that a glossary explains, at their first use on a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from annotator.site.markup import Html, ticked

if TYPE_CHECKING:
    from annotator.site.markdown_text import Term

# What is never linked into: fenced and inline code, HTML, links, footnotes, headings.
_APART = (
    r"^(?:```|~~~).*?^(?:```|~~~)|`[^`]*`|<a\b.*?</a>|<[^>]*>|!?\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])?|^#[^\n]*"
)


class LinkedTerm(msgspec.Struct, frozen=True):
    """A term and the address of its explanation, seen from the page that is linked."""

    term: Term
    address: str


def linked(body: str, terms: Iterable[LinkedTerm]) -> Html:
    """Return Markdown in which the first use of each term leads to its explanation."""
    known = {name.lower(): one for one in terms for name in one.term.names}
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


@cache
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    words = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in longest_first)
    return re.compile(
        rf"{_APART}|(?<![\w/.-])(?P<term>{words})(?![\w/-])", re.IGNORECASE | re.DOTALL | re.MULTILINE
    )


def entries(terms: Iterable[Term], chapter_link: Callable[[str], Html]) -> Html:
    """Return the explanations as HTML for the page of the glossary, in alphabetical order.

    Args:
        terms: What is explained.
        chapter_link: Returns the link to the chapter of a number.
    """
    return Html("\n").join(
        Html('<section class="term-entry"><h3 id="%s">%s</h3>\n<p>%s %s</p></section>\n')
        % (
            term.anchor,
            term.name,
            ticked(term.says),
            Html(" ").join(chapter_link(number) for number in term.chapters),
        )
        for term in sorted(terms, key=lambda term: term.name.lower())
    )
