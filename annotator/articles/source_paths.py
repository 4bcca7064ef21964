"""Finds file names and addresses in a line of text, and resolves them to a repository and a path in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from annotator.articles import reference_notation
from annotator.articles.own_names import OwnNames

_HOST = re.compile(
    r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.(?:com|org|net|io|in|dev|cn|me|sh|cc|co|xyz|tech|edu|google)"
)
COPIES = frozenset(("vendor", "Godeps", "_workspace", "third_party"))
"""Folders that hold other projects' code."""

DEEPEST = 24
"""Parts of a path in which a host or a folder is looked for."""

OWNED = 3
"""Parts of a repository's address: host, owner and name."""

FORGES = frozenset((
    "github.com", "www.github.com", "github1s.com", "github.dev", "raw.githubusercontent.com",
    "raw.github.com", "gitlab.com", "gitee.com", "bitbucket.org", "codeberg.org", "gitcode.com",
))  # fmt: skip
"""Hosts whose import paths are host, owner and name."""

# Where the code of import paths that name no repository lies.
_VANITY = {
    "golang.org/x": "golang",
    "k8s.io": "kubernetes",
    "go.etcd.io": "etcd-io",
    "go.uber.org": "uber-go",
}
_VERSION = r"v?\d[\w.-]*|master|main"
_GOROOT = re.compile(
    r"(?:/usr/(?:local|lib|src)/go(?:lang)?(?:-[0-9.]{1,8})?|\$\{?GOROOT\}?|%GOROOT%"
    r"|/[\w./-]{1,60}/(?:sdk/)?go1\.[0-9.]{1,8})/(?=src/)"
)
_VERSIONED = re.compile(r"@(v[0-9][\w.+-]{0,60})$")
_MAJOR = re.compile(r"v[0-9]{1,3}")

# What stands for the root in front of a path: a side of a diff, an alias of a bundler, a drive.
_ALIAS = re.compile(r"(?:[ab]|[ciow]|@\w{0,40}|[A-Za-z]:|~)/")


@dataclass(frozen=True, slots=True)
class Place:
    """A path in a repository; `repository` is empty for the annotated one."""

    path: str
    cited: str
    repository: str | None = None
    ref: str | None = None
    permalink: bool = False
    foreign_ref: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Roots:
    """Names by which a path or address leads to the root of the annotated repository.

    Attributes:
        prefixes: Folders that are the root elsewhere (`components/engine`).
        modules: Go import paths of the root.
        names: The repository as `owner/name`, in all its spellings, in lower case.
        short: Single folders that stand for the root in front of further folders (`moby`, `engine`).
        name: The repository's present name, as the folder of a clone is called.
        version: What follows the name in the folder of an unpacked archive: a version or an edition.
        own: What is known of the repository itself.
        folder: The article's folder in the repository, or None if the article is not in it.
    """

    prefixes: tuple[str, ...]
    modules: tuple[str, ...]
    names: frozenset[str]
    short: frozenset[str]
    name: str
    version: re.Pattern[str]
    own: OwnNames
    folder: str | None = None

    @property
    def owners(self) -> frozenset[str]:
        """The owners of the repository, in lower case."""
        return frozenset(name.partition("/")[0] for name in self.names)


def roots(  # noqa: PLR0913 - the settings of a project
    repository: str,
    prefixes: tuple[str, ...],
    modules: tuple[str, ...],
    editions: tuple[str, ...] = (),
    *,
    also: tuple[str, ...] = (),
    own: OwnNames | None = None,
    folder: str | None = None,
) -> Roots:
    """Return the roots of a repository that is given as an address or `owner/name`."""
    present = _pair(repository)
    names = {present} | {"/".join(module.split("/")[1:3]) for module in modules} | set(map(_pair, also))
    known = frozenset(name.lower() for name in names if name.count("/") == 1)
    folders = tuple(prefix.strip("/") for prefix in prefixes if prefix.strip("/"))
    last = {folder.split("/")[-1] for folder in folders} | {name.split("/")[1] for name in known}
    version = re.compile("-(?:{})".format("|".join([_VERSION, *map(re.escape, editions)])))
    imported = (*modules, *(name for name in also if "://" not in name and "." in name.partition("/")[0]))
    return Roots(
        prefixes=folders,
        modules=imported,
        names=known,
        short=frozenset(last),
        name=present.split("/")[-1],
        version=version,
        own=own or OwnNames(),
        folder=folder,
    )


def _pair(repository: str) -> str:
    """Return `owner/name` of a repository's address or import path."""
    address = urlsplit(repository).path if "//" in repository else repository
    parts = [part for part in address.removesuffix(".git").split("/") if part]
    return "/".join(parts[1:3] if parts and "." in parts[0] and "//" not in repository else parts)


@lru_cache(maxsize=1000)
def locate(written: str, roots: Roots) -> Place | None:
    """Resolve a written path, which may be an import path."""
    if len(written) > LONGEST:
        return None
    parts = [part for part in decoded(written).split("/") if part]
    place = _in_tree(written, parts, roots) or _in_module(written, parts, roots)
    if place is not None:
        return place
    if (goroot := _GOROOT.search(written)) and (
        path := reference_notation.normalise(written[goroot.end() :])
    ):
        return Place(path, written, None if "golang/go" in roots.names else "golang/go")
    at = _host_at(parts)
    return _local(written, parts, roots) if at is None else imported(parts[at:], roots)


def in_submodule(place: Place, roots: Roots) -> Place:
    """Return the place in the repository of the submodule that it lies in, if it lies in one."""
    parts = place.path.split("/")
    for count in range(1, len(parts) if place.repository is None else 0):
        repository = roots.own.submodules.get("/".join(parts[:count]))
        if repository:
            owner_and_name = reference_notation.printable(repository)
            return replace(place, path="/".join(parts[count:]), repository=owner_and_name, ref=None)
    return place


def _host_at(parts: list[str]) -> int | None:
    """Return the position of the last host that is not below a folder of copies."""
    found = None
    for index, part in enumerate(parts[:DEEPEST][:-2]):
        if part in COPIES:
            break
        if is_host(part):
            found = index
    return found


def is_host(part: str) -> bool:
    """Return whether a part of a path looks like the name of a host."""
    return "." in part and _HOST.fullmatch(part) is not None


def decoded(written: str) -> str:
    """Decode percent signs that were encoded once or twice."""
    text = written
    for _ in range(2):
        text = unquote(text) if "%" in text else text
    return text


def _in_tree(written: str, parts: list[str], roots: Roots) -> Place | None:
    """Resolve a path of the tree, or a path whose folder is one and looks like a host."""
    own = roots.own
    if not own.paths or not parts or written.startswith("/"):
        return None
    path = reference_notation.joined("", "/".join(parts))
    if path is None:
        return None
    if own.has(path):
        return Place(own.resolved(path), written)
    at = _host_at(parts)
    return Place(path, written) if at and "/".join(parts[: at + 1]) in own.folders else None


def _in_module(written: str, parts: list[str], roots: Roots) -> Place | None:
    """Resolve a path below the import path of one of the repository's modules."""
    if not roots.own.modules or not parts:
        return None
    versions = {index: match[1] for index, part in enumerate(parts) if (match := _VERSIONED.search(part))}
    plain = [part.partition("@")[0] if index in versions else part for index, part in enumerate(parts)]
    for start in range(min(len(parts), DEEPEST)):
        if parts[start] in COPIES:
            return None
        if "." not in plain[start] and start not in versions and start + 1 not in versions:
            continue
        for count in range(len(parts) - 1, start, -1):
            folder = _module_folder(plain[start:count], versions.get(count - 1), roots.own)
            if folder is not None:
                path = reference_notation.joined(folder, "/".join(parts[count:]))
                ref = released(folder, versions.get(count - 1), roots.own)
                return Place(path, written, ref=ref) if path else None
    return None


def _module_folder(names: list[str], version: str | None, own: OwnNames) -> str | None:
    """Return the folder of a module by its import path, or by the end of it if a version follows."""
    name = "/".join(names)
    if name in own.modules:
        return own.modules[name]
    if version is None:
        return None
    folders = {folder for module, folder in own.modules.items() if module.endswith(f"/{name}")}
    return folders.pop() if len(folders) == 1 else None


def released(folder: str, version: str | None, own: OwnNames) -> str | None:
    """Return the tag of a module's version: nested modules are tagged with their folder in front."""
    if version is None:
        return None
    nested = f"{folder}/{version}"
    return nested if folder and nested in own.refs else version


def imported(parts: list[str], roots: Roots) -> Place | None:
    """Resolve an import path: host, owner, name and the path below."""
    while len(parts) > 1 and is_host(parts[1]):
        parts = parts[1:]
    if parts[0].lower() not in FORGES or len(parts) <= OWNED:
        return _vanity(parts, roots)
    owner, (name, _, version) = parts[1], parts[2].partition("@")
    whole = "/".join(parts)
    repository, cited = f"{owner}/{name}", "/".join(parts[OWNED:])
    if repository.lower() in roots.names:
        root = f"{parts[0]}/{repository}".lower()
        path = reference_notation.normalise(f"{root}/{cited}", roots.prefixes, roots.modules)
        path = path.removeprefix(f"{root}/") if path else None
        return Place(_without_major(path, roots.own), whole, None, version or None) if path else None
    below, plain = reference_notation.normalise(cited, roots.prefixes), reference_notation.normalise(cited)
    if below and below != plain and repository.lower().partition("/")[0] in roots.owners:
        return Place(below, whole)
    return Place(plain, whole, reference_notation.printable(repository), version or None) if plain else None


def _without_major(path: str, own: OwnNames) -> str:
    """Return the path without the major version of its module, which is no folder of the tree."""
    parts = path.split("/")
    for index, part in enumerate(parts[:-1]):
        if _MAJOR.fullmatch(part) and own.folders and "/".join(parts[: index + 1]) not in own.folders:
            return "/".join(parts[:index] + parts[index + 1 :])
    return path


def _vanity(parts: list[str], roots: Roots) -> Place | None:
    """Resolve an import path whose host is no forge."""
    if not parts[2:]:
        return None
    pair = "/".join(parts[:2])
    owner, rest = (
        (_VANITY[pair], parts[2:]) if pair in _VANITY else (_VANITY.get(parts[0], parts[0]), parts[1:])
    )
    name, _, version = rest[0].partition("@")
    whole = "/".join(parts)
    path = reference_notation.normalise("/".join(rest[1:]))
    if f"{owner}/{name}".lower() in roots.names:
        return Place(_without_major(path, roots.own), whole, None, version or None) if path else None
    inside = roots.own.ending(whole)
    if len(inside) == 1:
        return Place(inside[0], whole)
    return Place(path, whole, reference_notation.printable(f"{owner}/{name}")) if path else None


def _local(written: str, parts: list[str], roots: Roots) -> Place | None:
    """Resolve a path without a host."""
    sibling = _sibling(parts, roots) or _neighbour(parts, roots)
    if sibling is not None:
        below = reference_notation.normalise("/".join(sibling[1]))
        return Place(below, written, sibling[0]) if below else None
    path = reference_notation.normalise(decoded(written), roots.prefixes, roots.modules)
    if path is None and written.startswith(("/", "$", "%")):
        path = _below_name(parts, roots)
    if path and (alias := _ALIAS.match(written)) and alias[0].rstrip("/") not in roots.own.folders:
        rest = reference_notation.normalise(written[alias.end() :])
        path = rest if rest and roots.own.has(rest) else path
    return Place(_found(path, roots), written) if path else None


def _found(path: str, roots: Roots) -> str:
    """Return a path as the tree has it, where that is known."""
    own, shortened = roots.own, _shortened(path, roots)
    if not own.paths:
        return shortened
    # Below vendor/ stands a copy, which is another text than the repository's own file.
    copied = COPIES.intersection(path.split("/")[:-1])
    cloned = None if copied else _below_name(path.split("/"), roots)
    for candidate in (path, shortened, own.completed(shortened), own.completed(path), cloned):
        if candidate and own.has(candidate):
            return own.resolved(candidate)
    folder = shortened.rpartition("/")[0]
    inside = own.ending(shortened) if folder and folder not in own.folders else ()
    return inside[0] if len(inside) == 1 else own.completed(shortened)


def _sibling(parts: list[str], roots: Roots) -> tuple[str, list[str]] | None:
    """Return repository and path of a sibling of a prefix (`components/cli`)."""
    for folder in (prefix.split("/") for prefix in roots.prefixes if "/" in prefix):
        size = len(folder)
        for start in range(min(8, len(parts) - size)):
            *above, name = parts[start : start + size]
            if above == folder[:-1] and name != folder[-1] and COPIES.isdisjoint(parts[:start]):
                owner = roots.modules[0].split("/")[1] if roots.modules else folder[0]
                return f"{owner}/{name}", parts[start + size :]
    return None


def _neighbour(parts: list[str], roots: Roots) -> tuple[str, list[str]] | None:
    """Split a path in another repository of this owner into repository and path: `docker/cli/cli/command/…`.

    Only where the name stands twice, as no path of this repository's own begins.
    """
    name = "/".join(parts[:2])
    owners = roots.owners - {roots.name}
    if parts[3:] and parts[0] in owners and parts[1] == parts[2] and name not in roots.names:
        return name, parts[2:]
    return None


def _below_name(parts: list[str], roots: Roots) -> str | None:
    """Return the path below a clone or an unpacked release in an absolute path."""
    for start in range(min(DEEPEST, len(parts) - 1)):
        if parts[start + 2 :] and f"{parts[start]}/{parts[start + 1]}".lower() in roots.names:
            return reference_notation.normalise("/".join(parts[start + 2 :]))
        folder = _unversioned(parts[start], roots)
        if parts[start] == roots.name or (folder != parts[start] and folder in roots.short):
            below = reference_notation.normalise("/".join(parts[start + 1 :]))
            if parts[start + 2 :] or (below and roots.own.has(below)):
                return below
    return None


def _shortened(path: str, roots: Roots) -> str:
    """Remove the repository's own names from the start of a path, as long as a folder is left.

    Old trees have files such as `docker/docker.go` and `engine/engine.go`, which must stay.
    """
    parts = path.split("/")
    while parts[2:]:
        if parts[3:] and f"{parts[0]}/{parts[1].partition('@')[0]}".lower() in roots.names:
            parts = parts[2:]
        elif _unversioned(parts[0], roots) in roots.short:
            parts = parts[1:]
        else:
            break
    return "/".join(parts)


def _unversioned(folder: str, roots: Roots) -> str:
    """Return `moby` of `moby-20.10.24`: the folder into which an archive of a release unpacks."""
    match = roots.version.search(folder)
    return folder[: match.start()] if match and match.end() == len(folder) else folder


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


def names_any_file(text: str) -> bool:
    """Return whether a line can name a file at all; most cannot, which spares half of the time."""
    return (
        "/" in text or ("." in text and _DOTTED.search(text) is not None) or _WORDS.search(text) is not None
    )


@lru_cache(maxsize=2)
def written_runs(text: str, own: OwnNames) -> tuple[tuple[re.Match[str], WrittenFile | None], ...]:
    """Return the addresses and the runs of characters in a line that can name a file, with that file.

    A line is searched three times: for citations, for files, and for what is not read.
    """
    found: list[tuple[re.Match[str], WrittenFile | None]] = []
    for match in _RUN.finditer(text):
        run = match[0]
        # A word at the end of a sentence names no file.
        if "/" in run or "." in (plain := run.rstrip(_BEHIND)) or plain in _ALONE:
            found.append((match, None if "://" in run else find_file(text, match.start(), run, own)))
    return tuple(found)


def find_file(text: str, start: int, run: str, own: OwnNames) -> WrittenFile | None:
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
    escape = {"#": _TAB, "\\": _LETTER}.get(before[-1:])
    opening = (escape and escape.match(run)) or _VARIABLE.match(run) or _DECORATION.match(run)
    return opening.end() if opening else 0
