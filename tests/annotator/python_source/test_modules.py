"""Python files of packages, read and parsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.errors import InvalidInput
from annotator.python_source.modules import read_packages


def test_modules_are_named_from_their_package(tmp_path: Path) -> None:
    (tmp_path / "src/shop/bags").mkdir(parents=True)
    for name in ("__init__", "till", "bags/__init__"):
        (tmp_path / f"src/shop/{name}.py").write_text("x = 1\n")

    files = read_packages(tmp_path, ["src/shop"])

    assert [(file.path, file.module) for file in files] == [
        ("src/shop/__init__.py", "shop"),
        ("src/shop/bags/__init__.py", "shop.bags"),
        ("src/shop/till.py", "shop.till"),
    ]


def test_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/a.py").write_text("x = 1\n", encoding="utf-8-sig")

    assert [file.module for file in read_packages(tmp_path, ["pkg"])] == ["pkg.a"]


@pytest.mark.parametrize("data", [b"x = 1\ndef (:\n", b"x = 1\ny = '\xff'\n", b"x = 1\n\0\n"])
def test_file_that_is_not_python_is_an_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/a.py").write_bytes(data)

    with pytest.raises(InvalidInput, match=r"pkg/a\.py:\d: not Python"):
        read_packages(tmp_path, ["pkg"])


def test_missing_package_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such Python package"):
        read_packages(tmp_path, ["nothing"])
