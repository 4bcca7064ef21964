"""What is kept of Python files is what would be read of them anew, whatever changes in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator.cache import Cache
from annotator.config import Config, Project
from annotator.errors import InvalidInput
from annotator.parity import python_index
from annotator.parity.python_index import Defined

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


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "cache", reader="test") as opened:
        yield opened


def read(project: Project, cache: Cache) -> Defined:
    files = sorted((project.root / "us").glob("*.py"))
    return python_index.defined(project, cache, {f"us/{file.name}": file.read_bytes() for file in files})


def anew(project: Project, tmp_path: Path) -> Defined:
    with Cache(tmp_path / "empty", reader="test") as empty:
        return read(project, empty)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("till", '"""Counts.', '"""It truly counts, for ever.'),
        ("till", "It counts coins.", "It counts coins.\n    And notes."),
        ("till", '"""How much: """', '"""How very much: """'),
        ("till", "    name", "    # A name.\n    name"),
        ("till", "name", "title"),
        ("till", "def count", "def counted"),
        ("shop", '"""The shop."""', '"""The other shop.\n\nIt is open.\n"""'),
        ("shop", '"a word"', '"another word"'),
        ("shop", "nothing left", "all is sold"),
        ("shop", "Sells things.", "Sells all things (é)."),
        ("shop", "\n", "\r\n"),
        ("__init__", '"""Us."""', '"""Us.\n\nAll of us.\n"""'),
        ("__init__", '"""Us."""', ""),
    ],
)
def test_after_a_change_all_is_as_if_read_anew(
    project: Project, cache: Cache, tmp_path: Path, file: str, old: str, new: str
) -> None:
    read(project, cache)
    changed = project.root / f"us/{file}.py"
    text = changed.read_text(encoding="utf-8")
    changed.write_bytes(text.replace(old, new).encode())

    assert read(project, cache) == anew(project, tmp_path)
    assert changed.read_bytes() != text.encode()


def test_a_name_stands_where_it_stands_in_a_file_whose_docstring_became_longer(
    project: Project, cache: Cache
) -> None:
    read(project, cache)
    changed = project.root / "us/shop.py"
    changed.write_text(SHOP.replace("Sells things.", "Sells many things."), encoding="utf-8")

    uses = read(project, cache).uses["us/shop.py"]

    data = changed.read_bytes()
    assert {data[use.start : use.end] for use in uses if use.symbol == "us.till.Till"} == {b"Till"}
    assert {data[use.start : use.end] for use in uses if use.symbol == "us.till.Till.count"} == {b"count"}


def test_what_is_no_python_is_said_with_its_line(project: Project, cache: Cache) -> None:
    (project.root / "us/till.py").write_text("x = 1\ndef (\n", encoding="utf-8")

    with pytest.raises(InvalidInput, match=r"till\.py:2: not Python"):
        read(project, cache)
