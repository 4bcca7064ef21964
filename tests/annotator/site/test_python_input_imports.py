"""Import graphs of Python packages below any folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from annotator.errors import InvalidInput
from annotator.model.port import ModuleImports
from annotator.site import python_input

SHOP = {
    "shop/__init__.py": b"",
    "shop/till.py": b"import json, shop.coins as coins\nfrom . import paper\nfrom .bags import big\n",
    "shop/coins.py": b'"""Coins,\nand such.\n\nMore."""\ndef f():\n    from shop.bags.big import Big\n',
    "shop/paper.py": b"\xef\xbb\xbffrom shop import paper\nfrom elsewhere import x\n",
    "shop/bags/__init__.py": b"from .big import Big\n",
    "shop/bags/big.py": b"from .. import till\n",
}


def write(root: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def test_each_form_of_import_is_resolved(tmp_path: Path) -> None:
    write(tmp_path, SHOP)

    (shop,) = python_input.package_imports(tmp_path, ["shop"])

    assert shop.modules == (
        ModuleImports("shop", "shop/__init__.py", "", ()),
        ModuleImports("shop.bags", "shop/bags/__init__.py", "", ("shop.bags.big",)),
        ModuleImports("shop.bags.big", "shop/bags/big.py", "", ("shop.till",)),
        ModuleImports("shop.coins", "shop/coins.py", "Coins, and such.", ("shop.bags.big",)),
        ModuleImports("shop.paper", "shop/paper.py", "", ()),
        ModuleImports("shop.till", "shop/till.py", "", ("shop.bags.big", "shop.coins", "shop.paper")),
    )


def test_imports_between_packages_are_kept(tmp_path: Path) -> None:
    write(tmp_path, {"a/__init__.py": b"import b.c", "b/__init__.py": b"", "b/c.py": b""})

    a, b = python_input.package_imports(tmp_path, ["a", "b"])

    assert a.modules == (ModuleImports("a", "a/__init__.py", "", ("b.c",)),)
    assert [module.name for module in b.modules] == ["b", "b.c"]


def test_nested_package_is_read_with_its_parent(tmp_path: Path) -> None:
    write(tmp_path, SHOP)

    bags, shop = python_input.package_imports(tmp_path, ["shop/bags", "shop"])

    assert [module.name for module in bags.modules] == ["shop.bags", "shop.bags.big"]
    assert bags.modules == shop.modules[1:3]


def test_package_in_folder_without_init_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"src/shop/__init__.py": b"from src.shop import till", "src/shop/till.py": b""})

    (shop,) = python_input.package_imports(tmp_path, ["src/shop/"])

    assert [(module.name, module.imports) for module in shop.modules] == [
        ("src.shop", ("src.shop.till",)),
        ("src.shop.till", ()),
    ]


def test_running_package_is_read_from_root(tmp_path: Path) -> None:
    write(tmp_path, {"annotator/__init__.py": b"", "annotator/other.py": b"import annotator"})

    (found,) = python_input.package_imports(tmp_path, ["annotator"])

    assert [module.name for module in found.modules] == ["annotator", "annotator.other"]


def test_no_packages_are_read_as_none(tmp_path: Path) -> None:
    assert python_input.package_imports(tmp_path, []) == ()


def test_syntax_error_names_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, {"shop/__init__.py": b"", "shop/a.py": b"a = 1\ndef (:\n"})

    with pytest.raises(InvalidInput, match=r"^shop/a\.py:2: not Python that can be read"):
        python_input.package_imports(tmp_path, ["shop"])


def test_file_of_another_encoding_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"shop/__init__.py": b"a = '\xe4'\n"})

    with pytest.raises(InvalidInput, match=r"^shop/__init__\.py:1: not Python that can be read"):
        python_input.package_imports(tmp_path, ["shop"])


@pytest.mark.parametrize("data", [b"a = 1\n\0\n", b"def (:\n", b'"""no end\n', b"\xff\xfe"])
def test_file_that_is_not_python_is_an_error(tmp_path: Path, data: bytes) -> None:
    write(tmp_path, {"shop/__init__.py": b"", "shop/till.py": data})

    with pytest.raises(InvalidInput, match=r"shop/till\.py:\d: not Python that can be read"):
        python_input.package_imports(tmp_path, ["shop"])


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ('# A comment.\n\n"""Coins,\nand such.\n\nMore."""\nx = 1\n', "Coins, and such."),
        ("r'''Paths like C:\\x.'''\n", "Paths like C:\\x."),
        ('"a".join("b")\n', ""),
        ('b"bytes"\n', ""),
        ("", ""),
    ],
)
def test_summary_is_the_first_paragraph_of_the_docstring(tmp_path: Path, text: str, summary: str) -> None:
    write(tmp_path, {"shop/__init__.py": text.encode()})

    ((shop,),) = [package.modules for package in python_input.package_imports(tmp_path, ["shop"])]

    assert shop.says == summary
