"""Every tampered root: the engine starts, lists what is intact, says what is not, and deletes nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from damage_cases import CASES, UNLISTED, Case
from damage_root import OF_THE_PLUGIN, PLUGIN, PLUGINS, RECORDS, Observed

pytestmark = pytest.mark.slow

MADE_BESIDE = (
    b"x",
    b"r/run",
    b"r/volumes/metadata.db",
    b"r/volumes/metadata.sqlite3",
    b"r/plugins/tmp",
    b"r/plugins/storage",
)
"""What an engine makes where it is not."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])


def test_a_tampered_root_is_used_and_nothing_of_it_is_lost(case: Case, tampered: Any, snapshot: Any) -> None:
    first = tampered.start()
    after = snapshot(tampered.base)
    second = tampered.start()
    assert first.shown.volumes == expected_volumes(case)
    assert first.shown.plugins == expected_plugins(case)
    assert_told(case.warned, "\n".join(first.shown.warnings))
    assert_told(case.logged, first.log)
    assert comparable(case, second.shown) == comparable(case, first.shown)
    assert changes(case, tampered.before, after) == {}
    assert changes(case, tampered.before, snapshot(tampered.base)) == {}


def comparable(case: Case, shown: Observed) -> Observed:
    """What must be the same at the next start; why a plugin does not answer depends on when it is asked."""
    if not case.stalls:
        return shown
    return replace(shown, warnings=tuple(warning.partition(": ")[0] for warning in shown.warnings))


def expected_volumes(case: Case) -> Mapping[str, object]:
    volumes: dict[str, object] = dict.fromkeys(OF_THE_PLUGIN, (PLUGIN, None, None))
    volumes |= RECORDS
    volumes |= dict.fromkeys(case.bare, ("local", None, None))
    volumes |= {name: (driver, None, None) for name, driver in case.extra.items()}
    lost = [*case.lost]
    if not case.plugin_runs:
        lost += OF_THE_PLUGIN if case.records_are_lost else UNLISTED
    return {name: volume for name, volume in volumes.items() if name not in lost}


def expected_plugins(case: Case) -> Mapping[str, bool]:
    plugins = PLUGINS | ({} if case.plugin_runs else {PLUGIN: False}) | dict(case.plugins)
    return {name: enabled for name, enabled in plugins.items() if enabled is not None}


def assert_told(what: tuple[str, ...], where: str) -> None:
    for sentence in what:
        assert sentence in where


def changes(case: Case, before: Mapping[bytes, Any], after: Mapping[bytes, Any]) -> Mapping[str, object]:
    """What is other than before and not documented."""
    found = {path: (entry, after.get(path)) for path, entry in before.items() if after.get(path) != entry}
    documented = tuple(b"r/" + os.fsencode(path) for path in case.documented)
    return {
        os.fsdecode(path): change
        for path, change in found.items()
        if not path.startswith(documented or (b"\0",))
    }
