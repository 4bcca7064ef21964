"""Python packages as text: which Go symbols their docstrings say they mirror, and how they differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import griffe
import msgspec

from annotator.errors import InvalidInput
from annotator.model import Counterpart, Difference, Reference, Remark
from annotator.reading import notation

DIFFERENCES = frozenset(
    {"field", "method", "param", "result", "error", "call", "order", "extra", "behaviour"}
)

_HEADER = re.compile(r"(?P<name>Go|Differs):\s*")
_ITEM = re.compile(r"(?P<kind>\w+) (?P<name>\S+): (?P<reason>\S.*)")


class Package(msgspec.Struct, frozen=True):
    """What a Python package says of its Go originals, and what in it does not fit the grammar."""

    counterparts: tuple[Counterpart, ...]
    remarks: tuple[Remark, ...]


class _Line(msgspec.Struct, frozen=True):
    number: int
    indent: int
    text: str


def read(folder: Path, root: Path) -> Package:
    """The counterparts of a package, read as text: nothing of it is imported or run.

    Args:
        folder: The package's folder.
        root: The project's root; files are named from it.

    Raises:
        InvalidInput: There is no such package, or a file of it is not Python.
    """
    return joined(read_file(path, folder, root) for path in files(folder))


def files(folder: Path) -> list[Path]:
    """The files of a package, in order.

    Raises:
        InvalidInput: There is no such package.
    """
    if not folder.is_dir():
        raise InvalidInput(f"{folder}: no such Python package; correct `packages` in the settings")
    return sorted(folder.rglob("*.py"))


def read_file(path: Path, folder: Path, root: Path) -> Package:
    """The counterparts in one file of the package in a folder.

    Raises:
        InvalidInput: It is not Python.
    """
    remarks: list[Remark] = []
    file = path.relative_to(root).as_posix()
    entries = (_counterpart(entry, file, remarks) for entry in _objects(_module(path, folder)))
    counterparts = tuple(found for found in entries if found is not None)
    return Package(counterparts, tuple(remarks))


def joined(parts: Iterable[Package]) -> Package:
    """What several files or packages say, as one."""
    every = tuple(parts)
    return Package(
        tuple(counterpart for part in every for counterpart in part.counterparts),
        tuple(remark for part in every for remark in part.remarks),
    )


def _module(path: Path, package: Path) -> griffe.Module:
    inside = path.relative_to(package.parent).with_suffix("").parts
    name = ".".join(inside[:-1] if inside[-1] == "__init__" else inside)
    lines = griffe.LinesCollection()
    try:
        code = path.read_text(encoding="utf-8")
        lines[path] = code.splitlines()
        return griffe.visit(name, filepath=path, code=code, lines_collection=lines)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise InvalidInput(f"{path}:{line}: not Python that can be read: {error}") from error


def _objects(module: griffe.Module) -> Iterator[griffe.Object]:
    pending: list[griffe.Object] = [module]
    while pending:
        entry = pending.pop(0)
        yield entry
        pending.extend(m for m in entry.members.values() if isinstance(m, griffe.Object))


def _counterpart(entry: griffe.Object, file: str, remarks: list[Remark]) -> Counterpart | None:
    if entry.docstring is None:
        return None
    sections = dict(_sections(entry.docstring))
    mirrors = tuple(_mirrors(sections.get("Go", []), entry.path, file, remarks))
    differences = tuple(_differences(sections.get("Differs", []), file, remarks))
    if differences and not mirrors:
        message = f"{entry.path} says how it differs, but not from what: add a `Go:` section"
        remarks.append(Remark(file, differences[0].line, message, "differs-without-go"))
    if not mirrors:
        return None
    return Counterpart(
        name=entry.path,
        kind=entry.kind.value,
        path=file,
        line=entry.lineno or 1,
        end_line=entry.endlineno or entry.lineno or 1,
        mirrors=mirrors,
        differences=differences,
    )


def _lines(docstring: griffe.Docstring) -> list[_Line]:
    """The docstring's lines by their numbers in the file."""
    first = docstring.lineno or 1
    source = docstring.source.splitlines()
    return [
        _Line(first + number, len(text) - len(text.lstrip()), text.strip())
        for number, text in enumerate(source)
    ]


def _sections(docstring: griffe.Docstring) -> Iterator[tuple[str, list[_Line]]]:
    """The bodies of the `Go:` and `Differs:` sections."""
    lines = _lines(docstring)
    for at, line in enumerate(lines):
        header = _HEADER.fullmatch(line.text)
        if header is not None and at > 0:
            yield header["name"], list(_body(lines[at + 1 :], line.indent))


def _body(lines: list[_Line], indent: int) -> Iterator[_Line]:
    for line in lines:
        text = line.text.removesuffix('"""').removesuffix("'''").strip()
        if text and line.indent <= indent:
            return
        if text:
            yield _Line(line.number, line.indent, text)


def _mirrors(lines: list[_Line], name: str, file: str, remarks: list[Remark]) -> Iterator[Reference]:
    for line in lines:
        try:
            reference = notation.parse(line.text)
        except notation.NotationError as error:
            remarks.append(Remark(file, line.number, f"in `Go:` of {name}: {error}", "go-notation"))
            continue
        yield msgspec.structs.replace(
            reference,
            cited=line.text,
            origin=name,
            file=file,
            at_line=line.number,
            at_column=line.indent + 1,
            at_end=line.indent + 1 + len(line.text),
        )


def _differences(lines: list[_Line], file: str, remarks: list[Remark]) -> Iterator[Difference]:
    for item in _items(lines):
        found = _ITEM.fullmatch(item.text)
        if found is None:
            message = f"{item.text!r} is not of the form `KIND NAME: reason`"
        elif found["kind"] not in DIFFERENCES:
            message = f"{found['kind']!r} is not one of {', '.join(sorted(DIFFERENCES))}"
        else:
            yield Difference(found["kind"], found["name"], found["reason"], item.number)
            continue
        remarks.append(Remark(file, item.number, f"in `Differs:`: {message}", "differs-item"))


def _items(lines: list[_Line]) -> Iterator[_Line]:
    """One line an item: what is indented deeper than the first item goes on with the one before."""
    pending: _Line | None = None
    for line in lines:
        if pending is not None and line.indent > pending.indent:
            pending = _Line(pending.number, pending.indent, f"{pending.text} {line.text}")
            continue
        if pending is not None:
            yield pending
        pending = line
    if pending is not None:
        yield pending
