"""Imports are read as grimp, which import-linter stands on, reads them."""

from __future__ import annotations

import ast
from pathlib import Path

import grimp
import pytest

from annotator.errors import InvalidInput
from annotator.model.port import ModuleImports
from annotator.python_source import package_imports
from annotator.python_source.modules import statements

PROJECT = Path(__file__).resolve().parents[3]
HOLDERS = ast.Module | ast.stmt | ast.ExceptHandler | ast.match_case


@pytest.mark.parametrize("package", ["annotator", "runtime"])
def test_the_projects_own_imports_are_those_that_grimp_finds(package: str) -> None:
    files = {file.relative_to(PROJECT).as_posix(): file for file in (PROJECT / package).rglob("*.py")}

    (found,) = package_imports.packages(
        [package], {path: package_imports.read(path, file.read_bytes()) for path, file in files.items()}
    )

    graph = grimp.build_graph(package)
    assert {module.name: {*module.imports} for module in found.modules} == {
        name: graph.find_modules_directly_imported_by(name) for name in graph.modules
    }


def test_each_way_of_importing_leads_to_a_module() -> None:
    files = {
        "shop/__init__.py": b"",
        "shop/till.py": b"import json, shop.coins as coins\nfrom . import paper\nfrom .bags import big\n",
        "shop/coins.py": b'"""Coins,\nand such.\n\nMore."""\ndef f():\n    from shop.bags.big import Big\n',
        "shop/paper.py": b"from shop import paper\nfrom ..elsewhere import x\n",
        "shop/bags/__init__.py": b"from .big import Big\n",
        "shop/bags/big.py": b"from .. import till\n",
    }

    (found,) = package_imports.packages(
        ["shop"], {path: package_imports.read(path, data) for path, data in files.items()}
    )

    assert found.modules == (
        ModuleImports("shop", "shop/__init__.py", "", ()),
        ModuleImports("shop.bags", "shop/bags/__init__.py", "", ("shop.bags.big",)),
        ModuleImports("shop.bags.big", "shop/bags/big.py", "", ("shop.till",)),
        ModuleImports("shop.coins", "shop/coins.py", "Coins, and such.", ("shop.bags.big",)),
        ModuleImports("shop.paper", "shop/paper.py", "", ()),
        ModuleImports("shop.till", "shop/till.py", "", ("shop.coins", "shop.paper", "shop.bags.big")),
    )


def test_what_is_no_python_is_named_with_its_line() -> None:
    with pytest.raises(InvalidInput, match=r"^shop/a\.py:2: not Python that can be read"):
        package_imports.read("shop/a.py", b"a = 1\ndef (:\n")


def test_statements_are_met_in_the_order_of_pythons_own_walk() -> None:
    for file in (PROJECT / "annotator").rglob("*.py"):
        tree = ast.parse(file.read_bytes())

        assert [*statements(tree)] == [node for node in ast.walk(tree) if isinstance(node, HOLDERS)]
