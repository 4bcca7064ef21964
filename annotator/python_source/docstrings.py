"""`Go:` and `Differs:` sections of docstrings (griffe)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import griffe
import msgspec

from annotator.articles import notation
from annotator.errors import InvalidInput
from annotator.model.port import Counterpart, Difference
from annotator.model.reference import Problem, Reference

DIFFERENCES = frozenset(
    {"field", "method", "param", "result", "error", "call", "order", "extra", "behaviour"}
)

_PLURALS = {f"{kind}s": kind for kind in DIFFERENCES - {"behaviour"}}

_HEADER = re.compile(r"(?P<name>Go|Differs):\s*(?P<inline>\S.*)?")
_ITEM = re.compile(r"(?P<kind>\w+) (?P<names>[^:]*[^:\s]): (?P<reason>\S.*)")


class Package(msgspec.Struct, frozen=True):
    """The counterparts of a Python package, and problems in its docstrings."""

    counterparts: tuple[Counterpart, ...]
    remarks: tuple[Problem, ...]


class _Line(msgspec.Struct, frozen=True):
    number: int
    indent: int
    text: str


def read(folder: Path, root: Path) -> Package:
    """Read the counterparts of a package from its text; nothing is imported or run.

    Args:
        folder: The package's folder.
        root: The project's root; files are named from it.

    Raises:
        InvalidInput: There is no such package, or a file of it is not Python.
    """
    return joined(read_file(path, folder, root) for path in files(folder))


def files(folder: Path) -> list[Path]:
    """Return the files of a package, in order.

    Raises:
        InvalidInput: There is no such package.
    """
    if not folder.is_dir():
        raise InvalidInput(f"{folder}: no such Python package; correct `packages` in the settings")
    return sorted(folder.rglob("*.py"))


def read_file(path: Path, folder: Path, root: Path) -> Package:
    """Read the counterparts of one file of the package in a folder.

    Raises:
        InvalidInput: The file is not Python.
    """
    remarks: list[Problem] = []
    file = path.relative_to(root).as_posix()
    module = _module(path, folder)
    originals = _original_files(module)
    entries = (_counterpart(entry, file, originals, remarks) for entry in _objects(module))
    counterparts = tuple(counterpart for counterpart in entries if counterpart is not None)
    return Package(counterparts, tuple(remarks))


def joined(parts: Iterable[Package]) -> Package:
    """Join what several files or packages say."""
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


def _original_files(module: griffe.Module) -> tuple[str, ...]:
    """Return the Go files that the module's docstring lists."""
    if module.docstring is None:
        return ()
    return tuple(line.text for line in _split(_sections(module.docstring).get("Go", [])) if _is_file(line))


def _is_file(line: _Line) -> bool:
    return "::" not in line.text and line.text.endswith(".go")


def _split(lines: Iterable[_Line]) -> list[_Line]:
    """Split lines at their commas."""
    return [
        _Line(line.number, line.indent, name.strip())
        for line in lines
        for name in line.text.split(",")
        if name.strip()
    ]


def _counterpart(
    entry: griffe.Object, file: str, originals: tuple[str, ...], remarks: list[Problem]
) -> Counterpart | None:
    sections = _sections(entry.docstring) if entry.docstring is not None else {}
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
        end_line=entry.endlineno or entry.lineno or 1,
        mirrors=mirrors,
        differences=differences,
        files=() if mirrors else originals,
    )


def _is_public(entry: griffe.Object) -> bool:
    """Return whether a class, method or function is public, and so is all that contains it."""
    is_definition = entry.is_class or entry.is_function
    return is_definition and not any(part.startswith("_") for part in entry.path.split("."))


def _lines(docstring: griffe.Docstring) -> list[_Line]:
    """Return the docstring's lines by their numbers in the file."""
    first = docstring.lineno or 1
    source = docstring.source.splitlines()
    return [
        _Line(first + number, len(text) - len(text.lstrip()), text.strip())
        for number, text in enumerate(source)
    ]


def _sections(docstring: griffe.Docstring) -> dict[str, list[_Line]]:
    """Return the bodies of the `Go:` and `Differs:` sections; a body may begin on the header's own line."""
    lines = _lines(docstring)
    sections: dict[str, list[_Line]] = {}
    for at, line in enumerate(lines):
        header = _HEADER.fullmatch(line.text.removesuffix('"""').strip())
        if header is None or at == 0 or (header["inline"] and header["name"] != "Go"):
            continue
        body = list(_body(lines[at + 1 :], line.indent))
        if header["inline"]:
            body.insert(0, _Line(line.number, line.indent + len("Go: "), header["inline"]))
        sections[header["name"]] = sections.get(header["name"], []) + body
    return sections


def _body(lines: list[_Line], indent: int) -> Iterator[_Line]:
    for line in lines:
        text = line.text.removesuffix('"""').removesuffix("'''").strip()
        if text and line.indent <= indent:
            return
        if text:
            yield _Line(line.number, line.indent, text)


def _mirrors(lines: list[_Line], name: str, file: str, remarks: list[Problem]) -> Iterator[Reference]:
    for line in lines:
        try:
            reference = notation.parse(line.text)
        except notation.NotationError as error:
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


def _differences(lines: list[_Line], file: str, remarks: list[Problem]) -> Iterator[Difference]:
    for item in _items(lines):
        match = _ITEM.fullmatch(item.text)
        kind = _PLURALS.get(match["kind"], match["kind"]) if match is not None else ""
        if match is None:
            message = f"{item.text!r} is not of the form `KIND NAME[, NAME…]: reason`"
        elif kind not in DIFFERENCES:
            message = f"{match['kind']!r} is not one of {', '.join(sorted(DIFFERENCES))}"
        else:
            names = ",".join(name.strip() for name in match["names"].split(","))
            yield Difference(kind, names, match["reason"], item.number)
            continue
        remarks.append(Problem(file, item.number, f"in `Differs:`: {message}", "differs-item"))


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
