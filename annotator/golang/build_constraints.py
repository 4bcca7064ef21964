"""Which platforms a Go file is built for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

_UNIX = frozenset(
    "aix android darwin dragonfly freebsd hurd illumos ios linux netbsd openbsd solaris".split()  # noqa: SIM905 - words
)
SYSTEMS = _UNIX | frozenset(["js", "nacl", "plan9", "wasip1", "windows", "zos"])
MACHINES = frozenset(
    """
    386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x sparc64 wasm
    """.split()  # noqa: SIM905 - words
)
_TOKEN = re.compile(r"&&|\|\||!|\(|\)|[^\s()!&|]+")
_RELEASE = re.compile(r"go1\.\d+")

# A constraint that is nested deeper or is longer than this is answered "unknown".
MAX_NESTING = 50
MAX_LENGTH = 2000

Truth = bool | None
"""None is "that hangs on tags which are not known"."""

Platform = Mapping[str, bool]
"""Build tags that are known to be set or unset; a tag that is missing may be either."""


def platform_of(path: str, constraint: str) -> Platform:
    """Return the platform of a file: linux if it is built there, else the tags that all its systems share.

    Tags of the project's own that its constraint names are set or unset as the constraint demands.
    """
    possible = {name for name in SYSTEMS if is_built(path, constraint, _system(name)) is not False}
    base = _shared(possible) if possible and "linux" not in possible else _system("linux")
    tags = set() if len(constraint) > MAX_LENGTH else set(re.findall(r"[\w.]+", constraint))
    own = sorted(tags - SYSTEMS - {"unix", "ignore"})
    return MappingProxyType({**base, **_demanded(path, constraint, base, own)})


def _shared(systems: set[str]) -> dict[str, bool]:
    """Return the tags with the same value on all of some systems."""
    known = [_system(name) for name in systems]
    return {tag: value for tag, value in known[0].items() if all(other[tag] is value for other in known)}


def _system(name: str) -> dict[str, bool]:
    known = dict.fromkeys(SYSTEMS, False)
    return {**known, name: True, "unix": name in _UNIX, "ignore": False}


def _demanded(path: str, constraint: str, base: Platform, tags: list[str]) -> dict[str, bool]:
    """Return the project's tags that must be set or unset for the file to be built."""
    demanded: dict[str, bool] = {}
    for tag in tags:
        for value in (True, False):
            if is_built(path, constraint, {**base, tag: not value}) is False:
                demanded[tag] = value
    return demanded


def is_built(path: str, constraint: str, platform: Platform) -> Truth:
    """Whether a file belongs to a build for a platform; None if that hangs on unknown tags."""
    return _all([_by_name(path, platform), _by_constraint(constraint, platform)])


def _by_name(path: str, platform: Platform) -> Truth:
    """Evaluate the file name, `name_GOOS_GOARCH.go`."""
    parts = path.rpartition("/")[2].removesuffix(".go").removesuffix("_test").split("_")[1:]
    if len(parts) > 1 and parts[-1] in MACHINES and parts[-2] in SYSTEMS:
        return _all([_tag(parts[-2], platform), _tag(parts[-1], platform)])
    if parts and parts[-1] in SYSTEMS | MACHINES:
        return _tag(parts[-1], platform)
    return True


def _by_constraint(constraint: str, platform: Platform) -> Truth:
    if not constraint:
        return True
    if len(constraint) > MAX_LENGTH:
        return None
    if any(mark in constraint for mark in ("&&", "||", "(")):
        return _Expression(_TOKEN.findall(constraint), platform).value()
    return _all([_any(_terms(line, platform)) for line in constraint.split("\n")])


def _terms(line: str, platform: Platform) -> list[Truth]:
    """Evaluate the alternatives of a `+build` line: commas mean and, spaces mean or."""
    return [
        _all(
            [
                _not(_tag(tag[1:], platform)) if tag.startswith("!") else _tag(tag, platform)
                for tag in term.split(",")
            ]
        )
        for term in line.split()
    ]


def _tag(tag: str, platform: Platform) -> Truth:
    return True if _RELEASE.fullmatch(tag) else platform.get(tag)


def _not(value: Truth, /) -> Truth:
    return None if value is None else not value


def _all(values: list[Truth]) -> Truth:
    if False in values:
        return False
    return None if None in values else True


def _any(values: list[Truth]) -> Truth:
    if True in values:
        return True
    return None if None in values else False


class _Expression:
    """A `//go:build` expression, read by descent: or, and, not, tag."""

    def __init__(self, tokens: list[str], platform: Platform) -> None:
        self._tokens, self._platform, self._depth = tokens[::-1], platform, 0

    def value(self) -> Truth:
        """Return the expression's truth; None if it is unknown or does not parse."""
        found = self._or()
        return None if self._tokens else found

    def _or(self) -> Truth:
        values = [self._and()]
        while self._next("||"):
            values.append(self._and())
        return _any(values)

    def _and(self) -> Truth:
        values = [self._not()]
        while self._next("&&"):
            values.append(self._not())
        return _all(values)

    def _not(self) -> Truth:
        flips = 0
        while self._next("!"):
            flips += 1
        value = self._group() if self._next("(") else self._name()
        return _not(value) if flips % 2 else value

    def _group(self) -> Truth:
        self._depth += 1
        if self._depth > MAX_NESTING:
            self._tokens.clear()
            return None
        value = self._or()
        return value if self._next(")") else None

    def _name(self) -> Truth:
        return _tag(self._tokens.pop(), self._platform) if self._tokens else None

    def _next(self, token: str) -> bool:
        if self._tokens and self._tokens[-1] == token:
            self._tokens.pop()
            return True
        return False


_WINDOWS = frozenset({"windows"})
_UNIX_SUFFIXES = frozenset({"linux", "unix", "freebsd", "darwin", "solaris", "openbsd", "netbsd"})
_NONE = frozenset({"unsupported", "other", "others", "nolinux", "notlinux", "stub", "nowindows"})


@lru_cache(maxsize=1 << 14)
def system_family(path: str) -> str:
    """Return the family of systems in a file's name: `windows`, `unix`, `none` (built nowhere) or empty."""
    words = path.rpartition("/")[2].removesuffix(".go").removesuffix("_test").split("_")[1:]
    for family, suffixes in (("windows", _WINDOWS), ("none", _NONE), ("unix", _UNIX_SUFFIXES)):
        if suffixes & set(words):
            return family
    return ""


def platform_label(path: str, constraint: str) -> str:
    """Return what a file is built for: the systems and machines in its name, else its constraint."""
    words = path.rpartition("/")[2].removesuffix(".go").removesuffix("_test").split("_")[1:][-2:]
    named = [word for word in words if word in SYSTEMS | MACHINES]
    return " ".join(named) or constraint


def same_system_family(one: str, other: str) -> bool:
    """Whether a declaration can have gone from one file to the other without changing its system."""
    first, second = system_family(one), system_family(other)
    return not first or not second or first == second


def is_named_for_linux(path: str) -> bool:
    """Return whether a file's name allows it in a build for Linux; its constraint may still forbid it."""
    return _by_name(path, _system("linux")) is not False and system_family(path) != "none"
