"""The cache is a speed-up: gone, damaged, old or shared, it never makes an answer wrong."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.cache import Cache
from annotator.model.go import Declaration, GoFile, Import, Kind, Span

Reopened = Callable[..., Cache]
Python = Callable[[str], subprocess.Popen[str]]

FIELD = Declaration(Kind.FIELD, "names", "Store", 4, 2, Span(30, 40, 4, 4), type="map[string]int")
STRUCT = Declaration(
    Kind.STRUCT,
    "Store",
    "",
    3,
    6,
    Span(20, 42, 3, 5),
    Span(10, 19, 2, 2),
    "type Store struct",
    "Store",
    members=(FIELD,),
)
DOCUMENT = GoFile("store", (Import("fmt", "", 1),), (STRUCT,), "linux", 5, (9,))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache folder that does not exist yet."""
    return tmp_path / "cache"


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def reopened(cache: Path, warnings: list[str]) -> Reopened:
    """Opens the cache, as the next run would."""
    return lambda reader="1": Cache(cache, reader=reader, warn=warnings.append)


def database(cache: Path) -> Path:
    (only,) = cache.glob("*.sqlite3")
    return only


def changed(cache: Path, statement: str) -> None:
    connection = sqlite3.connect(database(cache))
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_document_comes_back_in_the_next_run_as_it_was(reopened: Reopened, warnings: list[str]) -> None:
    with reopened() as cache:
        cache.put_many({"a" * 40: DOCUMENT})

    with reopened() as cache:
        assert cache.get_many(["a" * 40, "b" * 40]) == {"a" * 40: DOCUMENT}
    assert warnings == []


def test_a_document_put_again_takes_the_place_of_the_old_one(reopened: Reopened) -> None:
    newer = msgspec.structs.replace(DOCUMENT, lines=6)

    with reopened() as cache:
        cache.put_many({"a": DOCUMENT})
        cache.put_many({"a": newer})
        assert cache.get_many(["a"]) == {"a": newer}


def test_values_of_other_kinds_do_not_mix(reopened: Reopened) -> None:
    with reopened() as cache:
        cache.put_values("one", {"key": b"1"})
        cache.put_values("two", {"key": b"2"})

        assert cache.get_values("one", ["key"]) == {"key": b"1"}
        assert cache.get_many(["key"]) == {}


def test_more_keys_than_a_statement_takes_are_read_at_once(reopened: Reopened) -> None:
    values = {str(number): bytes(3) for number in range(40_000)}

    with reopened() as cache:
        cache.put_values("many", values)
        assert cache.get_values("many", values) == values


def test_another_reader_starts_anew_and_removes_the_old(reopened: Reopened, cache: Path) -> None:
    with reopened("1") as old:
        old.put_many({"a": DOCUMENT})

    with reopened("2") as new:
        assert new.get_many(["a"]) == {}
    assert len(list(cache.glob("*.sqlite3"))) == 1


@pytest.mark.parametrize("ruin", [b"", b"no database at all" * 100])
def test_a_file_that_is_no_database_is_made_anew(
    reopened: Reopened, cache: Path, warnings: list[str], ruin: bytes
) -> None:
    with reopened() as whole:
        whole.put_many({"a": DOCUMENT})
    database(cache).write_bytes(ruin)

    with reopened() as ruined:
        assert ruined.get_many(["a"]) == {}
        ruined.put_many({"a": DOCUMENT})
        assert ruined.get_many(["a"]) == {"a": DOCUMENT}
    assert ["damaged" in warning for warning in warnings] == [True] * bool(ruin)


def test_damage_inside_the_file_never_becomes_an_answer(reopened: Reopened, cache: Path) -> None:
    with reopened() as whole:
        whole.put_values("some", {str(number): b"%d" % number * 100 for number in range(2000)})
    data = bytearray(database(cache).read_bytes())
    for at in range(5000, len(data), 700):
        data[at] ^= 0xFF
    database(cache).write_bytes(bytes(data))

    with reopened() as ruined:
        found = ruined.get_values("some", map(str, range(2000)))
        again = ruined.get_values("some", map(str, range(2000)))

    assert all(value == key.encode() * 100 for key, value in [*found.items(), *again.items()])


def test_a_damaged_row_is_left_out_with_a_warning(
    reopened: Reopened, cache: Path, warnings: list[str]
) -> None:
    with reopened() as whole:
        whole.put_many({"a": DOCUMENT, "b": DOCUMENT})
    changed(cache, "UPDATE entry SET value = x'00' || substr(value, 2) WHERE key = 'a'")

    with reopened() as ruined:
        assert ruined.get_many(["a", "b"]) == {"b": DOCUMENT}
    assert len(warnings) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET kind = 'other'",
        "UPDATE entry SET key = 'b'",
        "UPDATE entry SET key = x'61'",
    ],
)
def test_a_value_is_never_taken_for_another_ones(reopened: Reopened, cache: Path, change: str) -> None:
    with reopened() as whole:
        whole.put_values("some", {"a": b"value"})
    changed(cache, change)

    with reopened() as ruined:
        assert ruined.get_values("some", ["a", "b"]) == {}
        assert ruined.get_values("other", ["a", "b"]) == {}


@pytest.mark.parametrize("other", ["TABLE entry (a)", "VIEW entry AS SELECT 1 AS kind, 2 AS key, 3 AS sum"])
def test_a_database_of_another_structure_is_made_anew(
    reopened: Reopened, cache: Path, warnings: list[str], other: str
) -> None:
    reopened().close()
    changed(cache, "DROP TABLE entry")
    changed(cache, f"CREATE {other}")

    with reopened() as ruined:
        ruined.put_many({"a": DOCUMENT})
        ruined.put_many({"a": DOCUMENT})

        assert ruined.get_many(["a"]) == {"a": DOCUMENT}
    assert ["made anew" in warning for warning in warnings] == [True]


damages = st.lists(st.tuples(st.integers(0, 40_000), st.binary(min_size=1, max_size=600)), max_size=8)


@settings(
    deadline=None,
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(damages, st.integers(0, 40_000))
def test_whatever_happens_to_the_file_every_answer_is_true(
    tmp_path: Path, changes: list[tuple[int, bytes]], end: int
) -> None:
    values = {str(number): b"%d" % number * 40 for number in range(300)}
    with Cache(tmp_path, reader="1") as whole:
        whole.put_values("some", values)
    data = database(tmp_path).read_bytes()
    for at, piece in changes:
        data = data[:at] + piece + data[at + len(piece) :]
    database(tmp_path).write_bytes(data[: end if end % 3 == 0 else None])

    for _ in range(2):
        with Cache(tmp_path, reader="1") as ruined:
            assert ruined.get_values("some", values).items() <= values.items()
            ruined.put_values("some", values)


def test_a_row_of_another_type_is_left_out(reopened: Reopened, cache: Path) -> None:
    with reopened() as whole:
        whole.put_many({"a": DOCUMENT})
    changed(cache, "UPDATE entry SET value = 'text'")

    with reopened() as ruined:
        assert ruined.get_many(["a"]) == {}


def test_a_value_that_is_no_document_is_left_out(reopened: Reopened) -> None:
    with reopened() as cache:
        cache.put_values("document", {"a": msgspec.msgpack.encode([1, 2])})

        assert cache.get_many(["a"]) == {}


def test_a_folder_that_cannot_be_written_only_costs_a_warning(tmp_path: Path, warnings: list[str]) -> None:
    (tmp_path / "file").write_text("")

    with Cache(tmp_path / "file", reader="1", warn=warnings.append) as cache:
        cache.put_many({"a": DOCUMENT})
        assert cache.get_many(["a"]) == {}
    assert ["goes on without a cache" in warning for warning in warnings] == [True]


def test_a_full_disk_only_costs_a_warning(reopened: Reopened, warnings: list[str]) -> None:
    with reopened() as cache:
        cache._database.execute("PRAGMA max_page_count = 10")
        cache.put_values("large", {"key": bytes(1 << 20)})

        assert cache.get_values("large", ["key"]) == {}
    assert ["full" in warning for warning in warnings] == [True]


def test_a_closed_cache_knows_nothing(reopened: Reopened) -> None:
    cache = reopened()
    cache.close()

    cache.put_many({"a": DOCUMENT})

    assert cache.get_many(["a"]) == {}


def test_two_builds_at_once_keep_everything(
    cache: Path, reopened: Reopened, python: Python, warnings: list[str]
) -> None:
    program = f"""
from pathlib import Path
from annotator.cache import Cache
with Cache(Path({str(cache)!r}), reader="1", warn=print) as cache:
    for number in range(50):
        cache.put_values("NAME", {{str(number): bytes(1000)}})
"""
    with python(program.replace("NAME", "one")) as first, python(program.replace("NAME", "two")) as second:
        assert [first.communicate(), second.communicate()] == [("", "")] * 2

    with reopened() as both:
        assert len(both.get_values("one", map(str, range(50)))) == 50
        assert len(both.get_values("two", map(str, range(50)))) == 50
    assert warnings == []


def test_the_journal_of_a_cache_that_was_removed_is_not_taken_for_the_new_ones(
    cache: Path, reopened: Reopened, python: Python, warnings: list[str]
) -> None:
    program = f"""
import os, signal
from pathlib import Path
from annotator.cache import Cache
Cache(Path({str(cache)!r}), reader="1").put_values("kind", {{str(n): bytes(30_000) for n in range(200)}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    with python(program) as killed:
        killed.communicate()
    (file,) = cache.glob("*.sqlite3")
    assert file.with_name(f"{file.name}-wal").stat().st_size > 0
    file.unlink()

    with reopened() as new:
        assert new.get_values("kind", map(str, range(200))) == {}
        new.put_values("kind", {"1": b"value"})
    with reopened() as again:
        assert again.get_values("kind", map(str, range(200))) == {"1": b"value"}
    assert warnings == []


def test_what_an_interrupted_making_left_is_cleared_away(cache: Path, reopened: Reopened) -> None:
    reopened().close()
    (file,) = cache.glob("*.sqlite3")
    file.unlink()
    for ending in (".part", ".part-wal", ".part-shm"):
        file.with_name(file.name + ending).write_bytes(b"left")
    (cache / "parsed-older.sqlite3.part").write_bytes(b"left")

    reopened().close()

    assert sorted(found.name for found in cache.iterdir()) == [file.name, f"{file.name}.lock"]


def test_of_many_builds_that_come_at_once_one_makes_the_cache(cache: Path, python: Python) -> None:
    program = f"""
from multiprocessing import get_context
from pathlib import Path
from annotator.cache import Cache

def build(ready, number):
    ready.wait()
    with Cache(Path({str(cache)!r}), reader="1", warn=print) as cache:
        cache.put_values("kind", {{str(number): b"value"}})
        assert len(cache.get_values("kind", [str(number)])) == 1

context = get_context("fork")
ready = context.Barrier(8)
builds = [context.Process(target=build, args=(ready, number)) for number in range(8)]
for one in builds:
    one.start()
for one in builds:
    one.join()
"""
    with python(program) as builds:
        assert builds.communicate() == ("", "")

    assert [file.suffix for file in sorted(cache.iterdir())] == [".sqlite3", ".lock"]


def test_two_builds_at_once_make_a_damaged_cache_anew_together(
    cache: Path, reopened: Reopened, python: Python
) -> None:
    reopened().close()
    database(cache).write_bytes(b"no database at all" * 100)
    program = f"""
from pathlib import Path
from annotator.cache import Cache
with Cache(Path({str(cache)!r}), reader="1") as cache:
    cache.put_values("NAME", {{"key": b"value"}})
"""
    with python(program.replace("NAME", "one")) as first, python(program.replace("NAME", "two")) as second:
        assert [first.communicate(), second.communicate()] == [("", "")] * 2

    with reopened() as both:
        assert both.get_values("one", ["key"]) == both.get_values("two", ["key"]) == {"key": b"value"}


def test_the_values_used_longest_ago_are_deleted_beyond_the_limit(cache: Path) -> None:
    day = 86_400.0
    now = [day]

    def opened() -> Cache:
        return Cache(cache, reader="1", limit=1000, clock=lambda: now[0])

    for number in range(4):
        now[0] += day
        with opened() as growing:
            growing.put_values("some", {str(number): bytes(200)})
    now[0] += day
    with opened() as read:
        assert read.get_values("some", ["0"]) == {"0": bytes(200)}  # used today, though it is the oldest
    now[0] += day
    with opened() as full:
        full.put_values("other", {"new": bytes(300)})

    with opened() as evicted:
        assert set(evicted.get_values("some", map(str, range(4)))) == {"0", "3"}
        assert evicted.get_values("other", ["new"]) == {"new": bytes(300)}


def test_a_cache_stays_small_however_often_code_changes(cache: Path) -> None:
    for number in range(50):
        with Cache(cache, reader="1", limit=1 << 20) as growing:
            growing.put_values("mirror", {str(number): bytes(100_000)})

    assert database(cache).stat().st_size < 2 << 20


def test_a_cache_in_a_folder_without_write_permission_is_read(python: Python) -> None:
    with tempfile.TemporaryDirectory() as name:  # as pytest's own folders are for their owner alone
        cache = Path(name)
        with Cache(cache, reader="1") as whole:
            whole.put_values("some", {"a": b"value"})
        for file in cache.iterdir():
            file.chmod(0o444)
        cache.chmod(0o555)
        program = f"""
import os
from pathlib import Path
from annotator.cache import Cache
if os.geteuid() == 0:
    os.setuid(65534)
with Cache(Path({name!r}), reader="1", warn=print) as cache:
    cache.put_values("some", {{"b": b"other"}})
    print(cache.get_values("some", ["a", "b"]))
"""
        with python(program) as reader:
            assert reader.communicate() == ("{'a': b'value'}\n", "")
        cache.chmod(0o755)
