"""Builds the whole site of one tag, as a task that another process or machine can run."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from annotator import __version__
from annotator.config import Project
from annotator.errors import AnnotatorError
from annotator.model.reference import Article
from annotator.model.source import no_progress
from annotator.site import html, language, output
from annotator.site.builder import BuildOptions, make_files, python_reader
from annotator.site.fingerprint import generated
from annotator.site.markup import slug
from annotator.site.output import pack, unpack
from annotator.site.project_texts import own_texts
from annotator.site.version_sites import BuiltSite, FailedSite
from annotator.source_session import SourceOptions, open_session

_AMONG_VERSIONS = "versions"
"""The stem of the settings that a site among versions has besides the site's own, which it inherits."""

_OVERRIDES, _OWN = "theme", "version"
"""The folder of the theme's templates that are replaced, and the stem of the settings of one version."""

ADDRESS = os.environ.get("SITE_URL") or "http://127.0.0.1:8000"
"""Where the versions are published, which search engines are told; the pages work anywhere else, too."""


class SiteTask(msgspec.Struct, frozen=True):
    """A site to build.

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


def build(task: SiteTask) -> BuiltSite | FailedSite:
    """Build a site from the source and the cache of the machine that this runs on."""
    if task.version != __version__:
        return FailedSite(
            task.tag,
            f"the worker has annotator {__version__} and the task is from {task.version}; install one",
        )
    try:
        with _project(task) as project:
            return _build(task, project)
    except AnnotatorError as error:  # returned, as some exceptions cannot be sent to another process
        return FailedSite(task.tag, str(error), error.exit_code)
    except OSError as error:
        return FailedSite(task.tag, f"{error.filename or 'the worker'}: {error.strerror or error}")


def pack_project(project: Project) -> bytes:
    """Return an archive of the files that a build reads of a project."""
    config = project.config
    shown = (package for text in own_texts(project) for package in text.packages)
    names = {*config.packages, *shown, config.examples.folder, config.walk} - {""}
    roots = [project.root / name for name in names]
    made = generated()
    roots += [entry for entry in project.site.iterdir() if entry.name not in made]
    files = {file for root in roots for file in (root, *root.rglob("*")) if file.is_file()}
    return pack(project.root, sorted(file for file in files if file.suffix != ".pyc"))


def render(languages: Mapping[str, Mapping[str, bytes]], folder: Path, work: Path) -> None:
    """Let mkdocs make `html` from pages, in a new folder.

    Args:
        languages: The pages of each language by their paths.
        folder: The site's folder, with its settings.
        work: The new folder; its name is that of the version.

    Raises:
        AnnotatorError: mkdocs refuses the pages, or they cannot be written.
    """
    for code, pages in languages.items():
        output.write(pages, work / language.documents_folder(code))
        _copy_settings(folder, work, code)
    shutil.copytree(folder / _OVERRIDES, work / _OVERRIDES)
    others = [code for code in languages if code != language.ENGLISH]
    html.make(work, others, work / html.FOLDER, stem=_OWN)


def _copy_settings(folder: Path, work: Path, code: str) -> None:
    """Copy the settings of a language, and write those that one version has besides."""
    own, among = html.settings_file(code), html.settings_file(code, _AMONG_VERSIONS)
    shutil.copy(folder / own, work / own)
    shared = (folder / html.settings_file(language.ENGLISH, _AMONG_VERSIONS)).read_text("utf-8")
    (work / among).write_text(re.sub(r"(?m)^INHERIT:.*$", f"INHERIT: {own}", shared), "utf-8")
    address = f"{ADDRESS.rstrip('/')}/{work.name}/{language.html_folder(code)}"
    settings = f"INHERIT: {among}\nsite_url: {address}\n"
    (work / html.settings_file(code, _OWN)).write_text(settings, "utf-8")


@contextmanager
def _project(task: SiteTask) -> Iterator[Project]:
    """Yield the project of a task; on another machine its files are unpacked while the build runs."""
    if task.files is None:
        yield task.project
        return
    with tempfile.TemporaryDirectory(prefix="annotator-") as folder:
        unpack(task.files, Path(folder))
        yield msgspec.structs.replace(task.project, root=Path(folder))


def _build(task: SiteTask, project: Project) -> BuiltSite:
    warnings: list[str] = []
    options = SourceOptions(task.source, task.tag, history=True)
    with open_session(project, options, no_progress, warnings.append) as session:
        languages, result = make_files(session, task.articles, task.options, python_reader(session))
    work = project.site / output.WORK_FOLDER / "building" / slug(task.tag)
    shutil.rmtree(work, ignore_errors=True)  # of a build that was killed
    try:
        render(languages, project.site, work)
        made = work / html.FOLDER
        archive = pack(made, (file for file in made.rglob("*") if file.is_file()))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return BuiltSite(task.tag, archive, result.problems, tuple(warnings))
