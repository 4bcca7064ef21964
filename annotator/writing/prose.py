"""The project's own words: Markdown with a TOML head, in which notations are to become links."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import msgspec

from annotator.errors import InvalidInput
from annotator.writing.escape import Html, escape

if TYPE_CHECKING:
    from collections.abc import Callable

_FENCE = "+++"
_NOTATION = re.compile(r"`([^`\n:]+\.go)::([^`\n#]+)`")


class Prose(msgspec.Struct, frozen=True):
    """A text of our own.

    Attributes:
        name: Its file's name without suffix; `home` and `errata` have pages of their own.
        number: The section of the article that it accompanies, empty if it is no chapter.
        title: Its heading, plain text.
        summary: One sentence for lists and search engines, plain text.
        body: Markdown; `` `path::Symbol` `` becomes a link where the symbol has a place.
        line: 1-based line of the file at which the body begins.
    """

    name: str
    number: str
    title: str
    summary: str
    body: str
    line: int = 1


class Mention(msgspec.Struct, frozen=True):
    """A symbol that a text names, at a 1-based line of its file."""

    path: str
    symbol: str
    line: int


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    number: str = ""
    summary: str = ""


def parse(name: str, text: str) -> Prose:
    """The text of one file, `name` being the file's name without its suffix.

    Raises:
        InvalidInput: The head is missing or does not fit.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0] != _FENCE or _FENCE not in lines[1:]:
        raise InvalidInput(f"{name}.md:1: begin with a head between two lines of {_FENCE}, in TOML")
    end = lines.index(_FENCE, 1)
    first = next((at for at in range(end + 1, len(lines)) if lines[at]), end)
    try:
        head = msgspec.convert(tomllib.loads("\n".join(lines[1:end])), _Head)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InvalidInput(f"{name}.md:2: the head does not fit: {error}") from error
    return Prose(
        name=name,
        number=head.number,
        title=head.title,
        summary=head.summary,
        body="\n".join(lines[first:]).rstrip("\n") if first > end else "",
        line=first + 1,
    )


def mentions(prose: Prose) -> tuple[Mention, ...]:
    """Every symbol that the text names, in order."""
    return tuple(
        Mention(path=match[1], symbol=match[2], line=prose.line + prose.body.count("\n", 0, match.start()))
        for match in _NOTATION.finditer(prose.body)
    )


def linked(prose: Prose, show: Callable[[str, str], Html | None]) -> Html:
    """The body as Markdown, each notation replaced by what `show(path, symbol)` makes of it."""

    def replace(match: re.Match[str]) -> str:
        shown = show(match[1], match[2])
        return str(shown if shown is not None else Html("<code>%s</code>") % escape(match[2]))

    return Html(_NOTATION.sub(replace, prose.body))
