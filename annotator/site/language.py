"""The language of the pages that are being made: `_` translates a message of ours into it.

English messages are their own keys. The other languages have a catalogue each, in gettext's format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import msgspec
from babel import Locale
from babel.messages.pofile import PoFileError, read_po

from annotator.errors import InvalidInput
from annotator.site.markup import Html

ENGLISH = "en"

CATALOGUES = Path(__file__).with_name("catalogues")
"""The folder of the catalogues, each named by the code of its language."""


DOCUMENTS = "docs"
"""The folder of the English pages in a site's folder; those of other languages have its code in addition."""


def documents_folder(code: str) -> str:
    """Return the name of the folder of a language's pages in a site's folder."""
    return DOCUMENTS if code == ENGLISH else f"{DOCUMENTS}-{code}"


def html_folder(code: str) -> str:
    """Return the folder of a language's HTML, with a slash, seen from that of the English pages."""
    return "" if code == ENGLISH else f"{code}/"


class Language(msgspec.Struct, frozen=True):
    """A language and its messages; a message that has no translation stays English.

    Attributes:
        code: Its code in HTML, such as `zh`.
        name: Its own name for itself, which a switch shows.
        messages: The translations by the English messages.
        plurals: The translations of messages that depend on a number, by the English singular.
    """

    code: str = ENGLISH
    name: str = "English"
    messages: Mapping[str, str] = {}
    plurals: Mapping[str, tuple[str, ...]] = {}


_ENGLISH = Language()
_ACTIVE: ContextVar[Language] = ContextVar("language", default=_ENGLISH)


def known() -> tuple[str, ...]:
    """Return the codes of all languages that have a catalogue."""
    return tuple(sorted(file.stem for file in CATALOGUES.glob("*.po")))


@cache
def language(code: str) -> Language:
    """Return a language with its catalogue.

    Raises:
        InvalidInput: There is no such catalogue, or it cannot be read.
    """
    if code == ENGLISH:
        return Language()
    file = CATALOGUES / f"{code}.po"
    if not code.isidentifier() or not file.is_file():
        raise InvalidInput(f"there is no language {code!r}; there are: {', '.join(known())}")
    try:
        with file.open("rb") as stream:
            catalogue = read_po(stream, locale=code, abort_invalid=True)
    except (PoFileError, ValueError) as error:
        raise InvalidInput(f"{file.name}: {error}") from error
    messages: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if message.fuzzy or not message.id or not all(forms):
            continue
        if isinstance(message.id, str):
            messages[message.id] = forms[0]
        else:
            plurals[message.id[0]] = forms
    return Language(code, Locale.parse(code).get_display_name() or code, messages, plurals)


WORDS = "assets/words.js"
"""Where the script with the words of the site's scripts is, seen from the pages of a language."""


def words_script(scripts: str) -> bytes:
    """Return a script with the words of the site's scripts, whose text is given, in the active language."""
    used = {key: words for key, words in _ACTIVE.get().messages.items() if f'"{key}"' in scripts}
    return b"globalThis.words = %s;\n" % msgspec.json.encode(used)


@contextmanager
def active(code: str) -> Iterator[None]:
    """Translate messages into a language while the context is open."""
    token = _ACTIVE.set(language(code))
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def active_code() -> str:
    """Return the code of the active language."""
    return _ACTIVE.get().code


def _(message: str, /, **values: object) -> str:
    """Return a message in the active language, with the values of its `%(name)s`."""
    return _ACTIVE.get().messages.get(message, message) % values


def translated(text: str, /) -> str:
    """Return a text that is a value, such as a word or a title, in the active language.

    Unlike a message it has no placeholders, so that it may hold a percent sign.
    """
    return _ACTIVE.get().messages.get(text, text)


def translated_parts(text: str, /) -> str:
    """Return a text that a program made of parts, such as `build, 10 volumes`, in the active language.

    In the message of a part numbers are `{1}`, `{2}` and so on, and the last word may be `{name}`. A part
    without a message stays as it is.
    """
    messages = _ACTIVE.get().messages
    if (whole := _part(messages, text)) is not None:
        return whole
    for separator in ("; ", ": ", ", "):
        parts = text.split(separator, 1)
        words = [translated_parts(part) for part in parts] if len(parts) > 1 else parts
        if words != parts:
            joined = f"{{1}}{separator}{{2}}"
            return _filled(messages.get(joined, joined), words)
    return text


_NUMBER = re.compile(r"[\w.-]*\d(?:[\w.,/%×-]*[\w%×])?")


def _part(messages: Mapping[str, str], text: str) -> str | None:
    numbers = _NUMBER.findall(text)
    places = iter(range(1, len(numbers) + 1))
    if found := messages.get(_NUMBER.sub(lambda _: f"{{{next(places)}}}", text)):
        return _filled(found, numbers)
    *start, name = text.rsplit(" ", 1)
    found = messages.get(f"{''.join(start)} {{name}}")
    return found and found.replace("{name}", name)


def _filled(message: str, values: list[str]) -> str:
    return re.sub(r"\{(\d+)\}", lambda place: values[int(place[1]) - 1], message)


def deferred(message: str, /) -> str:
    """Return a message unchanged; it marks a constant for the catalogue."""
    return message


def plural(one: str, many: str, /, count: int, **values: object) -> str:
    """Return a message that depends on a number, which is its value `count`, in the active language."""
    return _form(one, many, count) % {"count": count, **values}


def _form(one: str, many: str, count: int) -> str:
    forms = _ACTIVE.get().plurals.get(one) or (one, many)
    # Languages with more forms than two are left for the day on which somebody translates into one.
    return forms[0] if count == 1 else forms[-1]


def html(message: str, /, **values: object) -> Html:
    """Return a message that is HTML in the active language; values that are not HTML are escaped."""
    return Html(_ACTIVE.get().messages.get(message, message)) % values


def english(text: str) -> str:
    """Return a text that is never translated, marked as English on a page in another language."""
    if _ACTIVE.get().code == ENGLISH or not text:
        return text
    return Html('<span lang="en">%s</span>') % text


def plural_html(one: str, many: str, count: int, /, **values: object) -> Html:
    """Return a message of HTML that depends on a number; values that are not HTML are escaped."""
    return Html(_form(one, many, count)) % values
