"""Builds the whole site of one tag, as a task that another process or machine can run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from annotator import __version__, subprocess_pool
from annotator.config import Project
from annotator.errors import AnnotatorError, printable
from annotator.model.reference import Article
from annotator.model.source import no_progress
from annotator.site import output
from annotator.site.builder import BuildOptions, make_files, python_reader
from annotator.site.fingerprint import GENERATED
from annotator.site.markup import slug
from annotator.site.output import pack, unpack
from annotator.site.project_texts import own_texts
from annotator.site.version_sites import BuiltSite, FailedSite
from annotator.source_session import SourceOptions, open_session

_SETTINGS = ("mkdocs.yml", "versions.yml")
"""The site's settings, and those that a site among versions has besides."""

_OVERRIDES, _OWN = "theme", "version.yml"
"""The folder of the theme's templates that are replaced, and the settings of one version."""

ADDRESS = os.environ.get("SITE_URL") or "http://127.0.0.1:8000"
"""Where the versions are published, which search engines are told; the pages work anywhere else, too."""

_LAST_LINES = 5
"""How many lines of mkdocs' output an error shows."""


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
    roots += [entry for entry in project.site.iterdir() if entry.name not in GENERATED]
    files = {file for root in roots for file in (root, *root.rglob("*")) if file.is_file()}
    return pack(project.root, sorted(file for file in files if file.suffix != ".pyc"))


def render(pages: Mapping[str, bytes], folder: Path, work: Path) -> None:
    """Let mkdocs make `html` from pages, in a new folder.

    Args:
        pages: The pages by their paths.
        folder: The site's folder, with its settings.
        work: The new folder; its name is that of the version.

    Raises:
        AnnotatorError: mkdocs refuses the pages, or they cannot be written.
    """
    output.write(pages, work / "docs")
    for name in _SETTINGS:
        shutil.copy(folder / name, work / name)
    shutil.copytree(folder / _OVERRIDES, work / _OVERRIDES)
    settings = f"INHERIT: {_SETTINGS[-1]}\nsite_url: {ADDRESS.rstrip('/')}/{work.name}/\n"
    (work / _OWN).write_text(settings, encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(work / _OWN)]
    environment = os.environ | output.WITHOUT_BANNER
    with subprocess_pool.started(command, env=environment, stdout=subprocess.PIPE) as mkdocs:
        streams = [stream.decode("utf-8", "replace") for stream in mkdocs.communicate()]
    if mkdocs.returncode:
        words = " ".join((streams[1] or streams[0]).split("\n")[-_LAST_LINES:])
        raise AnnotatorError(f"mkdocs cannot build it: {printable(words.strip())}")


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
        pages, result = make_files(session, task.articles, task.options, python_reader(session))
    work = project.site / output.WORK_FOLDER / "building" / slug(task.tag)
    shutil.rmtree(work, ignore_errors=True)  # of a build that was killed
    try:
        render(pages, project.site, work)
        html = work / "html"
        archive = pack(html, (file for file in html.rglob("*") if file.is_file()))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return BuiltSite(task.tag, archive, result.problems, tuple(warnings))
