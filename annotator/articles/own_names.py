"""What leads to the annotated repository: its paths, modules, links, refs and commits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from annotator.articles import reference_notation
from annotator.model.source import Snapshot

_MODULE_FILES = frozenset(("go.mod", "vendor.mod"))
_COPIES = frozenset(("vendor", "Godeps", "_workspace", "third_party", "testdata", "node_modules"))
_MODULE = re.compile(rb"^\s*module\s+(?:\(\s*)?[\"`]?([^\s\"`()]{1,300})", re.MULTILINE)
_MAJOR = re.compile(r"/v[0-9]{1,3}$")
_SUBMODULE = re.compile(r"^\s*(path|url)\s*=\s*(\S{1,300})", re.MULTILINE)
_UNSPACED = r"[\u0e00-\u0eff\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
_MOST_UNSPACED = 500
"""Paths in scripts without spaces that are looked for."""

_MOST_MODULES = 500
"""Module files that are read; a tree with more is none that people name by modules."""

_BELOW = ("src", "src/pkg", "staging/src")
"""Folders from whose inside paths are cited: the import paths of GOROOT and of Kubernetes."""


def _no_commit(_: str) -> bool:
    return False


@dataclass(frozen=True, eq=False)
class OwnNames:
    """The facts about the annotated repository that decide what a path or an address means.

    Attributes:
        paths: Every file of its tree.
        modules: The folder of each module by its import path; "" is the root.
        links: The target of each symbolic link.
        refs: Its tags and branches.
        is_commit: Whether it has a commit of this id, full or abbreviated.
        submodules: The repository of each submodule, as `owner/name`, by its folder.
    """

    paths: frozenset[str] = frozenset()
    modules: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    refs: frozenset[str] = frozenset()
    is_commit: Callable[[str], bool] = _no_commit
    submodules: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder of its tree."""
        found: set[str] = set()
        for path in self.paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    @cached_property
    def by_name(self) -> Mapping[str, tuple[str, ...]]:
        """The files by their names without folders."""
        found: dict[str, list[str]] = {}
        for path in self.paths:
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return {name: tuple(paths) for name, paths in found.items()}

    @cached_property
    def unspaced(self) -> re.Pattern[str] | None:
        """What matches the paths in scripts without spaces, which nothing parts from the words around."""
        unspaced = (path for path in self.paths if not path.isascii() and re.search(_UNSPACED, path))
        found = sorted(unspaced, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, found[:_MOST_UNSPACED]))) if found else None

    def has(self, path: str) -> bool:
        """Return whether the tree has this file, or a folder or link that leads to it."""
        return path in self.paths or self.resolved(path) in self.paths

    def resolved(self, path: str) -> str:
        """Return a path with the symbolic links in it followed; a circle of links ends the search."""
        if not self.links:
            return path
        for _ in range(8):
            parts = path.split("/")
            ahead = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
            link = next((head for head in ahead if head in self.links), None)
            target = reference_notation.joined(link.rpartition("/")[0], self.links[link]) if link else None
            if link is None or target is None:
                return path
            path = "/".join(part for part in (target, path[len(link) + 1 :]) if part)
        return path

    def ending(self, path: str) -> tuple[str, ...]:
        """Return the files, copies of other projects apart, whose last parts are this path."""
        files = self.by_name.get(path.rpartition("/")[2], ())
        return tuple(
            file
            for file in files
            if (file == path or file.endswith(f"/{path}"))
            and _COPIES.isdisjoint(file.removesuffix(path).split("/"))
        )

    def completed(self, path: str) -> str:
        """Return the path from the root, of one that is written from the inside of a known folder."""
        first = path.partition("/")[0]
        if not self.paths or "/" not in path or first in self.folders or path in self.paths:
            return path
        return next((f"{top}/{path}" for top in _BELOW if f"{top}/{first}" in self.folders), path)


def modules(snapshot: Snapshot) -> dict[str, str]:
    """Return the folder of every module of a snapshot by its import path, with and without `/v3`."""
    files = [path for path in snapshot.files if path.rpartition("/")[2] in _MODULE_FILES]
    own = [path for path in files if _COPIES.isdisjoint(path.split("/")[:-1])][:_MOST_MODULES]
    found: dict[str, str] = {}
    for path, data in snapshot.read(own).items():
        match = _MODULE.search(data)
        name = match[1].decode("utf-8", "replace") if match else ""
        if "/" in name or "." in name:
            found.setdefault(name, path.rpartition("/")[0])
    for name, folder in list(found.items()):
        found.setdefault(_MAJOR.sub("", name), folder)
    return found


def submodules(snapshot: Snapshot) -> dict[str, str]:
    """Return the repository of every submodule of a snapshot by its folder, as `owner/name`."""
    if ".gitmodules" not in snapshot.files:
        return {}
    (data,) = snapshot.read([".gitmodules"]).values()
    found: dict[str, str] = {}
    for section in data.decode("utf-8", "replace").split("[submodule")[1:]:
        values = dict(_SUBMODULE.findall(section))
        owner_and_name = re.split(r"[/:]", values.get("url", "").removesuffix(".git").rstrip("/"))[-2:]
        if "path" in values and len(owner_and_name) > 1:
            owner, name = owner_and_name
            if owner == "..":  # relative to the repository's own address
                owner = snapshot.repository.removesuffix(".git").rstrip("/").split("/")[-2:][0]
            found[values["path"].strip("/")] = f"{owner}/{name}"
    return found


def of_snapshots(
    snapshots: Iterable[Snapshot], refs: Iterable[str] = (), is_commit: Callable[[str], bool] = _no_commit
) -> OwnNames:
    """Return the names that lead to a repository in some snapshots; those of the first one win."""
    paths: set[str] = set()
    links: dict[str, str] = {}
    found: dict[str, str] = {}
    others: dict[str, str] = {}
    for snapshot in snapshots:
        paths.update(snapshot.files)
        links = {**getattr(snapshot, "links", {}), **links}
        found = {**modules(snapshot), **found}
        others = {**submodules(snapshot), **others}
    return OwnNames(frozenset(paths), found, links, frozenset(refs), is_commit, submodules=others)
