"""Fingerprint of everything the site is built from; an unchanged site is not rebuilt."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from annotator.site import rendering

if TYPE_CHECKING:
    from annotator.config import Project
    from annotator.model.source import Snapshot

GENERATED = frozenset({"docs", "html", ".cache"})
"""What in a site's folder is made, not written."""

_LIBRARIES = (
    "griffelib",
    "jinja2",
    "markupsafe",
    "mkdocs",
    "mkdocs-material",
    "pygments",
    "tree-sitter",
    "tree-sitter-go",
)


def site_fingerprint(
    project: Project, articles: Iterable[Path], shown: tuple[Snapshot, str | None], rest: object = ()
) -> str:
    """Return a fingerprint that changes with everything that the pages are made of.

    Args:
        project: The project: its settings, its packages and its site's own files count.
        articles: Further articles.
        shown: The repository at the tag, and what the pages say about that.
        rest: What else the pages depend on, as values that JSON has.
    """
    snapshot, notice = shown
    told = (snapshot.repository, snapshot.tag, snapshot.commit or _listed(snapshot), snapshot.version, notice)
    found = hashlib.sha256(msgspec.json.encode([project.config, told, sys.version, rest]))
    found.update(" ".join(f"{name} {version(name)}" for name in _LIBRARIES).encode())
    for file in _files(project, articles):
        found.update(str(file).encode("utf-8", "surrogateescape") + b"\0")
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def _listed(snapshot: Snapshot) -> str:
    listing = "".join(f"{path}\0{blob.id}\n" for path, blob in snapshot.files.items())
    return hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()


def _files(project: Project, articles: Iterable[Path]) -> Iterator[Path]:
    own = Path(__file__).parents[1]
    yield from sorted(own.rglob("*.py"))
    yield from sorted(rendering.folder().rglob("*.jinja"))
    for package in project.config.packages:
        yield from sorted((project.root / package).rglob("*.py"))
    for entry in sorted(project.site.iterdir()):
        if entry.name not in GENERATED:
            yield from (file for file in sorted([entry, *entry.rglob("*")]) if file.is_file())
    yield from articles
