"""Definitions and uses in Python files."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.config import Config, Project
from annotator.errors import InvalidInput
from annotator.python_source import objects
from annotator.python_source.objects import PythonIndex

SHOP = '''\
"""The shop."""

from us.till import Till


class Shop:
    """Sells things."""

    def sell(self, till: Till) -> str:
        """Sell one."""
        if till:
            "a word"
            return till.count()
        raise ValueError("nothing left")
'''
TILL = '''\
"""The till."""


class Till:
    """Counts.

    It counts coins.
    """

    def count(self) -> str:
        """How much: """; return self.name

    name: str = ""
'''


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A package of three files."""
    (tmp_path / "us").mkdir()
    for name, text in {"__init__": '"""Us."""\n', "shop": SHOP, "till": TILL}.items():
        (tmp_path / f"us/{name}.py").write_text(text, encoding="utf-8")
    return Project(tmp_path, Config("https://example.org/x", "v1", packages=("us",)))


def read(project: Project) -> PythonIndex:
    files = sorted((project.root / "us").glob("*.py"))
    return objects.index_files(project, {f"us/{file.name}": file.read_bytes() for file in files})


@pytest.mark.parametrize(
    ("old", "new"), [("Sells things.", "Sells all things (é)."), ("\n", "\r\n"), ("", "")]
)
def test_uses_have_the_offsets_of_their_names(project: Project, old: str, new: str) -> None:
    shop = project.root / "us/shop.py"
    shop.write_bytes(SHOP.replace(old, new).encode())

    uses = read(project).uses["us/shop.py"]

    data = shop.read_bytes()
    assert {data[use.start : use.end] for use in uses if use.symbol == "us.till.Till"} == {b"Till"}
    assert {data[use.start : use.end] for use in uses if use.symbol == "us.till.Till.count"} == {b"count"}


def test_what_is_no_python_is_said_with_its_line(project: Project) -> None:
    (project.root / "us/till.py").write_text("x = 1\ndef (\n", encoding="utf-8")

    with pytest.raises(InvalidInput, match=r"till\.py:2: not Python"):
        read(project)
