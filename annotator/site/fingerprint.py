"""Fingerprints of the inputs of a site; an unchanged site is not built again."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from annotator.baseline_file import BASELINE
from annotator.parity.scope import SCOPE
from annotator.site import language, mkdocs_build

if TYPE_CHECKING:
    from annotator.config import Project
    from annotator.model.source import Snapshot


def generated() -> frozenset[str]:
    """Return the names of generated entries in a site's folder, also of languages that were removed."""
    codes = (language.ENGLISH, *language.known())
    return frozenset({"html", ".cache", *map(language.documents_folder, codes)})


_LIBRARIES = (
    "babel",
    "griffelib",
    "jieba",
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
    return _digest(
        [project.config, identity, rest], [*_port_files(project), *_site_files(project), *articles]
    )


def port_fingerprint(project: Project) -> str:
    """Return a fingerprint of everything that pages show of the Python packages, and of what runs in them."""
    facts = [file for name in (BASELINE, SCOPE) if (file := project.site / name).is_file()]
    return _digest([project.config], [*_port_files(project), *facts])


def program_fingerprint() -> str:
    """Return a fingerprint of what turns values into pages: this program and its templates."""
    return _digest([], [*_program_files(), *_template_files()])


def templates() -> Path:
    """Return the folder of the templates: in the installed package, or next to it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def _digest(values: object, files: Iterable[Path]) -> str:
    digest = hashlib.sha256(msgspec.json.encode([values, sys.version]))
    digest.update(" ".join(f"{name} {version(name)}" for name in _LIBRARIES).encode())
    for file in files:
        digest.update(str(file).encode("utf-8", "surrogateescape") + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _listed(snapshot: Snapshot) -> str:
    listing = "".join(f"{path}\0{blob}\n" for path, blob in snapshot.files.items())
    return hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()


def _program_files() -> list[Path]:
    return sorted(Path(__file__).parents[1].rglob("*.py"))


def _template_files() -> list[Path]:
    return sorted([*templates().rglob("*.jinja"), *language.CATALOGUES.glob("*.po")])


def _port_files(project: Project) -> Iterator[Path]:
    """Yield this program's own modules and those of the project's packages."""
    yield from _program_files()
    for package in project.config.packages:
        yield from sorted((project.root / package).rglob("*.py"))


def _site_files(project: Project) -> Iterator[Path]:
    yield from _template_files()
    yield from (
        file for file in sorted((mkdocs_build.default_folder() / "assets").rglob("*")) if file.is_file()
    )
    made = generated()
    for entry in sorted(project.site.iterdir()):
        if entry.name not in made:
            found = (file for file in sorted([entry, *entry.rglob("*")]) if file.is_file())
            yield from (file for file in found if not _is_record(file))


def _is_record(file: Path) -> bool:
    """Return whether a file records the state of a translation, which no page shows."""
    return file.suffix == ".json" and file.with_suffix(".md").is_file()
