"""What the pages know of Go files, kept file by file and kind by kind."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator import config, parallel, project_source
from annotator.cache import CacheKind
from annotator.project_source import Session, SourceOptions
from annotator.site import go_input

LOCKED = """package store

import "sync"

type Safe struct{ mu sync.Mutex }

func (s *Safe) Get() { s.mu.Lock(); s.get() }
func (s *Safe) get() {}
"""


@pytest.fixture
def at(project: Path, shop: Path) -> Iterator[Session]:
    (shop / "store").mkdir()
    (shop / "store/safe.go").write_text(LOCKED)
    for words in (
        ["add", "-A"],
        ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", shop, *words], check=True)
    with project_source.open_session(
        config.find(project), SourceOptions(str(shop), "HEAD"), lambda *_: None, lambda _: None
    ) as opened:
        yield opened


def test_locks_that_are_asked_for_later_are_found(at: Session) -> None:
    without = go_input.read_go(at, ["store"], locks=False)
    found = go_input.read_go(at, ["store"], locks=True)

    assert without.locking == {}
    (function,) = (one for one in found.locking["store/safe.go"].functions if one.acquisitions)
    assert (function.at.symbol, function.acquisitions[0].lock.symbol) == ("Safe.Get", "Safe.mu")
    assert [use.symbol for use in found.sources["store/safe.go"].uses] == (
        [use.symbol for use in without.sources["store/safe.go"].uses]
    )


def test_what_several_processes_find_out_is_what_one_does(
    at: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = go_input.read_go(at, ["store", "cmd", "pkg/store"], locks=True)
    keys = go_input._analysis_keys(at, one.sources).values()
    at.cache.put_many(CacheKind(go_input.ANALYSIS.name, str), dict.fromkeys(keys, "damaged"))
    monkeypatch.setattr(parallel, "usable_cores", lambda: 2)
    monkeypatch.setattr(go_input, "_FEW_BYTES", 1)

    several = go_input.read_go(at, ["store", "cmd", "pkg/store"], locks=True)

    assert several.locking == one.locking
    assert {path: source.uses for path, source in several.sources.items()} == (
        {path: source.uses for path, source in one.sources.items()}
    )
