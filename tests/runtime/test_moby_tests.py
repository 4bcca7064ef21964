"""Each of moby's tests that can be checked here has one of ours beside it, or a reason why not."""

import ast
import functools
import tomllib
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "moby_tests"
LIST = tomllib.loads((FOLDER / "list.toml").read_text())
PARTS = {
    path.name: tomllib.loads(path.read_text())
    for path in sorted(FOLDER.glob("*.toml"))
    if path.name != "list.toml"
}
COUNTERPARTS = [(part, key, value) for part, rows in PARTS.items() for key, value in rows.items()]
CHECKABLE = set("YFR")


def due_with(path: str) -> str:
    """With which part of the runtime the tests of a file are due: that of its innermost folder."""
    return next(LIST["folders"][str(at)] for at in PurePosixPath(path).parents if str(at) in LIST["folders"])


def listed() -> dict[str, tuple[str, str]]:
    """Mark and part of each of moby's tests, by `path::test`, or `path::test@release` for later ones."""
    now = {
        f"{path}::{test}": (mark, due_with(path))
        for path, tests in LIST["tests"].items()
        for test, mark in tests.items()
    }
    later = {
        f"{row['path']}::{row['test']}@{row['since']}": (row["mark"], due_with(row["path"]))
        for row in LIST["later"]
    }
    return now | later


def due() -> list[str]:
    """Those of moby's tests that ours must answer to by now."""
    return [key for key, (mark, part) in listed().items() if part in LIST["due"] and mark in CHECKABLE]


def ours(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value if isinstance(value, list) else []


@functools.cache
def functions_of(path: str) -> frozenset[str]:
    functions = ast.walk(ast.parse((ROOT / path).read_text()))
    return frozenset(node.name for node in functions if isinstance(node, ast.FunctionDef))


def test_the_list_is_whole() -> None:
    marks = Counter(mark for tests in LIST["tests"].values() for mark in tests.values())
    assert marks == {"Y": 109, "F": 68, "R": 5, "D": 50, "G": 13}
    assert len(LIST["later"]) == 23


def test_each_of_moby_s_tests_that_is_due_has_one_of_ours_or_a_reason() -> None:
    assert set(due()) - {key for _, key, _ in COUNTERPARTS} == set()


def test_each_counterpart_answers_to_a_test_of_moby_s_and_exists() -> None:
    known = listed()
    for part, key, value in COUNTERPARTS:
        assert key in known, f"{part}: moby has no such test"
        named = ours(value)
        assert named or value["reason"].strip(), f"{part}: {key} has neither a test of ours nor a reason"
        for path, _, test in (name.partition("::") for name in named):
            assert test in functions_of(path), f"{part}: {path} has no test {test}"


def test_no_test_of_moby_s_is_answered_twice() -> None:
    assert [key for key, count in Counter(key for _, key, _ in COUNTERPARTS).items() if count > 1] == []
