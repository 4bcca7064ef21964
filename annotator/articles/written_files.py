"""Finds the names of files and the addresses in a line of text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from annotator.articles.own_names import OwnNames

_LETTERS = "A-Za-z0-9\u00c0-\u024f\u0300-\u036f\u0370-\u03ff\u0400-\u052f"
"""Letters of scripts that put spaces between words: others may be glued to a path."""

_RUN = re.compile(
    rf"(?:https?|file|vscode)://(?:[{_LETTERS}._~:/?@!$&+=%#;,*'-]|\$?\{{{{1,3}}[^{{}}\n]{{1,60}}\}}{{1,3}}(?=/)"
    rf"|<[\w-]{{1,40}}>(?=/)|(?<=/)(?=[^\x00-\x7f])[\w.-]{{1,80}}(?=[/#?]))+"
    rf"|[{_LETTERS}_./@+~$%{{}}-]+"
)
"""An address, or characters that a path can have."""

_GO = re.compile(
    r"(?:\.go|(?<=[A-Z0-9_])\.GO)(?![A-Za-z0-9/-]|_.|\.(?:tmpl|tpl|in|gotmpl|golden|orig|gz|template|txt|md|html)\b)"
)
_ENDINGS = (
    "S|adoc|asm|awk|bash|bat|bazel|bzl|c|cc|cfg|cjs|clj|cmake|conf|cpp|cs|css|cue|cxx|dart|el|ex|exs|fish|gohtml|"
    "gotmpl|gradle|groovy|h|hcl|hh|hpp|hs|html?|in|ini|ipynb|java|jinja2?|jl|js|json5?|jsonnet|jsx|kt|kts|ld|less|lock|"
    "lua|m|md|mdx|mjs|mk|ml|mod|nix|org|patch|pbtxt|php|pl|pm|proto|ps1|py|pyi|r|rb|rego|rs|rst|s|scala|scss|service|"
    "sh|socket|sol|sql|star|sum|swift|tcl|tf|thrift|timer|tmpl|toml|tpl|ts|tsx|txt|txtar|vim|vue|wat|work|xml|ya?ml|y|zig|zsh"
)
_NAMES = (
    "Makefile|GNUmakefile|Dockerfile|Containerfile|Jenkinsfile|Vagrantfile|Rakefile|Gemfile|Procfile|Tiltfile|"
    "Justfile|Earthfile|Taskfile|BUILD|WORKSPACE|OWNERS|CODEOWNERS|LICENSE|README"
)
_OTHER = re.compile(
    rf"\.(?:{_ENDINGS})(?![A-Za-z0-9_/-]|\.\w)|(?:^|(?<=/))(?:{_NAMES})(?![A-Za-z0-9_/-]|\.\w)"
)

_DOTTED = re.compile(rf"\.[{_LETTERS}]")
_WORDS = re.compile("file|BUILD|WORKSPACE|OWNERS|LICENSE|README")
"""What is in every name without an ending."""

LONGEST = 1024
"""Characters that a written path or address may have."""

_ALONE = frozenset(_NAMES.split("|"))
_BEHIND = ".+~@$%{}"
"""Characters of a run that can stand behind a file's name."""

# A tab as system logs and quoted strings write it: `#011/go/src/…`, `\\t/go/src/…`.
_TAB = re.compile(r"0[0-9]{2}(?=/)")
_LETTER = re.compile(r"[tn](?=/)")
_FOREIGN = re.compile(r"[^\x00-\x7f]{1,80}(?=[A-Za-z]{2})")
_NUMBERED = re.compile(r"[0-9]{1,2}\.(?=[A-Za-z][\w-]{2,40}/)")
_ROOT = re.compile(r"\w>$|\u2026$")
"""What stands for the root in front of a slash: `<repo>/pkg/kiln.go`, or an ellipsis."""

_DECORATION = re.compile(r"(?:[-+~]|@(?!\w{0,40}/)){1,8}|\.{3,}/?|\{+(?=[\w./])")
_VARIABLE = re.compile(
    r"\{?\w{1,40}\}\{|(?:\$\{?|%)?GOPATH[%}]?/src/|\$\{(?!GOROOT)\w{1,40}\}/|\$(?!GOROOT)\w{1,40}/|\{\{?\s?[\w.-]{1,40}\s?\}\}?/|~/(?:go/src/)?"
    r"|%(?!GOROOT)\w{1,40}%/"
)


class WrittenFile(NamedTuple):
    """A file's name at `text[start:end]`, and whether it is a Go file."""

    start: int
    end: int
    go: bool


def names_any(text: str) -> bool:
    """Return whether a line can name a file at all; most cannot, which spares half of the time."""
    return (
        "/" in text or ("." in text and _DOTTED.search(text) is not None) or _WORDS.search(text) is not None
    )


@lru_cache(maxsize=2)
def runs(text: str, own: OwnNames) -> tuple[tuple[re.Match[str], WrittenFile | None], ...]:
    """Return the addresses and the runs of characters in a line that can name a file, with that file.

    A line is searched three times: for citations, for files, and for what is not read.
    """
    found = (match for match in _RUN.finditer(text) if _may_name(match[0]))
    return tuple(
        (match, None if "://" in match[0] else find(text, match.start(), match[0], own)) for match in found
    )


def _may_name(run: str) -> bool:
    """Return whether a run can name a file; a word at the end of a sentence cannot."""
    return "/" in run or "." in (plain := run.rstrip(_BEHIND)) or plain in _ALONE


def find(text: str, start: int, run: str, own: OwnNames) -> WrittenFile | None:
    """Return the file that a run of characters at `text[start:]` names, or None."""
    if len(run) > LONGEST:
        return None
    match = _GO.search(run)
    if match is None and ("/" in run or run[0] != "."):
        match = _OTHER.search(run)
    end = match.end() if match else _known(run, own)
    if not end:
        return None
    first = _opening(text, start, run) or _glued(run[:end], own)
    go = match is not None and match[0].lower() == ".go"
    if first >= end or (match and match[0][0] == "." and run[first : match.start()][-1:] in {"", "/"}):
        return None  # an ending without a name, as behind a fence
    if run.count("}", first, end) > run.count("{", first, end):
        return None  # the end of a list of names: `{kiln,oven}.go`
    return WrittenFile(start + first, start + end, go)


def _known(run: str, own: OwnNames) -> int:
    """Return the length of a path with a folder that the tree has, without punctuation behind it, or 0."""
    if "/" not in run or not own.paths:
        return 0
    plain = run.rstrip("./-+")
    return len(plain) if "/" in plain and plain in own.paths else 0


def _glued(path: str, own: OwnNames) -> int:
    """Count the characters in front of a path that are glued to it: a foreign word, the number of an item."""
    if path in own.paths:
        return 0
    match = _NUMBERED.match(path) if path[:1].isdigit() else _FOREIGN.match(path)
    return match.end() if match and not path[0].isupper() else 0


def _opening(text: str, start: int, run: str) -> int:
    """Count the characters in front of a path that are no part of it: a dash, an ellipsis, a variable."""
    before = text[max(0, start - 2) : start]
    if run.startswith(("_", ".", "-")) and before.endswith("*") and before != "**":
        return len(run)  # the end of a glob
    if run.startswith("/") and _ROOT.search(before):
        return 1
    escaped = (_TAB.match(run) if before.endswith("#") else None) or (
        _LETTER.match(run) if before.endswith("\\") else None
    )
    opening = escaped or _VARIABLE.match(run) or _DECORATION.match(run)
    return opening.end() if opening else 0
