"""Our own tree: every counterpart names what is there, and every difference has its reason."""

from __future__ import annotations

import pytest

from annotator import cli

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _from_the_root(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    monkeypatch.chdir(pytestconfig.rootpath)


def test_parity_finds_nothing_to_mend(capsys):
    assert cli.run(["parity"]) == cli.OK, capsys.readouterr().out


def test_nothing_in_scope_is_silently_open(capsys):
    cli.run(["parity", "--coverage"])

    assert " open" not in capsys.readouterr().out


def test_the_walk_runs_in_gos_order_or_says_why_not(capsys):
    assert cli.run(["walk"]) == cli.OK, capsys.readouterr().err


def test_docstrings_and_references_hold_in_the_repository(moby_repository, capsys):
    assert cli.run(["verify", "--source", moby_repository]) == cli.OK, capsys.readouterr().out
