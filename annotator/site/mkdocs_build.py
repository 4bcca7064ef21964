"""The settings of mkdocs, which a project need not have, and the HTML that it makes from them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from annotator import subprocess_pool
from annotator.config import Project
from annotator.errors import AnnotatorError, InvalidInput, printable
from annotator.site import language, output
from annotator.site.language import ENGLISH, _

FOLDER = "html"
"""The folder of the HTML in a site's folder."""

_LAST_LINES = 5
"""How many lines of mkdocs' output an error shows."""

_DEFAULTS = (
    "mkdocs.yml",
    "versions.yml",
    "theme/main.html",
    "theme/sitemap.xml",
)

_SWITCH = "theme/partials/alternate.html"
"""The switch of languages, without which the theme cannot show pages of several."""

_AMONG_VERSIONS = "versions"
"""The stem of the settings that a site among versions has besides the site's own, which it inherits."""

_OVERRIDES, _OWN = "theme", "version"
"""The folder of the theme's templates that are replaced, and the stem of the settings of one version."""

ADDRESS = os.environ.get("SITE_URL") or "http://127.0.0.1:8000"
"""Where the versions are published, which search engines are told; the pages work anywhere else, too."""


def settings_file(code: str, stem: str = "mkdocs") -> str:
    """Return the name of the settings of a language's pages."""
    return f"{stem}.yml" if code == ENGLISH else f"{stem}.{code}.yml"


def default_folder() -> Path:
    """Return the folder of the defaults: in the installed package, or that of this project in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "default_site"
    return inside if inside.is_dir() else package.parent / "site"


def complete_settings(project: Project) -> None:
    """Write the settings of mkdocs into the site's folder if it has none, and those of other languages.

    Raises:
        InvalidInput: The folder leads out of the project, or cannot be written.
    """
    root = Path(os.path.realpath(project.root))
    if not Path(os.path.realpath(project.site)).is_relative_to(root):
        raise InvalidInput(f"{project.site} leads out of the project; name another folder as `site`")
    files = {settings_file(code): code for code in project.config.languages}
    for code in files.values():
        language.language(code)  # so that nothing is written for one that is not known
    if files:
        files[_SWITCH] = ENGLISH
    if not (project.site / "mkdocs.yml").is_file():
        files |= dict.fromkeys(_DEFAULTS, ENGLISH)
    try:
        for name, code in files.items():
            file = project.site / name
            if not os.path.lexists(file):
                file.parent.mkdir(parents=True, exist_ok=True)
                with language.active(code):
                    file.write_text(_titled((default_folder() / name).read_text("utf-8"), project), "utf-8")
    except OSError as error:
        raise InvalidInput(f"{error.filename} cannot be written: {error.strerror}") from error


def _titled(text: str, project: Project) -> str:
    """Return the settings with the name of another project's repository."""
    name = project.config.repository.rstrip("/").removesuffix(".git").rpartition("/")[2]
    titles = {
        "site_name": _("%(name)s annotated", name=name),
        "site_description": _("What documents cite in the source of %(name)s.", name=name),
    }
    for key, title in titles.items():
        line = f"{key}: {json.dumps(title, ensure_ascii=False)}"
        text = re.sub(rf"(?m)^{key}:.*$", line.replace("\\", r"\\"), text)
    return text


def assets(project: Project) -> Mapping[str, bytes]:
    """Return the styles and scripts of a site, by path; the project's own replace the defaults."""
    return {**output.assets(default_folder() / "assets"), **output.assets(project.site / "assets")}


def make(folder: Path, languages: Iterable[str], *, stem: str = "mkdocs") -> Path:
    """Make the HTML of a site in its folder, and return where it is.

    That of other languages than English is in folders named by their codes. Until all of it is made, the
    old HTML stays.

    Args:
        folder: The site's folder, with the settings.
        languages: The codes of the languages besides English.
        stem: The stem of the settings' names.

    Raises:
        AnnotatorError: mkdocs refuses the pages, another build writes the HTML, or it cannot be written.
    """
    html, work = folder / FOLDER, folder / output.WORK_FOLDER
    codes = (ENGLISH, *languages)
    try:
        work.mkdir(exist_ok=True)
        with output.locked(work / f"{html.name}.lock", html):
            _replace(folder, codes, html, work / f"{html.name}.made", stem)
    except OSError as error:
        raise AnnotatorError(f"{html}: cannot be written: {error.strerror}") from error
    return html


def make_version(languages: Mapping[str, Mapping[str, bytes]], folder: Path, work: Path) -> Path:
    """Let mkdocs make the HTML of a site among versions, in a new folder; return where it is.

    Args:
        languages: The pages of each language by their paths.
        folder: The site's folder, with its settings.
        work: The new folder, for the HTML and all that it is made from; its name is that of the version.

    Raises:
        AnnotatorError: mkdocs refuses the pages, or they cannot be written.
    """
    for code, pages in languages.items():
        output.write(pages, work / language.documents_folder(code))
        own, shared = settings_file(code), settings_file(code, _AMONG_VERSIONS)
        shutil.copy(folder / own, work / own)
        among = (folder / settings_file(ENGLISH, _AMONG_VERSIONS)).read_text("utf-8")
        (work / shared).write_text(re.sub(r"(?m)^INHERIT:.*$", f"INHERIT: {own}", among), "utf-8")
        address = f"{ADDRESS.rstrip('/')}/{work.name}/{language.html_folder(code)}"
        (work / settings_file(code, _OWN)).write_text(f"INHERIT: {shared}\nsite_url: {address}\n", "utf-8")
    shutil.copytree(folder / _OVERRIDES, work / _OVERRIDES)
    return make(work, (code for code in languages if code != ENGLISH), stem=_OWN)


def _replace(folder: Path, codes: Sequence[str], html: Path, work: Path, stem: str) -> None:
    """Make new HTML in a folder for that, then put it in place of the old one."""
    old = work / "old"
    _restore(old, html)  # after a run that was killed
    shutil.rmtree(work, ignore_errors=True)
    try:
        _run([(folder / settings_file(code, stem), work / code) for code in codes])
        for code in codes[1:]:
            # Servers show the one of the root, from which this one's addresses would be wrong.
            (work / code / "404.html").unlink(missing_ok=True)
            (work / code).rename(work / ENGLISH / code)
        if html.exists():
            html.rename(old)
        (work / ENGLISH).rename(html)
    finally:
        _restore(old, html)
        shutil.rmtree(work, ignore_errors=True)


def _restore(old: Path, html: Path) -> None:
    if old.exists() and not html.exists():
        old.rename(html)


def _run(tasks: Iterable[tuple[Path, Path]]) -> None:
    """Let mkdocs make HTML from several settings, in a process for each.

    Raises:
        AnnotatorError: mkdocs refuses the pages.
    """
    # When this is interrupted, the processes are ended first, then the threads that wait for them.
    with ThreadPoolExecutor() as threads, ExitStack() as running:
        started = [running.enter_context(_mkdocs(*task, "--strict")) for task in tasks]
        for _ in threads.map(_finish, started):
            pass


def run_mkdocs(settings: Path, html: Path) -> None:
    """Let mkdocs make the HTML of one language; its warnings do not count.

    Raises:
        AnnotatorError: mkdocs refuses the pages.
    """
    with _mkdocs(settings, html) as process:
        _finish(process)


def _mkdocs(settings: Path, html: Path, *options: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "mkdocs", "build", "-f", str(settings), "-d", str(html), *options]
    environment = os.environ | output.WITHOUT_BANNER
    return subprocess_pool.started(command, env=environment, stdout=subprocess.PIPE)


def _finish(mkdocs: subprocess.Popen[bytes]) -> None:
    """Wait for mkdocs; raise AnnotatorError with its last lines if it refuses the pages."""
    streams = [stream.decode("utf-8", "replace") for stream in mkdocs.communicate()]
    if mkdocs.returncode:
        words = " ".join((streams[1] or streams[0]).split("\n")[-_LAST_LINES:])
        raise AnnotatorError(f"mkdocs cannot build it: {printable(words.strip())}")
