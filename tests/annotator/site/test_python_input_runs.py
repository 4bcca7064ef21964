"""What was traced is kept while the code stays the same, and moves with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.cache import Cache
from annotator.config import Config, Project
from annotator.site.inputs import PythonInput
from annotator.site.python_input import PythonReader
from annotator.subprocess_pool import SubprocessPool

SHOP = '''"""A shop."""


def open_shop():
    """Open it.

    Go:
        shop/shop.go::Open
    """


if __name__ == "__main__":
    open_shop()
'''
BASELINE = b'{"tag":"v1","commit":"","symbols":[]}'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for path, data in (("shop/__init__.py", SHOP.encode()), ("site/baseline.json", BASELINE)):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_bytes(data)
    return Project(
        tmp_path, Config(repository="r", baseline="v1", packages=("shop",), walk="shop/__init__.py")
    )


def read(project: Project, cache: Cache) -> tuple[frozenset[str], PythonInput]:
    """Return the names of the traced runs that were started, and the input."""
    with SubprocessPool(project.root) as programs:
        reader = PythonReader(project, cache)
        started = reader.start(programs)
        return frozenset(started.traced), reader.with_output(started)


def test_changed_docstring_moves_the_walk_without_a_run(project: Project, tmp_path: Path) -> None:
    with Cache(tmp_path / "cache") as cache:
        first, before = read(project, cache)
        (tmp_path / "shop/__init__.py").write_text(SHOP.replace("A shop.", "A shop.\n\nIt sells tea.\n"))
        second, after = read(project, cache)

    assert (first, second) == ({""}, set())
    lines = [made.walk.threads[0].steps[0].line for made in (before, after) if made.walk]
    assert lines == [4, 7]
