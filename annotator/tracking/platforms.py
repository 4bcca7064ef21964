"""Whether two Go files can be built together, by their names."""

from __future__ import annotations

from functools import lru_cache

_WINDOWS = frozenset({"windows"})
_UNIX = frozenset({"linux", "unix", "freebsd", "darwin", "solaris", "openbsd", "netbsd"})
_NONE = frozenset({"unsupported", "other", "others", "nolinux", "notlinux", "stub", "nowindows"})


@lru_cache(maxsize=1 << 14)
def of(path: str) -> str:
    """The family of systems that a file is for: `windows`, `unix`, `none` (where nothing is), or empty."""
    words = path.rpartition("/")[2].removesuffix(".go").removesuffix("_test").split("_")[1:]
    for family, suffixes in (("windows", _WINDOWS), ("none", _NONE), ("unix", _UNIX)):
        if suffixes & set(words):
            return family
    return ""


def agree(one: str, other: str) -> bool:
    """Whether a declaration can have gone from one file to the other without changing its system."""
    first, second = of(one), of(other)
    return not first or not second or first == second
