"""`build`: writes the pages of a site, or whole sites of several tags side by side."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from annotator.model.reference import Verdict
from annotator.repository import versions
from annotator.session import Session
from annotator.site import version_sites
from annotator.site.builder import (
    BuildOptions,
    BuildResult,
    build_site,
    fingerprint,
    make_files,
    python_reader,
    verify_mapped_symbols,
)
from annotator.site.inputs import PythonInput
from annotator.site.python_input import PythonReader

__all__ = ["BuildOptions", "BuildResult", "build_site", "build_versions", "latest_tags"]


def build_versions(
    session: Session,
    tags: Iterable[str],
    articles: Iterable[Path],
    options: BuildOptions,
    report: Callable[[BuildResult], None],
) -> tuple[str, ...]:
    """Build one site for each tag, side by side, with links from one to another.

    Args:
        session: The open source.
        tags: The tags.
        articles: Articles beside the project's own.
        options: What each site shows of other tags.
        report: Called with each site whose pages are ready.

    Returns:
        All versions that are there now, the newest first.

    Raises:
        UnknownTag: The source has no such tag.
        InvalidInput: A file of the site cannot be read, or the repository has no Go file.
        SourceUnavailable: The source cannot be read.
        AnnotatorError: The pages cannot be written, or mkdocs refuses them; the old ones stay.
    """
    all_tags, articles = tuple(dict.fromkeys(tags)), tuple(articles)
    options = msgspec.structs.replace(options, versions=all_tags)

    @functools.cache  # read for the first site that is not built already, and once for all of them
    def python() -> PythonReader | None:
        return python_reader(session)

    @functools.cache
    def elsewhere() -> Mapping[str, tuple[Verdict, ...]]:
        reader = python()
        mirror = reader.source if reader else PythonInput()
        return {tag: verify_mapped_symbols(session.at_tag(tag), mirror)[0] for tag in all_tags}

    def version(tag: str) -> version_sites.VersionSite:
        def files() -> Mapping[str, bytes]:
            with_others = msgspec.structs.replace(options, elsewhere=elsewhere())
            made, result = make_files(session.at_tag(tag), articles, with_others, python())
            report(result)
            return made

        return version_sites.VersionSite(tag, fingerprint(session.at_tag(tag), articles, options), files)

    project = session.project
    return version_sites.publish([version(tag) for tag in all_tags], project.site, project.config.baseline)


def latest_tags(session: Session) -> tuple[str, ...]:
    """Return the latest patch of each release line, and the baseline.

    Raises:
        SourceUnavailable: The source cannot be read, or has no version tags.
    """
    tags = session.version_tags
    chosen = {*versions.latest(tags), session.project.config.baseline}
    return tuple(tag for tag in tags if tag in chosen)
