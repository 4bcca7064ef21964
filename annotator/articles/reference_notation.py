"""The notation `path::Symbol#L38`."""

from __future__ import annotations

import re
import unicodedata

from annotator.errors import InvalidInput
from annotator.model.reference import Reference

LONGEST = 4096
"""Characters that a notation may have; a path of any system is shorter."""

_LINES = re.compile(r"L([0-9]{1,9})(?:-L([0-9]{1,9}))?")


class NotationError(InvalidInput):
    """A notation that cannot be parsed; the message is one sentence."""


def parse(text: str) -> Reference:
    """Parse `path::Symbol`, optionally followed by `#L38` or `#L38-L52`.

    Raises:
        NotationError: It is not of that form; the message is one sentence.
    """
    if len(text) > LONGEST:
        raise NotationError(f"a notation has at most {LONGEST} characters, this one has {len(text)}")
    place, mark, lines = text.strip().partition("#")
    path, colons, symbol = place.partition("::")
    if not colons:
        file, colon, number = path.rpartition(":")
        form = f"{file}::SYMBOL#L{number}" if colon and number.isdecimal() else f"{path}::SYMBOL{mark}{lines}"
        raise NotationError(
            f"{printable(text)!r} has no '::' between a path and a symbol; write {printable(form)}"
        )
    line, end_line = _lines(text, lines) if mark else (None, None)
    source, name = _path(text, path), symbol.strip()
    if not is_symbol(name):
        raise NotationError(
            f"{printable(text)!r}: {printable(name)!r} is not a Go name; "
            "write Func, Type, Type.Method or Func.closure"
        )
    return Reference(path=source, symbol=name, line=line, end_line=end_line, cited=path)


_PLACE = re.compile(r"(?P<path>[^:#]+)(?::|#L)(?P<line>[0-9]{1,9})(?:-L?(?P<end>[0-9]{1,9}))?")


def parse_place(text: str) -> Reference:
    """Parse a notation, or a line of a file: `path:38`, `path:38-52`, `path#L38`, `path#L38-L52`.

    Raises:
        NotationError: It is neither.
    """
    match = _PLACE.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if match is None:
        return parse(text)
    line, end_line = _lines(text, f"L{match['line']}" + (f"-L{match['end']}" if match["end"] else ""))
    return Reference(path=_path(text, match["path"]), line=line, end_line=end_line, cited=match["path"])


def render(path: str, symbol: str | None = None, line: int | None = None, end_line: int | None = None) -> str:
    """Return the notation of a place; `parse` reads it back if it has a symbol."""
    name = f"::{symbol}" if symbol else ""
    if line is None:
        return f"{path}{name}"
    return f"{path}{name}#L{line}" + (f"-L{end_line}" if end_line is not None else "")


def of(reference: Reference) -> str:
    """Return the notation of a reference."""
    return render(reference.path, reference.symbol, reference.line, reference.end_line)


def is_symbol(text: str) -> bool:
    """Return whether a text is a Go name, or several joined by dots."""
    return all(part.isidentifier() for part in text.split("."))


def printable(text: str) -> str:
    """Return the text without control, format and private characters, which a terminal may act on."""
    if text.isprintable():
        return text
    return "".join(char for char in text if not unicodedata.category(char).startswith("C"))


def normalise(path: str, prefixes: tuple[str, ...] = (), modules: tuple[str, ...] = ()) -> str | None:
    """Return a path from the repository's root, or None if it leaves the repository.

    Args:
        path: The path as cited; an absolute one must go through one of the modules or prefixes.
        prefixes: Folders that are the repository's root elsewhere (`components/engine`).
        modules: Go import paths of the root (`github.com/docker/docker`), with `@version` or not.
    """
    if not path or "\\" in path or printable(path) != path:
        return None
    rooted, parts = _below_module(path, modules)
    plain = joined("", "/".join(parts))
    if plain is None:
        return None
    kept = plain.split("/")
    below = _below_prefix(kept, prefixes)
    if path.startswith("/") and not rooted and below is kept:
        return None
    return "/".join(below) or None


def _below_module(path: str, modules: tuple[str, ...]) -> tuple[bool, list[str]]:
    """Return whether the path goes through a module, and its parts below that module's root."""
    parts = [part for part in path.split("/") if part]
    for module in sorted(modules, key=len, reverse=True):
        names = module.split("/")
        # A build's own GOPATH can lie in the tree, so the last one counts.
        for start in reversed(range(len(parts) - len(names))):
            found = parts[start : start + len(names)]
            found[-1] = found[-1].partition("@")[0]
            # Below vendor/ stands somebody's copy, which is a path of its own.
            if found == names and "vendor" not in parts[:start]:
                return True, parts[start + len(names) :]
    return False, parts


def joined(folder: str, path: str) -> str | None:
    """Return a path that is relative to a folder from the root, or None if it leaves the root."""
    kept = [part for part in folder.split("/") if part]
    for part in path.split("/"):
        if part == "..":
            if not kept:
                return None
            kept.pop()
        elif part not in {"", "."}:
            kept.append(part)
    return "/".join(kept)


def _below_prefix(parts: list[str], prefixes: tuple[str, ...]) -> list[str]:
    """Return the parts below a prefix: one of several folders anywhere, one of a single folder in front."""
    for prefix in prefixes:
        names = [name for name in prefix.split("/") if name]
        places = range(len(parts) - len(names)) if len(names) > 1 else range(min(1, len(parts) - 1))
        for start in places:
            if parts[start : start + len(names)] == names and "vendor" not in parts[:start]:
                return parts[start + len(names) :]
    return parts


def _path(text: str, path: str) -> str:
    found = normalise(path.strip())
    if found is None:
        raise NotationError(
            f"{printable(text)!r}: its path must lead from the repository's root to a file in it"
        )
    return found


def _lines(text: str, lines: str) -> tuple[int, int | None]:
    match = _LINES.fullmatch(lines.strip())
    if match is None:
        raise NotationError(
            f"{printable(text)!r}: lines are written #L38 or #L38-L52, not '#{printable(lines)}'"
        )
    line, end_line = int(match[1]), int(match[2]) if match[2] else None
    if line < 1 or (end_line is not None and end_line < line):
        raise NotationError(f"{printable(text)!r}: lines count from 1 and a range ends after it starts")
    return line, end_line
