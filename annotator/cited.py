"""Articles as files: read whatever they are, and rewritten where they stand."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from annotator.config import Project
from annotator.errors import InvalidInput
from annotator.model import Article
from annotator.reading import articles

MAX_ARTICLE_BYTES = 64 * 1024 * 1024


def article(project: Project, file: Path) -> Article:
    """The article in a file: a manifest if it is TOML, else whatever references its text holds.

    Raises:
        InvalidInput: The file cannot be read, or is TOML of another kind: settings are no manifests.
    """
    data = bytes_of(file)
    if not _is_article(project, file, data):
        raise InvalidInput(f"{file}: not a manifest of references: it has no `chapters`")
    return read(project, file, data)


def is_article(project: Project, file: Path) -> bool:
    """Return whether a file is a text or a manifest, not TOML of another kind; InvalidInput if unreadable."""
    return file.suffix != ".toml" or _is_article(project, file, bytes_of(file))


def _is_article(project: Project, file: Path, data: bytes) -> bool:
    if file.suffix != ".toml" or articles.is_manifest(data):
        return True
    # What lies in the folder of the manifests is meant as one, even while it is empty.
    return os.path.realpath(file.parent) == os.path.realpath(project.site / "articles")


def read(project: Project, file: Path, data: bytes) -> Article:
    """The article in some bytes that stand, or are to stand, in a file."""
    config, name = project.config, name_of(project, file)
    if file.suffix == ".toml":
        return articles.read(name, data, config.prefixes)
    from annotator.reading import texts

    return texts.read(
        name, data, repository=config.repository, prefixes=config.prefixes, modules=config.modules
    )


def name_of(project: Project, file: Path) -> str:
    """The file's name from the project's root, if it lies in it."""
    absolute, root = Path(os.path.normpath(file.absolute())), Path(os.path.normpath(project.root.absolute()))
    inside = absolute.is_relative_to(root)
    shown = (absolute.relative_to(root) if inside else absolute).as_posix()
    return os.fsencode(shown).decode("utf-8", "replace")


def name_in_repository(project: Project, name: str) -> str:
    """Return the path of a file from the root of the repository that the project lies in, if both are there.

    Args:
        project: The project.
        name: The file's name from the project's root, as `name_of` gives it, or an absolute path.
    """
    root = Path(os.path.normpath(project.root.absolute()))
    above = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    file = Path(os.path.normpath(root / name))
    return file.relative_to(above).as_posix() if file.is_relative_to(above) else name


def bytes_of(file: Path) -> bytes:
    """The bytes of a file that is not too large to be read whole; InvalidInput if it cannot be read."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_ARTICLE_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_ARTICLE_BYTES:
        raise InvalidInput(f"{file}: larger than {MAX_ARTICLE_BYTES >> 20} MiB; split the article")
    return data


def own_articles(project: Project) -> tuple[Article, ...]:
    """The project's manifests that are written at the baseline: others are verified when they are named."""
    every = (article(project, file) for file in project.articles)
    return tuple(entry for entry in every if entry.tag in ("", project.config.baseline))


def write_aside(file: Path, text: str) -> None:
    """Put a text in a file's place at once, or not at all; its mode stays, and a link still leads to it."""
    target = file.resolve()
    aside = target.with_name(f".{target.name}.new")
    try:
        aside.write_bytes(text.encode("utf-8"))
        if target.exists():
            shutil.copymode(target, aside)
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise InvalidInput(f"{file}: cannot be written: {error.strerror}; it is as it was") from error
