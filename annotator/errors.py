"""Errors by what the caller can do, hints on packages to install, and words that are safe to print."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType


def printable(words: str) -> str:
    """Replace every character that a terminal would act on."""
    if words.isprintable():
        return words
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words)


def shortened(words: str, most: int = 200) -> str:
    """Shorten a text to its beginning and end."""
    half = most // 2
    return words if len(words) <= most else f"{words[:half]}…{words[-half:]}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun in singular or plural: `1 tag`, `2 tags`, `2 copies`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


class AnnotatorError(Exception):
    """An error with one sentence for a person: the problem, its place, and the way out."""

    exit_code = 2


class InvalidInput(AnnotatorError):
    """A file, an argument or a setting is not of the expected form."""


class SourceUnavailable(AnnotatorError):
    """The source cannot be had: no answer, no such repository, no such tag."""

    exit_code = 3


class BlobMissing(SourceUnavailable):
    """A repository that was cloned without all its objects lacks the content of a file."""


class UnknownTag(SourceUnavailable):
    """The repository answers but has no such tag; `nearest` are the tag names most like it.

    `remedy` tells how the tag may be had all the same.
    """

    def __init__(self, tag: str, nearest: tuple[str, ...], remedy: str = "") -> None:
        hint = f"the nearest are {', '.join(nearest)}" if nearest else "it has no tags"
        told = f"; {remedy}" if remedy else ""
        super().__init__(
            f"the tag {tag!r} leads to no commit that can be read: it names a file or a folder, "
            "or the repository is damaged, as `git fsck` tells"
            if tag in nearest
            else f"the repository has no tag, ref or commit {tag!r}; {hint}{told}"
        )
        if not remedy:  # a mistyped argument like any other
            self.exit_code = InvalidInput.exit_code


class Interrupted(AnnotatorError):
    """The user pressed Ctrl-C."""

    exit_code = 130


EXTRAS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "site": frozenset(
            {"babel", "grimp", "jieba", "jinja2", "material", "mkdocs", "pygments", "watchfiles"}
        ),
        "cluster": frozenset({"distributed"}),
        "engine": frozenset({"httpcore", "httptools", "httpx", "re2", "starlette", "uvicorn", "uvloop"}),
        "lsp": frozenset({"pygls"}),
        "mcp": frozenset({"mcp"}),
    }
)
"""What each extra of pyproject.toml installs, by the names that are imported."""

_MISSING = re.compile(r"No module named '(\w+)")


def require_extra(extra: str, command: str) -> None:
    """Check that an extra is installed.

    Raises:
        InvalidInput: It is not, or not all of it.
    """
    if any(find_spec(package) is None for package in EXTRAS[extra]):
        raise InvalidInput(f"{command} needs more packages; run `{installation(extra)}`")


def installation(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'moby-annotated[{extra}]'"


def installation_hint(message: str) -> str:
    """Return how to install what an import error of another process misses, to be added to its message."""
    found = _MISSING.search(message)
    extras = [extra for extra, packages in EXTRAS.items() if found and found[1] in packages]
    return f"; run `{installation(extras[0])}`" if extras else ""
