"""Lets mkdocs make the HTML of a site's pages, in all languages at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
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
        AnnotatorError: mkdocs refuses the pages, or the HTML cannot be written.
    """
    work = folder / output.WORK_FOLDER / f"{html.name}.made"
    codes = (ENGLISH, *languages)
    try:
        shutil.rmtree(work, ignore_errors=True)  # of a run that was killed
        with ThreadPoolExecutor(len(codes)) as threads:
            # The list raises what a thread has raised.
            list(threads.map(lambda code: run_mkdocs(folder / settings_file(code, stem), work / code), codes))
        for code in codes[1:]:
            (work / code).rename(work / ENGLISH / code)
        if html.exists():
            html.rename(work / "old")
        (work / ENGLISH).rename(html)
    except OSError as error:
        raise AnnotatorError(f"{html}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def run_mkdocs(settings: Path, html: Path) -> None:
    """Let mkdocs make the HTML of one language in a process of its own.

    Raises:
        AnnotatorError: mkdocs refuses the pages.
    """
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(settings), "-d", str(html)]
    environment = os.environ | output.WITHOUT_BANNER
    with subprocess_pool.started(command, env=environment, stdout=subprocess.PIPE) as mkdocs:
        streams = [stream.decode("utf-8", "replace") for stream in mkdocs.communicate()]
    if mkdocs.returncode:
        words = " ".join((streams[1] or streams[0]).split("\n")[-_LAST_LINES:])
        raise AnnotatorError(f"mkdocs cannot build it: {printable(words.strip())}")
