"""The scope of a port, `scope.toml`."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.config import Config, Project
from annotator.errors import InvalidInput
from annotator.parity import scope

SCOPE = b"""\
packages = ["store"]
symbols = ["shop/shop.go::Shop"]

[[absent]]
reason = "nobody needs it"
symbols = ["store/old.go::*", "store/store.go::Purge"]
"""


def test_scope_is_read_from_site_folder(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/scope.toml").write_bytes(SCOPE)

    found = scope.scope_of(Project(tmp_path, Config(repository="https://example.org/x", baseline="v1")))

    assert (found.packages, found.symbols) == (("store",), ("shop/shop.go::Shop",))


def test_project_without_scope_has_an_empty_one(tmp_path: Path) -> None:
    assert (
        scope.scope_of(Project(tmp_path, Config(repository="https://example.org/x", baseline="v1")))
        == scope.Scope()
    )


@pytest.mark.parametrize(
    ("notation", "reason"),
    [
        ("store/store.go::Purge", "nobody needs it"),
        ("store/old.go::Anything", "nobody needs it"),
        ("store/store.go::PurgeAll", None),
        ("older/store/old.go::Anything", None),
    ],
)
def test_absent_symbols_have_a_reason(notation: str, reason: str | None) -> None:
    assert scope.parse("scope.toml", SCOPE).reason(notation) == reason


def test_unknown_key_names_file_and_line() -> None:
    with pytest.raises(InvalidInput, match=r"^scope\.toml:2: "):
        scope.parse("scope.toml", b'packages = []\nfolders = ["a"]\n')
