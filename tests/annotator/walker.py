"""A walk over built pages that finds every link that leads nowhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from annotator.model.source import Snapshot

_LINKS = ("href", "src", "xlink:href")
_NAMES = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
_OUTSIDE = frozenset({"http", "https", "mailto"})
_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]+)?")
_PAINT = re.compile(r"url\(#([^)]+)\)")
_PERMALINK = re.compile(r"/blob/[^/]+/[^/]")
_LINES = re.compile(r"L([1-9][0-9]*)(?:-L([1-9][0-9]*))?")
_ERROR_PAGE = "404.html"


class Broken(msgspec.Struct, frozen=True, order=True):
    """A link that leads nowhere: the page it is on, the address as it stands there, and why."""

    page: str
    link: str
    why: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.page}: {self.link}: {self.why}"


class Known(msgspec.Struct, frozen=True):
    """Files on the web that are at hand as well.

    Attributes:
        address: What their addresses begin with, up to a slash.
        lines: How many lines the file has whose address goes on like this; None if there is no such file.
    """

    address: str
    lines: Callable[[str], int | None]


def snapshots(address: str, at: Callable[[str], Snapshot | None]) -> Known:
    """The files of a repository at any ref, where an address goes on with the ref and the file's path.

    Args:
        address: What comes before the ref: `https://github.com/moby/moby/blob/`.
        at: The repository at a ref; None if it has none by that name.
    """
    find = cache(at)

    @cache
    def lines(rest: str) -> int | None:
        ref, _, path = rest.partition("/")
        found = find(ref)
        return None if found is None else _lines(found, path)

    return Known(address, lines)


def snapshot(address: str, found: Snapshot) -> Known:
    """The files of a repository at one ref, where an address goes on with the file's path.

    Of other refs nothing is said: a release from Debian is all that is at hand of a repository.
    """
    return Known(address, cache(partial(_lines, found)))


def checkout(address: str, folder: Path) -> Known:
    """The files below a folder, where an address goes on with the file's path."""

    @cache
    def lines(path: str) -> int | None:
        file = folder / path
        inside = file.resolve().is_relative_to(folder.resolve())
        return _count(file.read_bytes()) if inside and file.is_file() else None

    return Known(address, lines)


def _lines(found: Snapshot, path: str) -> int | None:
    return _count(found.read([path])[path]) if path in found.files else None


def _count(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n"))


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


def walk(folder: Path, known: Iterable[Known] = ()) -> tuple[Broken, ...]:
    """Everything broken on the pages below a folder of built HTML, in order of the pages.

    A link inside the site must lead to a file, and its fragment to an element there; a link that
    leaves it must have the shape of a web address, and that of a permalink if it is one. On one page no
    two elements have the same id.

    Args:
        folder: Where the pages are.
        known: Files on the web of which it is known what there is: a link to them must lead to a file, and
            to lines of it.
    """
    site = _Site(folder, tuple(known))
    return tuple(sorted(broken for page in site.pages for broken in site.broken(page)))


def _read(file: Path) -> _Reader:
    reader = _Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    reader.close()
    return reader


class _Site:
    """Pages below a folder, by path, and what is known of what they link to."""

    def __init__(self, folder: Path, known: tuple[Known, ...]) -> None:
        self._folder = folder
        self._known = known
        files = sorted(folder.rglob("*.html"))
        self.pages = {file.relative_to(folder).as_posix(): _read(file) for file in files}

    def broken(self, page: str) -> Iterator[Broken]:
        """What is broken on a page."""
        reader = self.pages[page]
        for identity, count in reader.ids.items():
            if count > 1 or not identity:
                yield Broken(page, f"#{identity}", f"{count} elements have this id")
        for link in reader.links:
            if why := self._fault(link, page):
                yield Broken(page, link, why)

    def _fault(self, link: str, page: str) -> str:
        """Why a link is broken; empty if it is not."""
        try:
            parts = urlsplit(link)
        except ValueError as error:
            return str(error)
        if parts.scheme or parts.netloc:
            good = parts.scheme in _OUTSIDE and (parts.scheme == "mailto" or _HOST.fullmatch(parts.netloc))
            return self._outside(link) if good else "not an address of the web"
        if page.rpartition("/")[2] == _ERROR_PAGE and parts.path.startswith("/"):
            return self._missing(parts.path.lstrip("/"), unquote(parts.fragment))
        path = _resolve(page, unquote(parts.path))
        return "leads out of the site" if path is None else self._missing(path, unquote(parts.fragment))

    def _outside(self, link: str) -> str:
        """Why a link that leaves the site is broken, as far as that is known here."""
        file, _, fragment = link.partition("#")
        for one in self._known:
            if file.startswith(one.address):
                lines = one.lines(unquote(file.removeprefix(one.address)))
                return "no such file there" if lines is None else _beyond(fragment, lines)
        return _beyond(fragment, None) if _PERMALINK.search(file) else ""

    def _missing(self, path: str, fragment: str) -> str:
        here = path in self.pages or (self._folder / path).is_file()
        target = path if here else f"{path}/index.html".lstrip("/")
        if target not in self.pages and not (self._folder / target).is_file():
            return "no such page"
        if fragment and target in self.pages and fragment not in self.pages[target].anchors:
            return "no such place on the page"
        return ""


def _beyond(fragment: str, lines: int | None) -> str:
    """Why a fragment does not name lines of a file; nothing is known of its length without `lines`."""
    if not fragment:
        return ""
    match = _LINES.fullmatch(fragment)
    if match is None:
        return "not the lines of a file"
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        return "lines that end before they begin"
    return f"the file has {lines} lines" if lines is not None and last > lines else ""


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
