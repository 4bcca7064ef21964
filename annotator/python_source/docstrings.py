"""`Go:` and `Differs:` sections of docstrings (griffe), and the lines of code without docstrings."""

from __future__ import annotations

import codecs
import hashlib
import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path

import griffe
import msgspec

from annotator.articles import reference_notation
from annotator.model.port import Counterpart, Difference
from annotator.model.reference import Problem, Reference
from annotator.python_source.modules import SourceFile, docstrings_of

DIFFERENCES = frozenset(
    {"field", "method", "param", "result", "error", "call", "order", "extra", "behaviour"}
)

_HEADER = re.compile(r"(?P<name>Go|Differs):\s*(?P<inline>\S.*)?")
_BETWEEN_COMMAS = re.compile(r"[^,\s][^,]*")
_ITEM = re.compile(r"(?P<kind>\w+) (?P<names>[^:]*[^:\s]): (?P<reason>\S.*)")


class DocstringIndex(msgspec.Struct, frozen=True):
    """The counterparts in Python files, and problems in their docstrings."""

    counterparts: tuple[Counterpart, ...] = ()
    remarks: tuple[Problem, ...] = ()


class _DocstringLine(msgspec.Struct, frozen=True):
    number: int
    indent: int
    text: str


def read_docstrings(files: Iterable[SourceFile]) -> DocstringIndex:
    """Read the counterparts in some files of packages; nothing is imported or run."""
    remarks: list[Problem] = []
    counterparts: list[Counterpart] = []
    extensions = griffe.load_extensions()
    for file in files:
        if b"Go:" not in file.data and b"Differs:" not in file.data:
            continue
        module = _module(file, extensions)
        listed = _split(_sections(module.docstring).get("Go", []))
        originals = tuple(line.text for line in listed if _is_file(line))
        entries = (_counterpart(entry, file.path, originals, remarks) for entry in _objects(module))
        counterparts += (counterpart for counterpart in entries if counterpart is not None)
    return DocstringIndex(tuple(counterparts), tuple(remarks))


def _module(file: SourceFile, extensions: griffe.Extensions) -> griffe.Module:
    path, code = Path(file.path), file.data.decode("utf-8-sig")
    lines = griffe.LinesCollection()
    lines[path] = code.splitlines()
    # `griffe.visit` would parse the code again, which takes two thirds of its time.
    visitor = griffe.Visitor(file.module, path, code, extensions, lines_collection=lines)
    visitor.visit(file.tree)
    return visitor.current.module


def _objects(module: griffe.Module) -> Iterator[griffe.Object]:
    pending: list[griffe.Object] = [module]
    while pending:
        entry = pending.pop(0)
        yield entry
        pending.extend(m for m in entry.members.values() if isinstance(m, griffe.Object))


def _is_file(line: _DocstringLine) -> bool:
    return "::" not in line.text and line.text.endswith(".go")


def _split(lines: Iterable[_DocstringLine]) -> list[_DocstringLine]:
    """Split lines at their commas; each part keeps its column."""
    return [
        _DocstringLine(line.number, line.indent + name.start(), name[0].strip())
        for line in lines
        for name in _BETWEEN_COMMAS.finditer(line.text)
    ]


def _counterpart(
    entry: griffe.Object, file: str, originals: tuple[str, ...], remarks: list[Problem]
) -> Counterpart | None:
    sections = _sections(entry.docstring)
    lines = _split(sections.get("Go", []))
    if entry.is_module:
        lines = [line for line in lines if not _is_file(line)]
    mirrors = tuple(_mirrors(lines, entry.path, file, remarks))
    differences = tuple(_differences(sections.get("Differs", []), file, remarks))
    is_named_for_original = not mirrors and bool(originals) and _is_public(entry)
    if differences and not mirrors and not is_named_for_original:
        message = f"{entry.path} says how it differs, but not from what: add a `Go:` line"
        remarks.append(Problem(file, differences[0].line, message, "differs-without-go"))
    if not mirrors and not is_named_for_original:
        return None
    return Counterpart(
        name=entry.path,
        kind=entry.kind.value,
        path=file,
        line=entry.lineno or 1,
        mirrors=mirrors,
        differences=differences,
        files=() if mirrors else originals,
    )


def _is_public(entry: griffe.Object) -> bool:
    """Return whether a class, method or function is public, and so is all that contains it."""
    is_definition = entry.is_class or entry.is_function
    return is_definition and not any(part.startswith("_") for part in entry.path.split("."))


def _sections(docstring: griffe.Docstring | None) -> dict[str, list[_DocstringLine]]:
    """Return the bodies of the `Go:` and `Differs:` sections; a body may begin on the header's own line."""
    if docstring is None:
        return {}
    lines = [
        _DocstringLine(number, len(text) - len(text.lstrip()), text.strip())
        for number, text in enumerate(docstring.source.splitlines(), docstring.lineno or 1)
    ]
    sections: dict[str, list[_DocstringLine]] = {}
    for at, line in enumerate(lines):
        header = _HEADER.fullmatch(line.text.removesuffix('"""').strip())
        if header is None or at == 0 or (header["inline"] and header["name"] != "Go"):
            continue
        body = list(_body(lines[at + 1 :], line.indent))
        if header["inline"]:
            body.insert(0, _DocstringLine(line.number, line.indent + len("Go: "), header["inline"]))
        sections[header["name"]] = sections.get(header["name"], []) + body
    return sections


def _body(lines: list[_DocstringLine], indent: int) -> Iterator[_DocstringLine]:
    for line in lines:
        text = line.text.removesuffix('"""').removesuffix("'''").strip()
        if text and line.indent <= indent:
            return
        if text:
            yield _DocstringLine(line.number, line.indent, text)


def _mirrors(
    lines: list[_DocstringLine], name: str, file: str, remarks: list[Problem]
) -> Iterator[Reference]:
    for line in lines:
        try:
            reference = reference_notation.parse(line.text)
        except reference_notation.NotationError as error:
            remarks.append(Problem(file, line.number, f"in `Go:` of {name}: {error}", "go-notation"))
            continue
        yield msgspec.structs.replace(
            reference,
            cited=line.text,
            cited_in=name,
            file=file,
            at_line=line.number,
            at_column=line.indent + 1,
            at_end=line.indent + 1 + len(line.text),
        )


def _differences(lines: list[_DocstringLine], file: str, remarks: list[Problem]) -> Iterator[Difference]:
    for item in _items(lines):
        match = _ITEM.fullmatch(item.text)
        kind = _singular(match["kind"]) if match is not None else ""
        if match is None:
            message = f"{item.text!r} is not of the form `KIND NAME[, NAME…]: reason`"
        elif kind not in DIFFERENCES:
            message = f"{match['kind']!r} is not one of {', '.join(sorted(DIFFERENCES))}"
        else:
            names = ",".join(name.strip() for name in match["names"].split(","))
            yield Difference(kind, names, match["reason"], item.number)
            continue
        remarks.append(Problem(file, item.number, f"in `Differs:`: {message}", "differs-item"))


def _singular(kind: str) -> str:
    return kind.removesuffix("s") if kind.removesuffix("s") in DIFFERENCES - {"behaviour"} else kind


def _items(lines: list[_DocstringLine]) -> list[_DocstringLine]:
    """Join the lines of each item: deeper indentation continues the item before."""
    items: list[_DocstringLine] = []
    for line in lines:
        if items and line.indent > items[-1].indent:
            first = items[-1]
            items[-1] = _DocstringLine(first.number, first.indent, f"{first.text} {line.text}")
        else:
            items.append(line)
    return items


_SECTION = re.compile(r"\s*(?:Go|Differs):(?:\s|$)")


def section_lines(file: SourceFile) -> tuple[int, ...]:
    """Return the lines of a file on which docstrings name originals and differences, in order."""
    lines = file.data.decode("utf-8-sig").splitlines()
    found: set[int] = set()
    for docstring in docstrings_of(file.tree):
        found |= _section_lines(lines, docstring.lineno, docstring.end_lineno or docstring.lineno)
    return tuple(sorted(found))


def _section_lines(lines: list[str], first: int, last: int) -> set[int]:
    found: set[int] = set()
    indent: int | None = None
    # The first line is the summary; the last one closes the docstring.
    for number in range(first + 1, last):
        line = lines[number - 1]
        depth = len(line) - len(line.lstrip())
        if _SECTION.match(line):
            indent = depth
        elif line.strip() and indent is not None and depth <= indent:
            indent = None
        if indent is not None:
            found.add(number)
    # A section takes the blank lines before it along, unless text follows it.
    for number in range(last - 1, first, -1):
        if not lines[number - 1].strip() and (number + 1 in found or number + 1 == last):
            found.add(number)
    return found


class NumberedCode:
    """The lines of code of some files.

    A changed docstring changes neither the fingerprint nor the number of a line of code. So what ran need
    not run again if its lines were recorded by their numbers.

    Attributes:
        fingerprint: Changes with what the files do, not with what their docstrings say.
    """

    def __init__(self, files: Iterable[SourceFile]) -> None:
        digest = hashlib.sha256(sys.version.encode())
        self._lines: dict[str, list[int]] = {}
        for file in files:
            lines = _without_docstrings(file)
            # An empty line counts, as it may stand in a text that is printed.
            kept = [line for line in lines if line is not None]
            digest.update(b"\n".join([file.path.encode(), *kept, b""]))
            self._lines[file.path] = [line for line, text in enumerate(lines, 1) if text and text.strip()]
        self.fingerprint = digest.hexdigest()

    def number(self, path: str, line: int) -> int:
        """Return the number of a line of a file; for a docstring, that of the line of code before it.

        A function whose body is a docstring runs the line of that.
        """
        return max(0, bisect_right(self._lines[path], line) - 1) if path in self._lines else line

    def line(self, path: str, number: int) -> int:
        """Return the line with a number."""
        lines = self._lines.get(path)
        return lines[min(number, len(lines) - 1)] if lines else number


def _without_docstrings(file: SourceFile) -> list[bytes | None]:
    """Return the lines of a file without its docstrings; None for lines that held nothing else."""
    lines: list[bytes | None] = [*file.data.removeprefix(codecs.BOM_UTF8).splitlines()]
    for docstring in reversed(docstrings_of(file.tree)):  # so that the places of those before it hold
        first, last = docstring.lineno - 1, (docstring.end_lineno or docstring.lineno) - 1
        before, after = lines[first] or b"", lines[last] or b""
        rest = before[: docstring.col_offset].rstrip() + after[docstring.end_col_offset :]
        lines[first : last + 1] = [rest if rest.strip() else None, *[None] * (last - first)]
    return lines
