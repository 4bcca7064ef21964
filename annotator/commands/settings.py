"""`settings`: lists all settings of a project, with what their types and docstrings say of them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from griffe import Docstring, DocstringAttribute, DocstringSectionAttributes

from annotator.config import Config, RepositorySettings

PAGE = """\
+++
title = "All settings"
summary = "Every setting of the annotator, with its type, its default and its meaning."
section = "Source"
order = 95
+++

The settings are in `annotator.toml`, or in the table `[tool.annotator]` of `pyproject.toml`, in the folder in
which the annotator runs or above it. `annotator init` writes the few that a project needs, and
`annotator settings` prints this list. A key that is not one of these is an error, which names the nearest
one. Paths are from the folder of the file.

A document can exclude what it cites on purpose: a comment with `annotator: ignore` stands for the next line,
or for its own line if there is other text in it; `annotator: ignore-start` and `annotator: ignore-end` stand
around several lines. The comment is that of the format: `<!-- annotator: ignore -->` in Markdown and HTML,
`.. annotator: ignore` in reStructuredText, `// annotator: ignore` in AsciiDoc and Go, `# annotator: ignore`
in Org and Python. Reports count what is ignored.
"""


class Setting(msgspec.Struct, frozen=True):
    """A setting: its key, the kind of its value, its default in TOML, and its meaning."""

    key: str
    kind: str
    default: str
    meaning: str


class Table(msgspec.Struct, frozen=True):
    """A table of settings: its head in TOML, or "" for the settings without one, and its purpose."""

    head: str
    meaning: str
    settings: tuple[Setting, ...]


def tables() -> Iterator[Table]:
    """Yield all tables of settings, that of the settings without a head first."""
    yield from _tables("", Config)
    yield from _tables("[[repository]]", RepositorySettings)


def _tables(head: str, kind: type[msgspec.Struct]) -> Iterator[Table]:
    meanings = _meanings(kind)
    inner: list[tuple[str, type[msgspec.Struct]]] = []
    settings: list[Setting] = []
    own = list(inspect.get_annotations(kind))
    for field in sorted(msgspec.structs.fields(kind), key=lambda each: each.name not in own):
        if field.name == "others":  # they are the further tables `[[repository]]`
            continue
        described, table = _kind(field.type)
        if table is not None:
            name = f"{head.strip('[]')}.{field.encode_name}".lstrip(".")
            inner.append((f"[[{name}]]" if described.startswith("tables") else f"[{name}]", table))
        default = "required" if field.default is msgspec.NODEFAULT else _default(field.default)
        settings.append(Setting(field.encode_name, described, default, meanings[field.name]))
    summary = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
    yield Table(head, summary, tuple(settings))
    for name, table in inner:
        yield from _tables(name, table)


def _kind(kind: object) -> tuple[str, type[msgspec.Struct] | None]:
    """Return the words for a type, and the structure of a table."""
    info = msgspec.inspect.type_info(kind)
    match info:
        case msgspec.inspect.StructType(cls=table):
            return "table", table
        case msgspec.inspect.VarTupleType(item_type=msgspec.inspect.StructType(cls=table)):
            return "tables", table
        case msgspec.inspect.VarTupleType():
            return "list of texts", None
        case msgspec.inspect.DictType():
            return "table of texts", None
        case msgspec.inspect.BoolType():
            return "true or false", None
        case msgspec.inspect.IntType():
            return "number", None
        case _:
            return "text", None


def _default(value: object) -> str:
    if isinstance(value, msgspec.Struct):
        return ""
    return json.dumps(value, ensure_ascii=False)


def _meanings(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Return what the docstrings of a structure and its bases say of its fields."""
    found: dict[str, str] = {}
    for base in kind.__mro__:
        if base is msgspec.Struct or not issubclass(base, msgspec.Struct):
            continue
        for section in Docstring(inspect.getdoc(base) or "").parse("google"):
            if isinstance(section, DocstringSectionAttributes):
                attributes: list[DocstringAttribute] = section.value
                found |= {one.name: one.description.replace("\n", " ") for one in attributes}
    return found


def text() -> Iterator[str]:
    """Return lines for people."""
    for table in tables():
        if table.head:
            yield ""
            yield f"{table.head}  {table.meaning}"
        for setting in table.settings:
            default = f", {setting.default}" if setting.default else ""
            yield f"  {setting.key} ({setting.kind}{default}): {setting.meaning}"


def page() -> str:
    """Return the page of the site that lists all settings."""
    blocks = [PAGE.rstrip()]
    for table in tables():
        if table.head:
            blocks.append(f"## `{table.head}`\n\n{table.meaning}")
        rows = [
            f"| `{each.key}` | {each.kind} | {_cell(each.default)} | {each.meaning} |"
            for each in table.settings
        ]
        blocks.append("\n".join(["| setting | value | default | meaning |", "|---|---|---|---|", *rows]))
    return "\n\n".join(blocks) + "\n"


def _cell(default: str) -> str:
    return f"`{default}`" if re.search(r"\W", default) else default


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    (root / "site" / "pages" / "settings.md").write_text(page(), encoding="utf-8")
