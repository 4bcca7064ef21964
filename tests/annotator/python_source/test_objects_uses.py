"""Definitions and uses in Python files."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.python_source.modules import read_packages
from annotator.python_source.objects import facts, load, uses_of

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


@pytest.mark.parametrize(
    ("old", "new"), [("Sells things.", "Sells all things (é)."), ("\n", "\r\n"), ("", "")]
)
def test_uses_have_the_offsets_of_their_names(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "us").mkdir()
    data = SHOP.replace(old, new).encode()
    for name, content in {"__init__": b"", "shop": data, "till": TILL.encode()}.items():
        (tmp_path / f"us/{name}.py").write_bytes(content)
    packages = load(read_packages(tmp_path, ["us"]))

    uses = uses_of(packages, facts(packages))["us/shop.py"]

    assert {data[use.start : use.end] for use in uses if use.symbol == "us.till.Till"} == {b"Till"}
    assert {data[use.start : use.end] for use in uses if use.symbol == "us.till.Till.count"} == {b"count"}
