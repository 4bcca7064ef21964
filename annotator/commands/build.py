"""`build`: writes the pages of a site, or whole sites of several tags side by side."""

from __future__ import annotations

import fnmatch
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from pathlib import Path

import msgspec

from annotator import __version__, errors, parallel
from annotator.articles.article_files import article, documents
from annotator.config import Project
from annotator.errors import AnnotatorError, InvalidInput, shortened
from annotator.model.reference import Article, Verdict
from annotator.model.source import no_progress
from annotator.parallel import cluster_executor
from annotator.project_source import Session, SourceOptions, open_session
from annotator.repository import factory, versions
from annotator.site import browser_python, mkdocs_build, output, version_sites
from annotator.site.builder import (
    BuildOptions,
    BuildResult,
    build_site,
    fingerprint,
    make_files,
    python_reader,
    verify_mapped_symbols,
)
from annotator.site.fingerprint import generated
from annotator.site.inputs import PythonInput
from annotator.site.markup import slug
from annotator.site.project_texts import own_texts
from annotator.site.version_sites import BuiltSite, FailedSite, Published

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


class SiteTask(msgspec.Struct, frozen=True):
    """The site of one tag, which another process or machine can build.

    Attributes:
        tag: Its tag.
        source: The value of `--source`.
        project: The project, in a folder of the machine that made the task.
        articles: Articles beside the project's own.
        options: What the site shows of other tags.
        files: The project's files as an archive, for another machine; None on the same machine.
        version: The version of the annotator that made the task.
    """

    tag: str
    source: str | None
    project: Project
    articles: tuple[Article, ...]
    options: BuildOptions
    files: bytes | None = None
    version: str = __version__


def make_html(project: Project) -> Path:
    """Let mkdocs make the HTML of the pages that are there, in all languages; return its folder.

    Raises:
        InvalidInput: The folder holds the sites of several tags.
        AnnotatorError: mkdocs refuses the pages, or the HTML cannot be written.
    """
    folder = project.site / mkdocs_build.FOLDER
    if (folder / version_sites.LIST).is_file():
        raise InvalidInput(f"{folder} holds the sites of several releases; delete it first, or use `--all`")
    return mkdocs_build.make(project.site, project.config.languages)


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
    mkdocs_build.complete_settings(project)
    browser = browser_python.install(project)
    options = msgspec.structs.replace(options, versions=all_tags, runs=browser is not None)

    def build(missing: Sequence[str]) -> Iterator[BuiltSite | FailedSite]:
        task = SiteTask(
            tag="",
            source=factory.absolute(session.options.source, project.config),
            project=project,
            articles=tuple(article(project, file, session.own_names) for file in articles),
            options=msgspec.structs.replace(options, elsewhere=_mapped_symbols_by_tag(session, all_tags)),
            files=pack_project(project) if scheduler else None,
        )
        for outcome in _run(executor, [msgspec.structs.replace(task, tag=tag) for tag in missing]):
            if isinstance(outcome, BuiltSite):
                report(outcome)
            yield outcome

    with cluster_executor(scheduler) if scheduler else parallel.local_workers() as executor:
        states = {
            # A page names the address at which it is published.
            tag: f"{fingerprint(session.at_tag(tag), articles, options)} {mkdocs_build.ADDRESS}"
            for tag in all_tags
        }
        published = version_sites.publish(states, project.site, project.config.baseline, build)
    if browser:
        for version in published.versions:
            output.link(browser, project.site / "html" / version)
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
    futures = {executor.submit(build_task, task): task.tag for task in tasks}
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


def pack_project(project: Project) -> bytes:
    """Return an archive of the files that a build reads of a project."""
    config = project.config
    shown = (package for text in own_texts(project) for package in text.packages)
    names = {*config.packages, *shown, config.examples.folder, config.walk} - {""}
    roots = [project.root / name for name in names]
    made = generated()
    roots += [entry for entry in project.site.iterdir() if entry.name not in made]
    files = {file for root in roots for file in (root, *root.rglob("*")) if file.is_file()}
    return output.pack(project.root, sorted(file for file in files if file.suffix != ".pyc"))


def build_task(task: SiteTask) -> BuiltSite | FailedSite:
    """Build a site from the source and the cache of the machine that this runs on."""
    if task.version != __version__:
        return FailedSite(
            task.tag,
            f"the worker has annotator {__version__} and the task is from {task.version}; install one",
        )
    project = task.project
    try:
        with tempfile.TemporaryDirectory(prefix="annotator-") if task.files else nullcontext() as folder:
            if folder and task.files is not None:
                output.unpack(task.files, Path(folder))
                project = msgspec.structs.replace(project, root=Path(folder))
            return _build(task, project)
    except AnnotatorError as error:  # returned, as some exceptions cannot be sent to another process
        return FailedSite(task.tag, str(error), error.exit_code)
    except OSError as error:
        return FailedSite(task.tag, f"{error.filename or 'the worker'}: {error.strerror or error}")


def _build(task: SiteTask, project: Project) -> BuiltSite:
    warnings: list[str] = []
    options = SourceOptions(task.source, task.tag, history=True)
    with open_session(project, options, no_progress, warnings.append) as session:
        languages, result = make_files(session, task.articles, task.options, python_reader(session))
    work = project.site / output.WORK_FOLDER / "building" / slug(task.tag)
    shutil.rmtree(work, ignore_errors=True)  # of a build that was killed
    try:
        made = mkdocs_build.make_version(languages, project.site, work)
        archive = output.pack(made, (file for file in made.rglob("*") if file.is_file()))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return BuiltSite(task.tag, archive, result.problems, tuple(warnings))
