"""What Python functions use, read from their text: calls, reads, tests of a type, tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from annotator.model.port import PythonObject
from annotator.python_source import objects
from annotator.python_source.modules import read_packages

TOOLS = '''\
class Failure(Exception):
    """Base."""


class Missing(Failure):
    """Derived."""

    def __init__(self) -> None:
        super().__init__("it is missing")


class Tool:
    """Does things."""

    def __init__(self) -> None:
        self.size = 1

    @property
    def name(self) -> str:
        return ""

    @classmethod
    def make(cls) -> "Tool":
        return cls()

    def work(self) -> None:
        print()

    def __str__(self) -> str:
        return ""


def first(tool: Tool) -> None:
    tool.work()


def second(tool: Tool) -> None:
    tool.work()


TABLE = (first, second)
KINDS = (Failure, Missing)
'''


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Mapping[str, PythonObject]]:
    """The facts of the tools and of a module beside them."""

    def make(text: str) -> Mapping[str, PythonObject]:
        folder = tmp_path / "port"
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "tools.py").write_text(TOOLS)
        (folder / "use.py").write_text(f"from port import tools\n\n\n{text}")
        return objects.read(read_packages(tmp_path, ["port"]))

    return make


def used(facts: Mapping[str, PythonObject], how: str = "") -> list[str]:
    """What `use` uses in a way, by its last name."""
    return [call.name.removeprefix("port.tools.") for call in facts["port.use.use"].calls if call.type == how]


def test_an_annotation_is_no_call(read):
    facts = read(
        "def use(tool: tools.Tool) -> tools.Tool:\n"
        "    def inner(other: tools.Tool) -> tools.Tool: return other\n"
        "    known: tools.Tool | None = None\n"
        "    return inner(tool)\n"
    )

    assert used(facts) == []


def test_a_class_that_is_called_stands_for_its_constructor(read):
    facts = read("def use():\n    return tools.Tool()\n")

    assert used(facts) == ["Tool", "Tool.__init__"]


def test_a_class_whose_method_is_called_is_not_constructed(read):
    facts = read("def use():\n    return tools.Tool.make()\n")

    assert used(facts) == ["Tool.make"]


@pytest.mark.parametrize(
    "test",
    [
        "try: pass\n    except tools.Missing: pass\n",
        "try: pass\n    except (KeyError, tools.Missing): pass\n",
        "return isinstance(thing, tools.Missing)\n",
        "return isinstance(thing, (str, tools.Missing))\n",
        "match thing:\n        case tools.Missing(): pass\n",
    ],
)
def test_a_class_that_something_is_tested_for_is_caught_with_its_bases_and_not_called(read, test):
    facts = read(f"def use(thing):\n    {test}")

    assert used(facts, "caught") == ["Missing", "Failure"]
    assert used(facts) == []


def test_a_property_and_an_attribute_are_read_and_not_called(read):
    facts = read("def use(tool: tools.Tool):\n    return tool.name, tool.size\n")

    assert used(facts, "read") == ["Tool.name", "Tool.size"]
    assert used(facts) == []


def test_a_builtin_calls_the_method_that_stands_for_it(read):
    facts = read("def use(tool: tools.Tool):\n    return str(tool)\n")

    assert used(facts) == ["Tool.__str__"]


def test_values_that_are_assigned_side_by_side_keep_their_types(read):
    facts = read("def use(tool: tools.Tool):\n    one, two = 1, tool\n    two.work()\n")

    assert used(facts) == ["Tool.work"]


def test_a_name_that_two_comprehensions_use_is_known_in_both(read):
    facts = read(
        "def use(every: list[tools.Tool]):\n"
        "    some = [tool for tool in every]\n"
        "    return [tool.work() for tool in some]\n"
    )

    assert used(facts) == ["Tool.work"]


def test_a_table_of_functions_calls_each_of_them(read):
    facts = read("")

    assert [call.name for call in facts["port.tools.TABLE"].calls] == [
        "port.tools.first",
        "port.tools.second",
    ]


def test_a_table_of_classes_constructs_none(read):
    assert read("")["port.tools.KINDS"].calls == ()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("...", "signature"),
        ('"""Says."""', "function"),
        ('"""Says."""\n    ...', "signature"),
        ("pass", "function"),
    ],
)
def test_a_function_without_a_body_is_a_signature(read, body, kind):
    facts = read(f"def use():\n    {body}\n")

    assert facts["port.use.use"].kind == kind
