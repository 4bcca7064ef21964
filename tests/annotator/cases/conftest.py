"""Repositories that the cases of a module share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from small_repository import build


@pytest.fixture(scope="module")
def repositories(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Path]:
    """The repositories that a module describes in `REPOSITORIES`, by name."""
    described: Mapping[str, Mapping[str, Mapping[str, str]]] = request.module.REPOSITORIES
    folders = {name: tmp_path_factory.mktemp("source") for name in described}
    for name, versions in described.items():
        build(folders[name], versions)
    return folders
