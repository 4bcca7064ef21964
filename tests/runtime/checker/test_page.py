"""The page on the checker says what the checker does."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.checker.checks import CHECKS
from runtime.checker.rules import RULES

PAGE = (Path(__file__).parents[3] / "site" / "pages" / "plugin-checker.md").read_text()


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_on_the_page(rule: str) -> None:
    assert f"| `{rule}` | {RULES[rule].severity} | {RULES[rule].engine} |" in PAGE


@pytest.mark.parametrize("step", CHECKS)
def test_every_step_is_on_the_page(step: str) -> None:
    assert any(step in line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| "))
