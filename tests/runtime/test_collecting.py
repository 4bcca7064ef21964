"""When Python looks for garbage."""

from __future__ import annotations

import gc

from runtime import collecting


def test_nothing_is_looked_for_while_what_stays_is_made_and_then_as_before() -> None:
    with collecting.postponed():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count()
    gc.unfreeze()


def test_who_wants_no_search_at_all_gets_none() -> None:
    gc.disable()
    try:
        with collecting.postponed():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
