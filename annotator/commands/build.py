"""`build`: writes the pages of a site, or whole sites of several tags side by side."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import msgspec

from annotator import errors, parallel
from annotator.articles.article_files import article, documents
from annotator.config import Project
from annotator.errors import InvalidInput, shortened
from annotator.model.reference import Verdict
from annotator.parallel import cluster_executor
from annotator.repository import factory, versions
from annotator.site import browser_python, default_site, html, output, site_task, version_sites
from annotator.site.builder import (
    BuildOptions,
    BuildResult,
    build_site,
    fingerprint,
    python_reader,
    verify_mapped_symbols,
)
from annotator.site.inputs import PythonInput
from annotator.site.site_task import SiteTask
from annotator.site.version_sites import BuiltSite, FailedSite, Published, VersionSite
from annotator.source_session import Session

__all__ = [
    "BuildOptions",
    "BuildResult",
    "build_site",
    "build_versions",
    "documents",
    "latest_tags",
    "make_html",
    "supported_tags",
]

_INTERNAL_ERROR = 4


def make_html(project: Project) -> Path:
    """Let mkdocs make the HTML of the pages that are there, in all languages; return its folder.

    Raises:
        InvalidInput: The folder holds the sites of several tags.
        AnnotatorError: mkdocs refuses the pages, or the HTML cannot be written.
    """
    folder = project.site / html.FOLDER
    if (folder / version_sites.LIST).is_file():
        raise InvalidInput(f"{folder} holds the sites of several releases; delete it first, or use `--all`")
    html.make(project.site, project.config.languages, folder)
    return folder


def build_versions(
    session: Session,
    tags: Iterable[str],
    articles: Iterable[Path],
    options: BuildOptions,
    report: Callable[[BuiltSite], None],
    scheduler: str | None = None,
) -> Published:
    """Build one site for each tag, side by side, with links from one to another.

    Args:
        session: The open source; each worker opens it again.
        tags: The tags.
        articles: Articles beside the project's own.
        options: What each site shows of other tags.
        report: Called with each site that is finished.
        scheduler: The address of the Dask scheduler whose workers build the sites, one tag at a time;
            without one the cores of this machine do.

    Raises:
        UnknownTag: The source has no such tag.
        InvalidInput: A file of the site cannot be read, or the scheduler's address is none.
        SourceUnavailable: The source cannot be read.
        AnnotatorError: The sites cannot be written, or the scheduler does not answer.
    """
    all_tags, articles = tuple(dict.fromkeys(tags)), tuple(articles)
    project = session.project
    default_site.complete(project)
    browser = browser_python.install(project)
    options = msgspec.structs.replace(options, versions=all_tags, runs=browser is not None)

    def build(missing: Sequence[str]) -> Iterator[BuiltSite | FailedSite]:
        task = SiteTask(
            tag="",
            source=factory.absolute(session.options.source, project.config),
            project=project,
            articles=tuple(article(project, file, session.own_names) for file in articles),
            options=msgspec.structs.replace(options, elsewhere=_mapped_symbols_by_tag(session, all_tags)),
            files=site_task.pack_project(project) if scheduler else None,
        )
        for outcome in _run(executor, [msgspec.structs.replace(task, tag=tag) for tag in missing]):
            if isinstance(outcome, BuiltSite):
                report(outcome)
            yield outcome

    with cluster_executor(scheduler) if scheduler else parallel.local_workers() as executor:
        sites = [
            # A page names the address at which it is published.
            VersionSite(tag, f"{fingerprint(session.at_tag(tag), articles, options)} {site_task.ADDRESS}")
            for tag in all_tags
        ]
        published = version_sites.publish(sites, project.site, project.config.baseline, build)
    if browser:
        for version in published.versions:
            output.link(browser.files, project.site / "html" / version)
    return published


def latest_tags(session: Session) -> tuple[str, ...]:
    """Return the latest patch of each release line, and the baseline.

    Raises:
        SourceUnavailable: The source cannot be read, or has no version tags.
    """
    tags = session.version_tags
    chosen = {*versions.latest(tags), session.project.config.baseline}
    return tuple(tag for tag in tags if tag in chosen)


def supported_tags(session: Session) -> tuple[str, ...]:
    """Return the baseline, and the latest release of each line that the project calls supported.

    Raises:
        SourceUnavailable: The source cannot be read, or has no version tags.
        InvalidInput: The project names no such line, or the source has no release of one.
    """
    config, tags = session.project.config, session.version_tags
    if not config.supported:
        raise InvalidInput('no release line is supported: name them as `supported`, such as ["v28.*"]')
    chosen = {config.baseline}
    for pattern in config.supported:
        line = versions.releases(fnmatch.filter(tags, pattern))
        if not line:
            raise InvalidInput(f"`supported` names {pattern!r}, and no tag of a release is like that")
        chosen.add(line[-1])
    return tuple(tag for tag in tags if tag in chosen)


def _mapped_symbols_by_tag(session: Session, tags: Iterable[str]) -> Mapping[str, tuple[Verdict, ...]]:
    reader = python_reader(session)
    python = reader.source if reader else PythonInput()
    return {tag: verify_mapped_symbols(session.at_tag(tag), python)[0] for tag in tags}


def _run(executor: Executor, tasks: Iterable[SiteTask]) -> Iterator[BuiltSite | FailedSite]:
    """Run tasks and yield the outcome of each when it ends; cancel the rest if that is left early."""
    futures = {executor.submit(site_task.build, task): task.tag for task in tasks}
    try:
        for future in as_completed(tuple(futures)):
            yield _outcome(futures.pop(future), future)  # taken out, as it holds the whole site
    finally:
        for future in futures:
            future.cancel()


def _outcome(tag: str, future: Future[BuiltSite | FailedSite]) -> BuiltSite | FailedSite:
    try:
        return future.result()
    except BrokenProcessPool:
        return FailedSite(tag, parallel.LOST_WORKER)
    except Exception as error:  # noqa: BLE001 - a worker may raise anything, as when it has other packages
        reason = shortened(str(error))
        return FailedSite(
            tag,
            f"its worker failed: {type(error).__name__}: {reason}{errors.installation_hint(reason)}",
            _INTERNAL_ERROR,
        )
