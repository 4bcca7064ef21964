"""Which locks Go's functions take and what they do under them: what is proven, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from annotator.golang import declarations, lock_usage
from annotator.golang.resolver import Resolver
from annotator.model.go import FileLockUsage, FunctionLockUsage, GoFile

PATH = "store/store.go"
HEAD = """package store

import (
	"sync"

	"github.com/moby/locker"
)

type Base struct{ sync.Mutex }

type Store struct {
	sync.RWMutex
	mu    sync.Mutex
	locks *locker.Locker
	other Other
	names map[string]int
}

type Other struct{ mu sync.RWMutex }

type Own struct{ sync.Mutex }

func (o *Own) Lock() {}

var shared = Base{}

func (s *Store) helper() {}
func done()              {}
"""


class Tree:
    """One file of one package."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self.read = declarations.read_go_file(self.data)

    def package(self, folder: str) -> Mapping[str, bytes]:
        return {PATH: self.data} if folder == "store" else {}

    def document(self, path: str) -> GoFile:
        assert path == PATH
        return self.read


def read(body: str) -> FileLockUsage:
    tree = Tree(HEAD + body)
    return lock_usage.read_lock_usage(
        Resolver(tree, ("example.org/x",)), PATH, tree.data, tree.read, ["locker.Locker"]
    )


def function(body: str) -> FunctionLockUsage:
    """What `f` does with locks, a method of Store with such a body."""
    found = read(f"\nfunc (s *Store) f(o *Other, own *Own, n int) {{\n{body}\n}}\n").functions
    (one,) = (function for function in found if function.at.symbol == "Store.f")
    return one


def taken(body: str) -> list[tuple[str, bool]]:
    return [(acquisition.lock.symbol, acquisition.reads) for acquisition in function(body).acquisitions]


def under(body: str) -> list[str]:
    """What is done under the first lock that is taken."""
    return [one.what.symbol for one in function(body).acquisitions[0].while_held]


def test_fields_that_are_locks_are_declared_and_embedded_ones_too() -> None:
    assert [(lock.at.symbol, lock.kind, lock.line) for lock in read("").locks] == [
        ("Base.Mutex", "sync.Mutex", 9),
        ("Store.RWMutex", "sync.RWMutex", 12),
        ("Store.mu", "sync.Mutex", 13),
        ("Store.locks", "*locker.Locker", 14),
        ("Other.mu", "sync.RWMutex", 19),
        ("Own.Mutex", "sync.Mutex", 21),
    ]


def test_a_mutex_of_another_package_is_no_lock() -> None:
    tree = Tree('package store\n\nimport "x/sync"\n\ntype Store struct{ mu sync.Mutex }\n')

    assert list(lock_usage.declared_locks(PATH, tree.read, ["locker.Locker"])) == []


@pytest.mark.parametrize(
    ("call", "lock", "reads"),
    [
        ("s.mu.Lock()", "Store.mu", False),
        ("s.Lock()", "Store.RWMutex", False),
        ("s.RLock()", "Store.RWMutex", True),
        ('s.locks.Lock("name")', "Store.locks", False),
        ("s.other.mu.RLock()", "Other.mu", True),
        ("o.mu.Lock()", "Other.mu", False),
        ("shared.Lock()", "Base.Mutex", False),
        ("x := s; x.mu.Lock()", "Store.mu", False),
        ("go func() { s.mu.Lock() }()", "Store.mu", False),
    ],
)
def test_a_lock_is_known_by_what_it_is_a_field_of(call: str, lock: str, reads: bool) -> None:
    assert taken(call) == [(lock, reads)]


@pytest.mark.parametrize(
    "call",
    [
        "own.Lock()",
        "unknown.Lock()",
        "{ s := foreign(); s.mu.Lock() }",
        "var mu sync.Mutex; mu.Lock()",
        "s.names.Lock()",
    ],
)
def test_what_is_not_proven_to_be_a_lock_is_left_alone(call: str) -> None:
    assert taken(f"done()\n{call}") == []


@pytest.mark.parametrize(
    ("body", "done"),
    [
        ("s.mu.Lock()\ns.helper()\ns.mu.Unlock()\ndone()", ["Store.helper"]),
        ("s.mu.Lock()\ndefer s.mu.Unlock()\ns.helper()\ndone()", ["Store.helper", "done"]),
        ("s.mu.Lock()\nif n > 0 {\n\ts.helper()\n}\n", ["Store.helper"]),
        ("s.mu.Lock()\nif n > 0 {\n\ts.mu.Unlock()\n\treturn\n}\ns.helper()", ["Store.helper"]),
        ("s.mu.Lock()\nif n > 0 {\n\ts.mu.Unlock()\n}\ns.helper()", []),
        ("s.mu.Lock()\nif n > 0 {\n\tdone()\n\ts.mu.Unlock()\n\ts.helper()\n}", ["done"]),
        ("s.mu.Lock()\nswitch n {\ncase 1:\n\ts.mu.Unlock()\n\treturn\n}\ns.helper()", ["Store.helper"]),
        ("if n > 0 {\n\ts.mu.Lock()\n\tdone()\n}\ns.helper()", ["done"]),
        ("s.mu.Lock()\ngo s.helper()\n", []),
        ("s.mu.Lock()\nfunc() { s.helper() }()", []),
        ("s.mu.Lock()\ndefer s.helper()\n", []),
        ("s.mu.Lock()\no.mu.RLock()\n", ["Other.mu"]),
        ("s.mu.Lock()\no.mu.RUnlock()\ndone()", ["done"]),
        ("s.mu.Lock()\nfree := func() { s.mu.Unlock() }\nfree()\ns.helper()", []),
        ("s.mu.Lock()\nfree := s.mu.Unlock\nfree()\ns.helper()", []),
        ("s.mu.Lock()\nagain:\ns.helper()\nif n > 0 {\n\tgoto again\n}\ndone()", []),
        ("defer s.mu.Lock()\ns.helper()", []),
    ],
)
def test_only_what_surely_runs_before_the_lock_is_let_go_of_is_under_it(body: str, done: list[str]) -> None:
    assert under(body) == done


def test_a_call_takes_what_its_body_takes_and_not_what_it_starts() -> None:
    found = function("go func() { s.mu.Lock() }()\ns.Lock()\no.mu.Unlock()\ngo done()\ns.helper()")

    assert [one.symbol for one in found.acquires] == ["Store.RWMutex"]
    assert [one.symbol for one in found.releases] == ["Other.mu"]
    assert [one.symbol for one in found.calls] == ["Store.helper"]


def test_a_broken_file_says_what_is_whole_in_it() -> None:
    tree = Tree(HEAD + "\nfunc (s *Store) f() {\n\ts.mu.Lock()\n}\n\nfunc (s *Store) g() {{{\n")

    found = lock_usage.read_lock_usage(
        Resolver(tree, ("example.org/x",)), PATH, tree.data, tree.read, ["locker.Locker"]
    )

    assert [one.at.symbol for one in found.functions] == ["Store.f"]


@pytest.mark.parametrize(
    ("lock_types", "expected"),
    [
        ((), []),
        (("keyed.Table",), ["S.locks"]),
        (("other/keyed.Table",), []),
        (("own/keyed.Table",), ["S.locks"]),
        (("keyed.Other",), []),
    ],
)
def test_configured_types_are_locks(lock_types: tuple[str, ...], expected: list[str]) -> None:
    source = b'package s\n\nimport "example.org/own/keyed"\n\ntype S struct {\n\tlocks *keyed.Table\n}\n'
    read = declarations.read_go_file(source)

    assert [lock.at.symbol for lock in lock_usage.declared_locks("s.go", read, lock_types)] == expected
