"""A walk over built pages that finds every link that leads nowhere."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LINKS = ("href", "src", "xlink:href")
_NAMES = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
_OUTSIDE = frozenset({"http", "https", "mailto"})
_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]+)?")
_PAINT = re.compile(r"url\(#([^)]+)\)")
_ERROR_PAGE = "404.html"


class Broken(msgspec.Struct, frozen=True, order=True):
    """A link that leads nowhere: the page it is on, the address as it stands there, and why."""

    page: str
    link: str
    why: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.page}: {self.link}: {self.why}"


class _Reader(HTMLParser):
    """The anchors of a page, and what it links to."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: Counter[str] = Counter()
        self.names: set[str] = set()
        self.links: dict[str, None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids[value or ""] += 1
            elif name == "name" and tag == "a":
                self.names.add(value or "")
            elif name in _LINKS:
                self.links[value or ""] = None
            elif name in _NAMES:
                self.links.update({f"#{one}": None for one in (value or "").split()})
            else:
                self.links.update({f"#{one}": None for one in _PAINT.findall(value or "")})

    @property
    def anchors(self) -> set[str]:
        return {*self.ids, *self.names}


def walk(folder: Path) -> tuple[Broken, ...]:
    """Everything broken on the pages below a folder of built HTML, in order of the pages.

    A link inside the site must lead to a file, and its fragment to an element there; a link that
    leaves it must have the shape of a web address. On one page no two elements have the same id.
    """
    pages = {file.relative_to(folder).as_posix(): _read(file) for file in sorted(folder.rglob("*.html"))}
    return tuple(sorted(broken for page in pages for broken in _broken(page, pages, folder)))


def _read(file: Path) -> _Reader:
    reader = _Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    reader.close()
    return reader


def _broken(page: str, pages: Mapping[str, _Reader], folder: Path) -> Iterator[Broken]:
    reader = pages[page]
    for identity, count in reader.ids.items():
        if count > 1 or not identity:
            yield Broken(page, f"#{identity}", f"{count} elements have this id")
    for link in reader.links:
        if why := _fault(link, page, pages, folder):
            yield Broken(page, link, why)


def _fault(link: str, page: str, pages: Mapping[str, _Reader], folder: Path) -> str:
    """Why a link is broken; empty if it is not."""
    try:
        parts = urlsplit(link)
    except ValueError as error:
        return str(error)
    if parts.scheme or parts.netloc:
        good = parts.scheme in _OUTSIDE and (parts.scheme == "mailto" or _HOST.fullmatch(parts.netloc))
        return "" if good else "not an address of the web"
    if page.rpartition("/")[2] == _ERROR_PAGE and parts.path.startswith("/"):
        return _missing(parts.path.lstrip("/"), unquote(parts.fragment), pages, folder)
    path = _resolve(page, unquote(parts.path))
    return "leads out of the site" if path is None else _missing(path, unquote(parts.fragment), pages, folder)


def _missing(path: str, fragment: str, pages: Mapping[str, _Reader], folder: Path) -> str:
    target = path if path in pages or (folder / path).is_file() else f"{path}/index.html".lstrip("/")
    if target not in pages and not (folder / target).is_file():
        return "no such page"
    if fragment and target in pages and fragment not in pages[target].anchors:
        return "no such place on the page"
    return ""


def _resolve(page: str, path: str) -> str | None:
    """A relative path from a page, as a path below the site; None if it leaves it."""
    if not path:
        return page
    if path.startswith("/"):
        return None
    at = page.split("/")[:-1]
    for part in path.split("/"):
        if part == "..":
            if not at:
                return None
            at.pop()
        elif part not in {"", "."}:
            at.append(part)
    return "/".join(at)
