"""Lets mkdocs make the HTML of a site's pages, in all languages at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from annotator import subprocess_pool
from annotator.errors import AnnotatorError, printable
from annotator.site import output
from annotator.site.language import ENGLISH

FOLDER = "html"
"""The folder of the HTML in a site's folder."""

_LAST_LINES = 5
"""How many lines of mkdocs' output an error shows."""


def settings_file(code: str, stem: str = "mkdocs") -> str:
    """Return the name of the settings of a language's pages."""
    return f"{stem}.yml" if code == ENGLISH else f"{stem}.{code}.yml"


def make(folder: Path, languages: Iterable[str], html: Path, *, stem: str = "mkdocs") -> None:
    """Make the HTML of a site; that of other languages than English is in folders named by their codes.

    Until all of it is made, the old HTML stays.

    Args:
        folder: The folder with the settings.
        languages: The codes of the languages besides English.
        html: The folder of the HTML.
        stem: The stem of the settings' names.

    Raises:
        AnnotatorError: mkdocs refuses the pages, another build writes the HTML, or it cannot be written.
    """
    work = folder / output.WORK_FOLDER
    codes = (ENGLISH, *languages)
    try:
        work.mkdir(exist_ok=True)
        with output.locked(work / f"{html.name}.lock", html):
            _replace(folder, codes, html, work / f"{html.name}.made", stem)
    except OSError as error:
        raise AnnotatorError(f"{html}: cannot be written: {error.strerror}") from error


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
