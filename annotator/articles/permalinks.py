"""Permalinks: the addresses of forges and code browsers that show a file at a ref.

A site with addresses of its own kind is added to `_SITES`; those like GitHub's or GitLab's are read
on every host, and `source_paths.FORGES` lists the hosts of import paths.
"""

from __future__ import annotations

import re

from annotator.articles import reference_notation, source_paths
from annotator.articles.source_paths import LONGEST, OWNED, Place, Roots

_GITHUB = frozenset(("github.com", "www.github.com", "github1s.com", "github.dev"))
_GITEA = frozenset(("branch", "commit", "tag"))
"""What Gitea and its kin write between `src/` and a ref."""
_VIEWS = frozenset(("blob", "tree", "raw", "blame", "edit", "src", "blob_plain"))
_VIEW = re.compile(r"/(?:blob|tree|blame|raw|edit|src)/")

# First folders of branch names that have more than one part.
_BRANCHES = frozenset(("release", "releases", "feature", "features", "fix", "bugfix", "hotfix", "dependabot"))
_RELEASE = re.compile(r"v[0-9]{1,3}\.[0-9].{0,20}")
_RELEASE_LINE = re.compile(r"v?[0-9]{1,3}\.[0-9].{0,20}")

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_LONGEST_REF = 8
"""Parts of the longest ref that is looked for."""

_PLACEHOLDER = re.compile(r"[<{$%\[:].{0,80}[>}%\]]|\$\w{1,40}|<[^>]{1,40}>|:\w{1,20}", re.DOTALL)
"""What a template writes in place of a ref: `{BRANCH}`, `${VERSION}`, `{{ x }}`."""


def locate(written: str, roots: Roots) -> Place | None:
    """Resolve an address without scheme, query and fragment; one that shows no source names no place."""
    if len(written) > LONGEST:
        return None
    parts = [part for part in source_paths.decoded(written).split("/") if part]
    at = _host_at(parts)
    if at is None:
        return None
    host = parts[at].lower()
    site = _gerrit if host.endswith(".googlesource.com") else _SITES.get(host, _forge)
    return site(parts[at:], roots)


def shown(written: str, roots: Roots) -> Place | None:
    """Resolve an address without its scheme, or without its host: `owner/name/blob/REF/PATH`."""
    if _VIEW.search(written) is None:
        return None
    parts = [part for part in source_paths.decoded(written).split("/") if part]
    if parts and source_paths.is_host(parts[0]):
        return locate(written, roots)
    if parts[3:] and parts[2] in _VIEWS and "/".join(parts[:2]).lower() in roots.names:
        return _forge(["github.com", *parts], roots)
    return None


def _host_at(parts: list[str]) -> int | None:
    """Return the position of the last host in front of what shows a file: behind that stands its path."""
    if not parts or "." not in parts[0]:
        return None
    found = 0
    for index, part in enumerate(parts[: source_paths.DEEPEST][:-2]):
        if (index > found + 2 and part in _VIEWS) or (index > found and parts[found].lower() in _SITES):
            break
        if part in source_paths.COPIES:
            break
        if source_paths.is_host(part):
            found = index
    return found


def _forge(parts: list[str], roots: Roots) -> Place | None:
    """Resolve an address of a forge such as GitHub or GitLab."""
    if len(parts) <= OWNED:
        return None
    name, _, version = parts[2].partition("@")
    tail = parts[OWNED:]
    tail = tail[1:] if tail[0] == "-" else tail
    repository = f"{parts[1]}/{name.removesuffix('.git')}"
    if tail[:1] == ["src"] and tail[1:2] and tail[1] in _GITEA:
        del tail[1]
    if tail and tail[0] in _VIEWS and len(tail) > 2 - bool(version):
        ref, path = (version, tail[1:]) if version else _split(tail[1:], roots, repository)
        return _linked(repository, ref, path, roots)
    if version or (parts[0].lower() in _GITHUB and parts[-1].endswith(".go")):
        return source_paths.imported(parts, roots)
    return None


def _raw(parts: list[str], roots: Roots) -> Place | None:
    return _forge([*parts[:OWNED], "raw", *parts[OWNED:]], roots)


def _google(parts: list[str], roots: Roots) -> Place | None:
    """Resolve `cs.opensource.google/go/go/+/refs/tags/go1.21:src/fmt/print.go`."""
    if "+" not in parts[:6]:
        return None
    at = parts.index("+")
    ref, colon, first = "/".join(parts[at + 1 :]).partition(":")
    repository = "/".join(parts[1:at]).replace("go/x/", "golang/").replace("go/go", "golang/go")
    path = first.split("/")
    if not colon:
        ref, path = _split(parts[at + 1 :], roots, next(iter(roots.names), ""))
    ref = ref.removeprefix("refs/tags/").removeprefix("refs/heads/")
    return _linked(repository, ref, path, roots)


def _gerrit(parts: list[str], roots: Roots) -> Place | None:
    """Resolve `go.googlesource.com/net/+/refs/tags/v1/PATH`, whose host has the owner's name."""
    owner = parts[0].partition(".")[0]
    if "+" not in parts[2:4] or parts[1] == "c":  # `c/` shows a change, not a ref
        return None
    at = parts.index("+")
    repository = f"{'golang' if owner == 'go' else owner}/{'/'.join(parts[1:at])}"
    ref, path = _split(parts[at + 1 :], roots, repository)
    return _linked(repository, ref, path, roots) if path else None


def _sourcehut(parts: list[str], roots: Roots) -> Place | None:
    """Resolve `git.sr.ht/~owner/name/tree/REF/item/PATH`."""
    if len(parts) <= OWNED or parts[OWNED] != "tree" or "item" not in parts:
        return None
    at = parts.index("item")
    repository = f"{parts[1].lstrip('~')}/{parts[2]}"
    return _linked(repository, "/".join(parts[OWNED + 1 : at]), parts[at + 1 :], roots)


def _standard_library(parts: list[str], roots: Roots) -> Place | None:
    """Resolve `go.dev/src/PATH`, which shows the newest release of Go."""
    path = reference_notation.normalise("/".join(parts[1:])) if parts[1:2] == ["src"] and parts[2:] else None
    own = "golang/go" in roots.names
    return Place(path, "/".join(parts), None if own else "golang/go") if path else None


def _sourcegraph(parts: list[str], roots: Roots) -> Place | None:
    """Resolve `sourcegraph.com/github.com/owner/name@v1/-/blob/PATH`, of the default branch without `@v1`."""
    if "-" not in parts or parts[-1] == "-":
        return None
    at = parts.index("-")
    name, _, version = "/".join(parts[max(at - 2, 1) : at]).partition("@")
    return _linked(name, version or "HEAD", parts[at + 2 :], roots) if parts[at + 1] in _VIEWS else None


def _editor(parts: list[str], roots: Roots) -> Place | None:
    """Resolve `vscode.dev/github/owner/name/blob/REF/PATH`."""
    return _forge(["github.com", *parts[2:]], roots) if parts[1:2] == ["github"] else None


def _documented(parts: list[str], roots: Roots) -> Place | None:
    """Resolve `pkg.go.dev/IMPORT/PATH@VERSION` to the folder of the package, with a slash behind it."""
    names = [part.partition("@")[0] for part in parts[1:]]
    version = next((part.partition("@")[2] for part in parts if "@" in part), None)
    named = (*roots.modules, *(f"github.com/{name}" for name in roots.names))
    modules = {**dict.fromkeys(named, ""), **roots.own.modules}
    for count in range(len(names), 0, -1):
        folder = modules.get("/".join(names[:count]))
        if folder is not None:
            path = "/".join([*([folder] if folder else []), *names[count:]]) or "."
            return Place(f"{path}/", "/".join(parts), ref=source_paths.released(folder, version, roots.own))
    return None


_SITES = {
    **dict.fromkeys(("raw.githubusercontent.com", "raw.github.com"), _raw),
    "cs.opensource.google": _google,
    "sourcegraph.com": _sourcegraph,
    "vscode.dev": _editor,
    "git.sr.ht": _sourcehut,
    **dict.fromkeys(("go.dev", "golang.org", "tip.golang.org"), _standard_library),
    "pkg.go.dev": _documented,
    "godoc.org": _documented,
}
"""How the addresses of sites that are no forge are read."""


def _split(tail: list[str], roots: Roots, repository: str) -> tuple[str, list[str]]:
    """Split what follows `blob/` into ref and path: by known refs, prefixes, the tree, or a guess."""
    if tail[:2] in (["refs", "heads"], ["refs", "tags"]):
        tail = tail[2:]
    own, is_own = roots.own, repository.lower() in roots.names
    heads = range(min(len(tail) - 1, _LONGEST_REF), 0, -1)
    if is_own and (known := next((n for n in heads if "/".join(tail[:n]) in own.refs), 0)):
        return "/".join(tail[:known]), tail[known:]
    for prefix in roots.prefixes:
        names = prefix.split("/")
        for start in range(1, len(tail) - len(names)):
            if tail[start : start + len(names)] == names:
                return "/".join(tail[:start]), tail[start:]
    if is_own and own.paths and (there := [n for n in heads if own.has("/".join(tail[n:]))]):
        return "/".join(tail[: there[-1]]), tail[there[-1] :]
    double = tail[2:] and (tail[0] in _BRANCHES or _RELEASE.fullmatch(tail[1]))
    taken = 2 if double else 1
    return "/".join(tail[:taken]), tail[taken:]


def _linked(repository: str, ref: str, parts: list[str], roots: Roots) -> Place | None:
    cited = "/".join(parts)
    own = repository.lower() in roots.names
    below = reference_notation.normalise(cited, roots.prefixes)
    plain = reference_notation.normalise(cited)
    if below is None or plain is None:
        return None
    own = own or (_COMMIT.fullmatch(ref) is not None and roots.own.is_commit(ref))
    if own or (below != plain and repository.lower().partition("/")[0] in roots.owners):
        path = roots.own.resolved(below)
        named = None if _PLACEHOLDER.fullmatch(ref) else reference_notation.printable(ref)
        if named is not None and not own and not _RELEASE_LINE.fullmatch(ref):
            # A release of a repository that contains this one is one here, too; a commit or branch is not.
            return Place(path, cited, permalink=True, foreign_ref=named)
        return Place(path, cited, None, named, permalink=True)
    printable = reference_notation.printable
    return Place(plain, cited, printable(repository), printable(ref), permalink=True)
