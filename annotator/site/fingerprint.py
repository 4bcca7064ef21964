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
"""Names of generated entries in a site's folder."""

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
    """Return a fingerprint of everything that the pages are made from.

    Args:
        project: The project: its settings, its packages and its site's own files count.
        articles: Further articles.
        shown: The repository at the tag, and the notice about it.
        rest: What else the pages depend on, as values that JSON has.
    """
    snapshot, notice = shown
    identity = (
        snapshot.repository,
        snapshot.tag,
        snapshot.commit or _listed(snapshot),
        snapshot.version,
        notice,
    )
    digest = hashlib.sha256(msgspec.json.encode([project.config, identity, sys.version, rest]))
    digest.update(" ".join(f"{name} {version(name)}" for name in _LIBRARIES).encode())
    for file in _files(project, articles):
        digest.update(str(file).encode("utf-8", "surrogateescape") + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


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
