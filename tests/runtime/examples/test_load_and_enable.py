"""The examples of managed plugins tell the same story each time."""

from __future__ import annotations

from types import ModuleType

import pytest

from runtime.examples import enable, load

MISSING = (
    "missing plugin config, skipping: this may be caused due to a failed remove and requires manual cleanup."
)
LOAD = [
    "On disk are a whole plugin, a broken one, an empty directory, half a removal and a stranger",
    "  the log, error: error loading plugin, skipping",
    f"  the log, warning: {MISSING}",
    "The engine starts with: ['whole:latest']",
    "It is found by name, by id and by the beginning of its id: True",
    "The broken one is kept for whoever can mend it: True",
    "What does not look like a plugin is left alone: True",
    f"  the log, warning: {MISSING}",
    "Mended, it is there after the next start: ['mended:latest', 'whole:latest']",
]
ENABLE = [
    "Made from config.json and rootfs: tiny:latest is disabled",
    "A setting that its author allows: ['GREETING=hi']",
    "  whoever waits for it hears of: tiny:latest",
    "Enabled, it listens: tiny:latest is enabled",
    "It cannot be enabled twice: plugin already enabled: plugin tiny:latest is enabled",
    "Nor set while it runs: cannot set on an active plugin, disable plugin before setting",
    "While somebody uses it, it stays: plugin tiny:latest is in use",
    "It answers calls: ['mine']",
    "Disabled, its process is gone: tiny:latest is disabled",
    "Removed, nothing is listed: []",
]


@pytest.mark.parametrize(("example", "story"), [(load, LOAD), (enable, ENABLE)], ids=["load", "enable"])
def test_an_example_tells_its_story(
    example: ModuleType, story: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    example.main()
    assert capsys.readouterr().out.splitlines() == story
