"""The cache is a speed-up: missing, damaged, old or shared, it never makes a command fail."""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import annotator
from annotator import cache as cache_module
from annotator.cache import CACHE_FORMAT, Cache, CacheKind
from annotator.golang.source_tree import PARSED_FILE
from annotator.model.go import Declaration, GoFile, Import, Span
from annotator.model.go import Kind as GoKind

FORMATS = {
    13: "bae22d557238bf0fe76e9404d1cac5480d98c4466e98070fa59fe3e406279a8d",
}
"""By CACHE_FORMAT, a fingerprint of the cached types.

When a cached type changes, increase CACHE_FORMAT and replace the entry: values of the old type are dropped.
"""

Reopened = Callable[..., Cache]
Python = Callable[[str], subprocess.Popen[str]]

BYTES = CacheKind("bytes", bytes)
OTHER = CacheKind("other bytes", bytes)
NUMBER = CacheKind("number", int)

FIELD = Declaration(GoKind.FIELD, "names", "Store", 4, 2, Span(30, 40, 4, 4), type="map[string]int")
STRUCT = Declaration(
    GoKind.STRUCT,
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
DOCUMENT = GoFile("store", (Import("fmt", ""),), (STRUCT,), "linux", 5, (9,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache folder that does not exist yet."""
    return tmp_path / "cache"


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def reopened(folder: Path, warnings: list[str]) -> Reopened:
    """Opens the cache, as the next run would."""
    return lambda: Cache(folder, warn=warnings.append)


def get(cache: Cache, kind: CacheKind[bytes], keys: Iterable[object]) -> dict[str, bytes]:
    return cache.get_many(kind, {str(key): str(key) for key in keys})


def database(folder: Path) -> Path:
    (only,) = folder.glob("*.sqlite3")
    return only


def changed(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(database(folder))
    with connection:
        connection.execute(statement)
    connection.close()


def all_kinds() -> list[CacheKind[object]]:
    """The kinds that any module of the package declares."""
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(annotator.__path__, "annotator.")
        if not module.name.endswith("__main__")
    ]
    found = {
        id(value): value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, CacheKind)
    }
    return sorted(found.values(), key=lambda kind: kind.name)


def structure(type_: object) -> object:
    """The JSON schema of a type without the names and docstrings of its classes, which are not cached."""
    schema = msgspec.json.schema(type_)
    definitions = schema.pop("$defs", {})
    numbers: dict[str, int] = {}
    structures: list[object] = []

    def plain(part: object) -> object:
        if isinstance(part, list):
            return [plain(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" not in part:
            dropped = {key for key in ("title", "description") if isinstance(part.get(key), str)}
            return {key: plain(part[key]) for key in sorted(part.keys() - dropped)}
        name = part["$ref"].rpartition("/")[2]
        if name not in numbers:
            numbers[name] = len(numbers)
            structures.append(plain(definitions[name]))
        return numbers[name]

    return plain(schema), structures


def test_cached_types_change_only_with_the_format_number() -> None:
    structures = {kind.name: structure(kind.type) for kind in all_kinds()}
    fingerprint = hashlib.sha256(json.dumps(structures, sort_keys=True).encode()).hexdigest()

    assert {CACHE_FORMAT: fingerprint} == FORMATS, "a cached type has changed: increase CACHE_FORMAT"


def test_nine_kinds_are_cached() -> None:
    names = [
        "analysis",
        "carried place",
        "highlight spans",
        "page",
        "page group",
        "parsed file",
        "port",
        "program output",
        "tag steps",
    ]

    assert [kind.name for kind in all_kinds()] == names


def test_a_value_is_computed_once(reopened: Reopened) -> None:
    with reopened() as cache:
        assert cache.get_or_compute(NUMBER, "1", lambda: 7) == 7

    with reopened() as cache:
        assert cache.get_or_compute(NUMBER, "1", lambda: pytest.fail("computed again")) == 7


def test_only_missing_values_are_computed(reopened: Reopened) -> None:
    asked: list[str] = []

    def lengths(missing: list[str]) -> dict[str, int]:
        asked.extend(missing)
        return {word: len(word) for word in missing}

    with reopened() as cache:
        cache.get_or_compute_many(NUMBER, {"one": "1", "three": "3"}, lengths)
        asked.clear()

        assert cache.get_or_compute_many(NUMBER, {"four": "4", "three": "3"}, lengths) == {
            "four": 4,
            "three": 5,
        }
        assert asked == ["four"]


def test_items_with_one_key_share_a_value(reopened: Reopened) -> None:
    with reopened() as cache:
        found = cache.get_or_compute_many(NUMBER, {"one": "k", "two": "k"}, lambda _: {"one": 3, "two": 3})

        assert found == {"one": 3, "two": 3}
        assert cache.get_many(NUMBER, {"other": "k"}) == {"other": 3}


def test_items_that_compute_leaves_out_have_no_value(reopened: Reopened) -> None:
    with reopened() as cache:
        assert cache.get_or_compute_many(NUMBER, {"one": "1", "two": "2"}, lambda _: {"one": 3}) == {"one": 3}


@pytest.mark.parametrize("value", ["text", [1, 2], None])
def test_a_value_of_another_type_is_computed_again(reopened: Reopened, value: object) -> None:
    with reopened() as cache:
        cache.put_many(CacheKind(NUMBER.name, object), {"1": value})

        assert cache.get_or_compute(NUMBER, "1", lambda: 7) == 7
        assert cache.get_many(NUMBER, {"1": "1"}) == {"1": 7}


def test_a_document_comes_back_in_the_next_run(reopened: Reopened, warnings: list[str]) -> None:
    with reopened() as cache:
        cache.put_many(PARSED_FILE, {"a" * 40: DOCUMENT})

    with reopened() as cache:
        assert cache.get_many(PARSED_FILE, {1: "a" * 40, 2: "b" * 40}) == {1: DOCUMENT}
    assert warnings == []


def test_a_value_put_again_replaces_the_old_one(reopened: Reopened) -> None:
    with reopened() as cache:
        cache.put_many(BYTES, {"a": b"old"})
        cache.put_many(BYTES, {"a": b"new"})
        assert get(cache, BYTES, "a") == {"a": b"new"}


def test_values_of_other_kinds_do_not_mix(reopened: Reopened) -> None:
    with reopened() as cache:
        cache.put_many(BYTES, {"key": b"1"})
        cache.put_many(OTHER, {"key": b"2"})

        assert get(cache, BYTES, ["key"]) == {"key": b"1"}
        assert cache.get_many(NUMBER, {"key": "key"}) == {}


def test_more_keys_than_a_statement_takes_are_read_at_once(reopened: Reopened) -> None:
    values = {str(number): bytes(3) for number in range(40_000)}

    with reopened() as cache:
        cache.put_many(BYTES, values)
        assert get(cache, BYTES, values) == values


@pytest.mark.parametrize("change", [("CACHE_FORMAT", 99), ("__version__", "0.0.0")])
def test_another_format_or_version_starts_an_empty_cache(
    reopened: Reopened, folder: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, object]
) -> None:
    with reopened() as old:
        old.put_many(BYTES, {"a": b"value"})
    monkeypatch.setattr(cache_module, *change)

    with reopened() as new:
        assert get(new, BYTES, "a") == {}
    assert len(list(folder.glob("*.sqlite3"))) == 1


@pytest.mark.parametrize("ruin", [b"", b"no database at all" * 100])
def test_a_file_that_is_no_database_is_replaced(
    reopened: Reopened, folder: Path, warnings: list[str], ruin: bytes
) -> None:
    with reopened() as whole:
        whole.put_many(BYTES, {"a": b"value"})
    database(folder).write_bytes(ruin)

    with reopened() as ruined:
        assert get(ruined, BYTES, "a") == {}
        ruined.put_many(BYTES, {"a": b"value"})
        assert get(ruined, BYTES, "a") == {"a": b"value"}
    assert ["damaged" in warning for warning in warnings] == [True] * bool(ruin)


@pytest.mark.parametrize("other", ["TABLE entry (a)", "VIEW entry AS SELECT 1 AS kind, 2 AS key, 3 AS sum"])
def test_a_database_of_another_structure_is_replaced(
    reopened: Reopened, folder: Path, warnings: list[str], other: str
) -> None:
    reopened().close()
    changed(folder, "DROP TABLE entry")
    changed(folder, f"CREATE {other}")

    with reopened() as ruined:
        ruined.put_many(BYTES, {"a": b"value"})

        assert get(ruined, BYTES, "a") == {"a": b"value"}
    assert ["damaged" in warning for warning in warnings] == [True]


damages = st.lists(st.tuples(st.integers(0, 40_000), st.binary(min_size=1, max_size=600)), max_size=8)


@settings(
    deadline=None,
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(damages, st.integers(0, 40_000))
def test_no_damage_to_the_file_raises_an_error(
    tmp_path: Path, changes: list[tuple[int, bytes]], end: int
) -> None:
    values = {str(number): b"%d" % number * 40 for number in range(300)}
    with Cache(tmp_path) as whole:
        whole.put_many(BYTES, values)
    data = database(tmp_path).read_bytes()
    for at, piece in changes:
        data = data[:at] + piece + data[at + len(piece) :]
    database(tmp_path).write_bytes(data[: end if end % 3 == 0 else None])

    for _ in range(2):
        with Cache(tmp_path, limit=5000) as ruined:
            assert get(ruined, BYTES, values).keys() <= values.keys()
            ruined.put_many(BYTES, values)


def test_a_folder_that_cannot_be_written_only_costs_a_warning(tmp_path: Path, warnings: list[str]) -> None:
    (tmp_path / "file").write_text("")

    with Cache(tmp_path / "file", warn=warnings.append) as cache:
        cache.put_many(BYTES, {"a": b"value"})
        assert get(cache, BYTES, "a") == {}
    assert ["goes on without a cache" in warning for warning in warnings] == [True]


def test_a_full_disk_only_costs_a_warning(reopened: Reopened, warnings: list[str]) -> None:
    with reopened() as cache:
        cache._database.execute("PRAGMA max_page_count = 10")
        cache.put_many(BYTES, {"key": bytes(1 << 20)})

        assert get(cache, BYTES, ["key"]) == {}
    assert ["full" in warning for warning in warnings] == [True]


def test_a_closed_cache_is_empty(reopened: Reopened) -> None:
    cache = reopened()
    cache.close()

    cache.put_many(BYTES, {"a": b"value"})

    assert get(cache, BYTES, "a") == {}


PROGRAM = """
from pathlib import Path
from annotator.cache import Cache, CacheKind
BYTES = CacheKind("bytes", bytes)
"""


def test_two_builds_at_once_keep_everything(
    folder: Path, reopened: Reopened, python: Python, warnings: list[str]
) -> None:
    program = f"""{PROGRAM}
with Cache(Path({str(folder)!r}), warn=print) as cache:
    for number in range(50):
        cache.put_many(BYTES, {{f"NAME {{number}}": bytes(1000)}})
"""
    with python(program.replace("NAME", "one")) as first, python(program.replace("NAME", "two")) as second:
        assert [first.communicate(), second.communicate()] == [("", "")] * 2

    with reopened() as both:
        assert len(get(both, BYTES, (f"one {number}" for number in range(50)))) == 50
        assert len(get(both, BYTES, (f"two {number}" for number in range(50)))) == 50
    assert warnings == []


def test_the_journal_of_a_deleted_cache_is_ignored(
    folder: Path, reopened: Reopened, python: Python, warnings: list[str]
) -> None:
    program = f"""{PROGRAM}
import os, signal
cache = Cache(Path({str(folder)!r}))
cache.put_many(BYTES, {{str(n): bytes(30_000) for n in range(200)}})
cache._database.execute("PRAGMA cache_size = 1")
cache._database.execute("BEGIN IMMEDIATE")
cache._database.execute("DELETE FROM entry")
os.kill(os.getpid(), signal.SIGKILL)
"""  # noqa: S608 - a program, not a statement
    with python(program) as killed:
        killed.communicate()
    file = database(folder)
    assert file.with_name(f"{file.name}-journal").stat().st_size > 0
    file.unlink()

    with reopened() as new:
        assert get(new, BYTES, range(200)) == {}
        new.put_many(BYTES, {"1": b"value"})
    with reopened() as again:
        assert get(again, BYTES, range(200)) == {"1": b"value"}
    assert warnings == []


def test_builds_that_start_at_once_share_a_new_cache(folder: Path, python: Python) -> None:
    program = f"""{PROGRAM}
from multiprocessing import get_context

def build(ready, number):
    ready.wait()
    with Cache(Path({str(folder)!r}), warn=print) as cache:
        cache.put_many(BYTES, {{str(number): b"value"}})
        assert cache.get_many(BYTES, {{number: str(number)}}) == {{number: b"value"}}

context = get_context("fork")
ready = context.Barrier(8)
builds = [context.Process(target=build, args=(ready, number)) for number in range(8)]
for build in builds:
    build.start()
for build in builds:
    build.join()
"""
    with python(program) as builds:
        assert builds.communicate() == ("", "")

    assert [file.suffix for file in folder.iterdir()] == [".sqlite3"]


def test_the_values_used_longest_ago_are_deleted_beyond_the_limit(folder: Path) -> None:
    day = 86_400.0
    now = [day]

    def opened() -> Cache:
        return Cache(folder, limit=1000, clock=lambda: now[0])

    for number in range(4):
        now[0] += day
        with opened() as growing:
            growing.put_many(BYTES, {str(number): bytes(200)})
    now[0] += day
    with opened() as read:
        assert get(read, BYTES, "0") == {"0": bytes(200)}  # used today, though it is the oldest
    now[0] += day
    with opened() as full:
        full.put_many(OTHER, {"new": bytes(300)})

    with opened() as evicted:
        assert set(get(evicted, BYTES, range(4))) == {"0", "3"}
        assert get(evicted, OTHER, ["new"]) == {"new": bytes(300)}


def test_a_cache_stays_small_however_often_code_changes(folder: Path) -> None:
    for number in range(50):
        with Cache(folder, limit=1 << 20) as growing:
            growing.put_many(BYTES, {str(number): bytes(100_000)})

    assert database(folder).stat().st_size < 2 << 20


def test_a_cache_in_a_folder_without_write_permission_is_read(python: Python) -> None:
    with tempfile.TemporaryDirectory() as name:  # as pytest's own folders are for their owner alone
        folder = Path(name)
        with Cache(folder) as whole:
            whole.put_many(BYTES, {"a": b"value"})
        for file in folder.iterdir():
            file.chmod(0o444)
        folder.chmod(0o555)
        program = f"""{PROGRAM}
import os
Cache(Path({name!r})).close()  # which imports what another user cannot read
if os.geteuid() == 0:
    os.setuid(65534)
with Cache(Path({name!r}), warn=print) as cache:
    cache.put_many(BYTES, {{"b": b"other"}})
    print(cache.get_many(BYTES, {{"a": "a", "b": "b"}}))
"""
        with python(program) as reader:
            assert reader.communicate() == ("{'a': b'value'}\n", "")
        folder.chmod(0o755)
