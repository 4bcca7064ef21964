"""HTML escaping and relative links."""

from __future__ import annotations

import hashlib
import posixpath
import re
import urllib.parse
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNPLAIN = re.compile(r"[^A-Za-z0-9_.-]")
_TAKEN = frozenset({"index", "readme"})
_LONGEST = 80


@lru_cache(maxsize=65536)
def slug(text: str) -> str:
    """Return the text as one part of an address, different for different texts.

    Letters, digits, `_`, `-` and `.` stay, others become `~` and their number; names to which a
    web server, mkdocs or its theme gives a meaning are set apart; very long ones end in a digest.
    """
    plain = _UNPLAIN.sub(lambda match: f"~{ord(match[0]):x}~", text)
    if plain.startswith((".", "__")) or plain.lower() in _TAKEN:
        plain = "~" + plain
    if len(plain) <= _LONGEST:
        return plain
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{plain[:_LONGEST]}~{digest[:16]}"


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names with numbers on repeated ones, ignoring case as some file systems do."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name.lower()] += 1
        count = seen[name.lower()]
        stem = name.removesuffix(".md")
        found.append(name if count == 1 else f"{stem}~{count}{name[len(stem) :]}")
    return tuple(found)


@lru_cache(maxsize=262144)
def href(page: str, target: str, anchor: str = "") -> str:
    """Return the relative address of a page, seen from another; both are paths with `.md`."""
    if page == target:
        return f"#{anchor}" if anchor else posixpath.basename(built(page))
    path = _relative(built(target), posixpath.dirname(page))
    return f"{path}#{anchor}" if anchor else path


@lru_cache(maxsize=65536)
def _relative(path: str, folder: str) -> str:
    return posixpath.relpath(path, folder or ".")


def built(page: str) -> str:
    """Return the path under which a page is served."""
    return page.removesuffix(".md") + ".html"


_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ")
# Chinese: quotation marks, dashes and ellipses, other marks, characters, and wide forms.
_CHINESE = r"\u2014\u2018\u2019\u201c\u201d\u2026\u3001-\u303f\u3400-\u9fff\uff01-\uff0f\uff1a-\uff1f"
_IS_CHINESE = re.compile(f"[{_CHINESE}]")
_UNSAFE_IN_LABEL = re.compile(rf"[^\w .,:;()/+'{_CHINESE}-]")
_WEB = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.:-]*(/.*)?", re.DOTALL)
_CONTROLS = frozenset(range(0x20)) - {0x09, 0x0A} | frozenset(range(0x7F, 0xA0))
_DIRECTION = frozenset({*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C})


class Html(Markup):
    """Safe HTML; text that is joined or formatted into it is escaped first."""

    __slots__ = ()

    @classmethod
    def escape(cls, s: Any, /) -> Html:
        """Return `s` itself if it is HTML, else its text with each special character as `&#N;`."""
        # Not by way of the class: what it would ask of a text is answered here.
        return str.__new__(cls, s) if isinstance(s, Markup) else _escaped(str(s))


def escape(text: object) -> Html:
    """Return the text as HTML in which all but `[A-Za-z0-9 ]` and Chinese is a numeric reference.

    Markdown, Jinja and mkdocs find nothing to act on, blank lines cannot end an HTML block, and a
    tab stays a tab. Characters that reverse the reading direction are shown by their number, for
    source must read as the compiler reads it; control characters become U+FFFD.
    """
    return _escaped(text) if type(text) is str else Html.escape(text)


@lru_cache(maxsize=65536)
def _escaped(text: str) -> Html:
    return str.__new__(Html, text.translate(_REFERENCES))


def label(text: object) -> Html:
    """Return the text for a page's head, which is no Markdown but which themes escape once more, or not.

    Only what could end a YAML string or act in HTML is a reference, so that ordinary titles read
    well either way.
    """
    return Html(_UNSAFE_IN_LABEL.sub(lambda match: _numbered(ord(match[0])), str(text)))


def ticked(text: str) -> Html:
    """Return the text as HTML, with text between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return join(Html("<code>%s</code>") % part if at % 2 else escape(part) for at, part in enumerate(parts))


def breakable(name: str) -> Html:
    """Return a name or path as HTML that a narrow page breaks only after a point or a slash."""
    return join(
        Html("%s<wbr>") % part if part in (".", "/") else escape(part) for part in re.split(r"([./])", name)
    )


def join(parts: Iterable[str]) -> Html:
    """Return the parts one after another, each escaped unless it is HTML."""
    return Html("").join(parts)


def web(address: str) -> str:
    """Return the address if it is one of the web, else nothing: no other scheme may become a link."""
    return address if _WEB.fullmatch(address) else ""


def quote(path: str) -> str:
    """Return a path of a repository as part of an address."""
    return urllib.parse.quote(path.encode("utf-8", "surrogateescape"), safe="/")


class _References(dict[int, str]):
    """Character references by the character's number, created on first use."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        found = letter if letter in _PLAIN or _IS_CHINESE.match(letter) else _numbered(code)
        self[code] = found
        return found


_REFERENCES = _References()


def _numbered(code: int) -> str:
    if code in _DIRECTION:
        return f"&#91;U&#43;{code:04X}&#93;"
    if code in _CONTROLS or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - the surrogates
        code = 0xFFFD
    return f"&#{code};"
