"""Turns a written path or URL into repository, ref and path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from annotator.articles import notation

LONGEST = 1024
"""Characters that a written path or address may have."""

_HOST = re.compile(
    r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.(?:com|org|net|io|in|dev|cn|me|sh|cc|co|xyz|tech|edu)"
)
_GITHUB = frozenset(("github.com", "www.github.com", "github1s.com", "github.dev"))
_RAW = frozenset(("raw.githubusercontent.com", "raw.github.com"))
_FORGES = _GITHUB | _RAW | {"gitlab.com", "gitee.com", "bitbucket.org", "codeberg.org"}
_VIEWS = frozenset(("blob", "tree", "raw", "blame", "edit", "src"))

# First folders of branch names that have more than one part.
_BRANCHES = frozenset(("release", "releases", "feature", "features", "fix", "bugfix", "hotfix", "dependabot"))

# Where the code of import paths that name no repository lies.
_VANITY = {
    "golang.org/x": "golang",
    "k8s.io": "kubernetes",
    "go.etcd.io": "etcd-io",
    "go.uber.org": "uber-go",
}
_COPIES = frozenset(("vendor", "Godeps", "_workspace", "third_party"))
_DEEPEST = 24
"""Parts of a path in which a host is looked for."""

_OWNED = 3
"""Parts of a repository's address: host, owner and name."""

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_VERSION = r"v?\d[\w.-]*|master|main"
_RELEASE = re.compile(r"v[0-9]{1,3}\.[0-9].{0,20}")
_GOROOT = re.compile(r"/usr/(?:local|lib|src)/go(?:lang)?(?:-[0-9.]{1,8})?/(?=src/)")


@dataclass(frozen=True, slots=True)
class Place:
    """A path in a repository; `repository` is None for the one that is annotated."""

    path: str
    cited: str
    repository: str | None = None
    ref: str | None = None
    permalink: bool = False


@dataclass(frozen=True, slots=True)
class Roots:
    """Names by which a path or address leads to the root of the annotated repository.

    Attributes:
        prefixes: Folders that are the root elsewhere (`components/engine`).
        modules: Go import paths of the root.
        names: The repository as `owner/name`, in all its spellings, in lower case.
        short: Single folders that stand for the root in front of further folders (`moby`, `engine`).
        own: The repository's present name, as the folder of a clone is called.
        version: What follows the name in the folder of an unpacked archive: a version or an edition.
    """

    prefixes: tuple[str, ...]
    modules: tuple[str, ...]
    names: frozenset[str]
    short: frozenset[str]
    own: str
    version: re.Pattern[str]

    @property
    def owners(self) -> frozenset[str]:
        """The owners of the repository, in lower case."""
        return frozenset(name.partition("/")[0] for name in self.names)


def roots(
    repository: str, prefixes: tuple[str, ...], modules: tuple[str, ...], editions: tuple[str, ...] = ()
) -> Roots:
    """Return the roots of a repository that is given as an address or `owner/name`."""
    address = urlsplit(repository).path if "//" in repository else repository
    own = "/".join(part for part in address.removesuffix(".git").split("/") if part)
    names = {own} | {"/".join(module.split("/")[1:3]) for module in modules}
    known = frozenset(name.lower() for name in names if name.count("/") == 1)
    folders = tuple(prefix.strip("/") for prefix in prefixes if prefix.strip("/"))
    last = {folder.split("/")[-1] for folder in folders} | {name.split("/")[1] for name in known}
    version = re.compile("-(?:{})".format("|".join([_VERSION, *map(re.escape, editions)])))
    return Roots(folders, modules, known, frozenset(last), own.split("/")[-1], version)


def locate(written: str, roots: Roots, *, address: bool = False) -> Place | None:
    """Resolve a written path, or an address without query and fragment.

    Args:
        written: The characters as they stand in the text.
        roots: What leads to the annotated repository.
        address: Whether it is a web address; one that shows no source names no place.
    """
    if len(written) > LONGEST:
        return None
    parts = [part for part in decoded(written).split("/") if part]
    at = _host(parts)
    if at is not None:
        return _remote(parts[at:], roots, address=address)
    if parts[2:] and parts[2] in _VIEWS and "/".join(parts[:2]).lower() in roots.names:
        return _remote(["github.com", *parts], roots, address=address)
    if goroot := _GOROOT.search(written):
        path = notation.normalise(written[goroot.end() :])
        return Place(path, written, "golang/go") if path else None
    return None if address else _local(written, parts, roots)


def _host(parts: list[str]) -> int | None:
    """Return the position of the last host that is not below a folder of copies."""
    found = None
    for index, part in enumerate(parts[:_DEEPEST][:-2]):
        if part in _COPIES:
            break
        if "." in part and _HOST.fullmatch(part):
            found = index
    return found


def decoded(written: str) -> str:
    """Decode percent signs that were encoded once or twice."""
    text = written
    for _ in range(2):
        text = unquote(text) if "%" in text else text
    return text


def _remote(parts: list[str], roots: Roots, *, address: bool) -> Place | None:
    """Resolve a place by host, owner and name; of several hosts in a row, the last one counts."""
    while len(parts) > 1 and _HOST.fullmatch(parts[1]):
        parts = parts[1:]
    host = parts[0].lower()
    if len(parts) <= _OWNED:
        return _vanity(parts, address=address)
    owner, (name, _, version) = parts[1], parts[2].partition("@")
    tail = parts[_OWNED:]
    tail = tail[1:] if tail[0] == "-" else tail
    if host in _RAW:
        tail = ["raw", *tail]
    if tail and tail[0] in _VIEWS and len(tail) > 2 - bool(version):
        ref, path = (version, tail[1:]) if version else _split(tail[1:], roots)
        return _linked(f"{owner}/{name.removesuffix('.git')}", ref, path, roots)
    if address and "@" not in parts[2] and not (host in _GITHUB and parts[-1].endswith(".go")):
        return None
    if host not in _FORGES:
        return _vanity(parts, address=False)
    return _imported(f"{owner}/{name}", version or None, [host, owner, name, *tail], roots)


def _split(tail: list[str], roots: Roots) -> tuple[str, list[str]]:
    """Split a permalink into ref and path; the ref ends where a known prefix starts."""
    if tail[:2] in (["refs", "heads"], ["refs", "tags"]):
        tail = tail[2:]
    for prefix in roots.prefixes:
        names = prefix.split("/")
        for start in range(1, len(tail) - len(names)):
            if tail[start : start + len(names)] == names:
                return "/".join(tail[:start]), tail[start:]
    double = tail[2:] and (tail[0] in _BRANCHES or _RELEASE.fullmatch(tail[1]))
    taken = 2 if double else 1
    return "/".join(tail[:taken]), tail[taken:]


def _linked(repository: str, ref: str, parts: list[str], roots: Roots) -> Place | None:
    cited = "/".join(parts)
    own = repository.lower() in roots.names
    below = notation.normalise(cited, roots.prefixes)
    plain = notation.normalise(cited)
    if below is None or plain is None:
        return None
    if own or (below != plain and repository.lower().partition("/")[0] in roots.owners):
        # A commit of the repository that only contains this one says nothing here; its tags do.
        named = None if not own and _COMMIT.fullmatch(ref) else ref
        return Place(below, cited, None, notation.printable(named) if named else None, permalink=True)
    return Place(plain, cited, notation.printable(repository), notation.printable(ref), permalink=True)


def _imported(repository: str, version: str | None, parts: list[str], roots: Roots) -> Place | None:
    """Resolve an import path of the repository itself or of another one."""
    whole = "/".join(parts)
    if repository.lower() in roots.names:
        lowered = "/".join([*(part.lower() for part in parts[:3]), *parts[3:]])
        path = notation.normalise(lowered, roots.prefixes, roots.modules)
        path = path.removeprefix("/".join(parts[:3]) + "/") if path else None
        return Place(path, whole, None, version) if path else None
    rest = "/".join(parts[3:])
    below, plain = notation.normalise(rest, roots.prefixes), notation.normalise(rest)
    if below and below != plain and repository.lower().partition("/")[0] in roots.owners:
        return Place(below, whole)
    return Place(plain, whole, notation.printable(repository), version) if plain else None


def _vanity(parts: list[str], *, address: bool) -> Place | None:
    """Resolve an import path without a forge, which is of another repository."""
    if address or not parts[2:]:
        return None
    pair = "/".join(parts[:2])
    owner, rest = (
        (_VANITY[pair], parts[2:]) if pair in _VANITY else (_VANITY.get(parts[0], parts[0]), parts[1:])
    )
    path = notation.normalise("/".join(rest[1:]))
    name = rest[0].partition("@")[0]
    return Place(path, "/".join(parts), notation.printable(f"{owner}/{name}")) if path else None


def _local(written: str, parts: list[str], roots: Roots) -> Place | None:
    """Resolve a path without a host."""
    sibling = _sibling(parts, roots) or _neighbour(parts, roots)
    if sibling is not None:
        below = notation.normalise("/".join(sibling[1]))
        return Place(below, written, sibling[0]) if below else None
    path = notation.normalise(written, roots.prefixes, roots.modules)
    if path is None and written.startswith(("/", "$")):
        path = _below_name(parts, roots)
    return Place(_shortened(path, roots), written) if path else None


def _sibling(parts: list[str], roots: Roots) -> tuple[str, list[str]] | None:
    """Return repository and path of a folder beside a prefix (`components/cli`)."""
    for folder in (prefix.split("/") for prefix in roots.prefixes if "/" in prefix):
        size = len(folder)
        for start in range(min(8, len(parts) - size)):
            found = parts[start : start + size]
            if (
                found[:-1] == folder[:-1]
                and found[-1] != folder[-1]
                and not _COPIES.intersection(parts[:start])
            ):
                owner = roots.modules[0].split("/")[1] if roots.modules else folder[0]
                return f"{owner}/{found[-1]}", parts[start + size :]
    return None


def _neighbour(parts: list[str], roots: Roots) -> tuple[str, list[str]] | None:
    """Split a path in a repository of the same owner into repository and path: `docker/cli/cli/command/…`.

    Only where the name stands twice, as no path of this repository's own begins.
    """
    name = "/".join(parts[:2])
    owners = roots.owners - {roots.own}
    if parts[3:] and parts[0] in owners and parts[1] == parts[2] and name not in roots.names:
        return name, parts[2:]
    return None


def _below_name(parts: list[str], roots: Roots) -> str | None:
    """Return the path below a clone or an unpacked release in an absolute path."""
    for start in range(min(_DEEPEST, len(parts) - 2)):
        if f"{parts[start]}/{parts[start + 1]}".lower() in roots.names:
            return notation.normalise("/".join(parts[start + 2 :]))
        folder = _unversioned(parts[start], roots)
        if parts[start] == roots.own or (folder != parts[start] and folder in roots.short):
            return notation.normalise("/".join(parts[start + 1 :]))
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
