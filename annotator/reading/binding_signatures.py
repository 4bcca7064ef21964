"""Go's types and signatures spelled so that equal ones are equal text, wherever they are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from tree_sitter import Node

from annotator.reading.binding_packages import Entry, File
from annotator.reading.binding_types import BASIC, MAX_DEPTH, TYPE_KINDS, Types, only_child
from annotator.reading.binding_values import Context
from annotator.reading.gosyntax import names_of

_SAME = {"byte": "uint8", "rune": "int32", "any": "interface{}"}
_Rule = Callable[["Signatures", Node, Context], str]


class Unknown(Exception):
    """A type that cannot be spelled; it never leaves this module."""


@dataclass(eq=False)
class Signatures:
    """Spells types within one build: a declared one by its import path, an alias as what it stands for."""

    types: Types
    _depth: int = 0

    def of(self, node: Node, context: Context) -> str | None:
        """The signature of a function or interface method; None, if a type in it is not known."""
        try:
            return self._function(node, context)
        except Unknown:
            return None

    def _type(self, node: Node | None, context: Context) -> str:
        rule = self._RULES.get(node.type) if node is not None else None
        if node is None or rule is None or self._depth > MAX_DEPTH:
            raise Unknown
        self._depth += 1
        try:
            return rule(self, node, context)
        finally:
            self._depth -= 1

    def _function(self, node: Node, context: Context) -> str:
        parameters = self._list(node.child_by_field_name("parameters"), context)
        result = node.child_by_field_name("result")
        if result is None or result.type == "parameter_list":
            return f"func({parameters})({self._list(result, context)})"
        return f"func({parameters})({self._type(result, context)})"

    def _list(self, node: Node | None, context: Context) -> str:
        kinds: list[str] = []
        for parameter in node.named_children if node is not None else ():
            if parameter.type == "comment":
                continue
            dots = "..." if parameter.type == "variadic_parameter_declaration" else ""
            kind = dots + self._type(parameter.child_by_field_name("type"), context)
            kinds += [kind] * (len(names_of(parameter)) or 1)
        return ",".join(kinds)

    def _name(self, node: Node, context: Context) -> str:
        name = context.file.text(node)
        if context.local(name) is not None:
            raise Unknown
        entry = self.types.entry(name, context.file)
        if entry is not None:
            return self._declared(entry)
        package = self.types.own_package(context.file)
        if name not in BASIC or package is None or package.find(name):
            raise Unknown
        return _SAME.get(name, name)

    def _qualified(self, node: Node, context: Context) -> str:
        qualifier, name = node.child_by_field_name("package"), node.child_by_field_name("name")
        if qualifier is None or name is None:
            raise Unknown
        found = self.types.import_of(context.file.text(qualifier), context.file)
        if found is None:
            raise Unknown
        if found.package is None:
            return f"{_import_path(context.file, context.file.text(qualifier))}.{context.file.text(name)}"
        entry = found.package.only(context.file.text(name))
        if entry is None:
            raise Unknown
        return self._declared(entry)

    def _declared(self, entry: Entry) -> str:
        node = entry.file.node(entry.declaration)
        if node is None or entry.declaration.kind not in TYPE_KINDS:
            raise Unknown
        if node.type == "type_alias":
            return self._type(node.child_by_field_name("type"), self.types.context_of(entry))
        return f"{entry.file.folder}.{entry.declaration.name}"

    def _wrapped(self, node: Node, context: Context) -> str:
        return self._type(only_child(node), context)

    def _pointer(self, node: Node, context: Context) -> str:
        return f"*{self._type(only_child(node), context)}"

    def _slice(self, node: Node, context: Context) -> str:
        return f"[]{self._type(node.child_by_field_name('element'), context)}"

    def _map(self, node: Node, context: Context) -> str:
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        return f"map[{self._type(key, context)}]{self._type(value, context)}"

    def _channel(self, node: Node, context: Context) -> str:
        value = node.child_by_field_name("value")
        marks = "".join(child.type for child in node.children if not child.is_named)
        return f"{marks} {self._type(value, context)}"

    def _empty(self, node: Node, _context: Context) -> str:
        """`interface{}` and `struct{}`; what spells out members is not compared."""
        inside = [child for child in node.named_children if child.type != "field_declaration_list"]
        lists = [child for child in node.named_children if child.type == "field_declaration_list"]
        if inside or any(found.named_child_count for found in lists):
            raise Unknown
        return "interface{}" if node.type == "interface_type" else "struct{}"

    _RULES: ClassVar[dict[str, _Rule]] = {
        "type_identifier": _name,
        "qualified_type": _qualified,
        "parenthesized_type": _wrapped,
        "pointer_type": _pointer,
        "slice_type": _slice,
        "map_type": _map,
        "channel_type": _channel,
        "function_type": _function,
        "interface_type": _empty,
        "struct_type": _empty,
    }


def _import_path(file: File, name: str) -> str:
    """The path of the import outside the repository that a file knows by a name."""
    for item in file.head.imports:
        if (item.alias or item.path.rpartition("/")[2]) == name:
            return item.path
    raise Unknown
