"""Our own Markdown texts with TOML front matter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from annotator.errors import InvalidInput
from annotator.site import footnotes
from annotator.site.markup import Html, escape, slug
from annotator.toml_file import Toml

if TYPE_CHECKING:
    from collections.abc import Callable

    from annotator.model.reference import LineNote
    from annotator.site.footnotes import Fault

_FENCE = "+++"
_NOTATION = re.compile(r"`([^`\n:]+\.go)::([^`\n#]+)`")


class MarkdownText(msgspec.Struct, frozen=True):
    """A text of our own.

    Attributes:
        name: Its file's name without suffix, `pages/` before it unless it is a chapter; `home` and `errata`
            have pages of their own.
        number: The section of the article that it accompanies, empty if it is no chapter.
        title: Its heading, plain text.
        summary: One sentence for lists and search engines, plain text.
        body: Markdown; `` `path::Symbol` `` becomes a link where the symbol has a place.
        line: 1-based line of the file at which the body begins.
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
        notes: Its footnotes, which explain lines of source, in the order of their first use.
        faults: What is wrong with its footnotes.
    """

    name: str
    number: str
    title: str
    summary: str
    body: str
    line: int = 1
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
    notes: tuple[LineNote, ...] = ()
    faults: tuple[Fault, ...] = ()


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
    """

    name: str
    says: str
    also: tuple[str, ...] = ()
    chapters: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All its forms."""
        return self.name, *self.also

    @property
    def anchor(self) -> str:
        """Its anchor on the page of the glossary."""
        return slug(self.name.lower().replace(" ", "-"))


class SymbolMention(msgspec.Struct, frozen=True):
    """A symbol that a text names, at a 1-based line of its file."""

    path: str
    symbol: str
    line: int


class _FrontMatter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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


def parse(name: str, text: str) -> MarkdownText:
    """Return the text of one file, `name` being the file's name without its suffix.

    Raises:
        InvalidInput: The head is missing or does not fit.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0] != _FENCE or _FENCE not in lines[1:]:
        raise InvalidInput(f"{name}.md:1: begin with a head between two lines of {_FENCE}, in TOML")
    end = lines.index(_FENCE, 1)
    first = next((at for at in range(end + 1, len(lines)) if lines[at]), end)
    body = "\n".join(lines[first:]).rstrip("\n") if first > end else ""
    noted = footnotes.read(name, body, first + 1)
    head = Toml(f"{name}.md", "\n".join(lines[1:end]).encode(errors="replace"), first=2).convert(_FrontMatter)
    return MarkdownText(
        name=name,
        number=head.number,
        title=head.title,
        summary=head.summary,
        body=noted.body,
        line=first + 1,
        section=head.section,
        order=head.order,
        shows=head.shows,
        example=head.example,
        picture=head.picture,
        packages=head.packages,
        locks=head.locks,
        figures=head.figures,
        boost=head.boost,
        terms=head.terms,
        notes=noted.notes,
        faults=noted.faults,
    )


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
