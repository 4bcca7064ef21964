"""One built site per tag, side by side, with a version list."""

from __future__ import annotations

import html
import logging
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from annotator import programs
from annotator.errors import AnnotatorError, printable
from annotator.site import output
from annotator.site.markup import slug
from annotator.site.output import WITHOUT_BANNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_LOG = logging.getLogger(__name__)

LIST = "versions.json"
"""Where the theme's version switcher finds the versions: a list in the format of the program mike."""

_SETTINGS = ("mkdocs.yml", "versions.yml")
"""The site's settings, and those that a site among versions has besides."""

_OVERRIDES, _OWN = "versions", "version.yml"
"""The folder of templates that those settings name, and the settings of one version."""

_ADDRESS = "http://127.0.0.1:8000"
"""Where the versions are served if nothing else is said; the pages work anywhere else too."""

_DIGITS = re.compile(r"\d+")
_OLD = ".old"
_STATE = ".state"
"""In a finished site: from which state of everything it was built."""
_LAST_WORDS = 5


class VersionSite(msgspec.Struct, frozen=True):
    """A version to build.

    Attributes:
        tag: Its tag.
        state: A fingerprint of everything it is built from.
        pages: Makes its pages, by their paths below the documents' folder.
    """

    tag: str
    state: str
    pages: Callable[[], Mapping[str, bytes]]


class ListedVersion(msgspec.Struct, frozen=True):
    """A version in the list: its folder, what people call it, and its other names."""

    version: str
    title: str
    aliases: tuple[str, ...] = ()


def publish(versions: Sequence[VersionSite], folder: Path, baseline: str) -> tuple[str, ...]:
    """Build a site for each tag into `html/TAG` of the site's folder, and list all that are there.

    Until all of them are built, nothing in `html` changes; then each takes its place at once. Sites
    of other tags that an earlier run made stay, and a site that was finished from the same state is not
    built again: not where a run is interrupted and started once more, either.

    Args:
        versions: What to build.
        folder: The site's folder, with its settings.
        baseline: The tag that is marked in the list, and shown first where it is there.

    Returns:
        The versions that are there, the newest first.

    Raises:
        AnnotatorError: Another build is running, mkdocs refuses the pages, or the disk does.
    """
    aside = folder / output.WORK_FOLDER / "versions"
    try:
        aside.mkdir(parents=True, exist_ok=True)
        with output.locked(aside.with_name("html.lock"), folder / "html"):
            return _publish(versions, folder, aside, baseline)
    except OSError as error:
        raise AnnotatorError(
            f"{folder / 'html'}: cannot be written: {error.strerror}; each version that was there is whole"
        ) from error


def _publish(versions: Sequence[VersionSite], folder: Path, aside: Path, baseline: str) -> tuple[str, ...]:
    _tidy(aside, folder / "html")
    _build_all(versions, folder, aside)
    tags = {slug(version.tag): version.tag for version in versions}
    html_folder = _versioned(folder / "html", aside)
    for name in tags:
        if (aside / name / "html").exists():
            _put(aside / name / "html", html_folder / name, aside / f"{name}{_OLD}")
    listed = tuple(_listed(html_folder, tags, baseline))
    _write(html_folder / LIST, msgspec.json.format(msgspec.json.encode(listed)).decode() + "\n")
    _write(html_folder / "index.html", _index(listed, slug(baseline)))
    shutil.rmtree(aside, ignore_errors=True)
    return tuple(one.version for one in listed)


def _tidy(aside: Path, html_folder: Path) -> None:
    """Put back what an interrupted run had taken from its place, and remove what it had not finished."""
    for old in aside.glob(f"*{_OLD}"):
        place = html_folder / old.name.removesuffix(_OLD)
        if html_folder.is_dir() and not place.exists():
            old.rename(place)
    for work in aside.glob("*"):
        if not (work / "html" / _STATE).is_file():
            shutil.rmtree(work, ignore_errors=True)


def _build_all(versions: Sequence[VersionSite], folder: Path, aside: Path) -> None:
    """Build every site that is not there from the same state, as many at once as there are processors."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as builders:
        running = []
        try:
            for number, version in enumerate(versions, 1):
                name, title = slug(version.tag), f"site {number} of {len(versions)}: {version.tag}"
                if _is_finished(version, aside / name / "html") or _is_finished(
                    version, folder / "html" / name
                ):
                    _LOG.info("%s is built already", title, extra={"always": True})
                    continue
                _LOG.info("%s", title, extra={"always": True})
                shutil.rmtree(aside / name, ignore_errors=True)
                work = _prepared(version.pages(), folder, aside / name)
                running.append(builders.submit(_build, work, version.state))
            _LOG.info("building the last sites with mkdocs")
            for one in running:
                one.result()
        except BaseException:
            builders.shutdown(cancel_futures=True)
            raise


def _is_finished(version: VersionSite, built: Path) -> bool:
    """Return whether a site was built from a version's state to the end."""
    try:
        return (built / _STATE).read_text(encoding="utf-8") == version.state
    except (OSError, UnicodeDecodeError):
        return False


def _prepared(pages: Mapping[str, bytes], folder: Path, work: Path) -> Path:
    """Return a folder in which mkdocs finds a site's pages and settings."""
    output.write(pages, work / "docs")
    for name in _SETTINGS:
        shutil.copy(folder / name, work / name)
    shutil.copytree(folder / _OVERRIDES, work / _OVERRIDES)
    own = f"INHERIT: {_SETTINGS[-1]}\nsite_url: {_ADDRESS}/{work.name}/\n"
    (work / _OWN).write_text(own, encoding="utf-8")
    return work


def _build(work: Path, state: str) -> None:
    """Let mkdocs build a site, and note in it from which state.

    Raises:
        AnnotatorError: It refuses.
    """
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(work / _OWN)]
    environment = os.environ | WITHOUT_BANNER
    with programs.started(command, env=environment, stdout=subprocess.PIPE) as mkdocs:
        output, errors = (said.decode("utf-8", "replace") for said in mkdocs.communicate())
    if mkdocs.returncode:
        said = " ".join((errors or output).split("\n")[-_LAST_WORDS:])
        raise AnnotatorError(f"{work.name}: mkdocs cannot build it: {printable(said.strip())}")
    shutil.rmtree(work / "docs")
    _write(work / "html" / _STATE, state)


def _versioned(folder: Path, aside: Path) -> Path:
    """Return the folder of versions; a single site that mkdocs made there gives way."""
    if folder.exists() and not (folder / LIST).is_file():
        folder.rename(aside / "single")
    folder.mkdir(exist_ok=True)
    return folder


def _put(new: Path, place: Path, old: Path) -> None:
    if place.exists():
        place.rename(old)
    new.rename(place)


def _listed(folder: Path, tags: Mapping[str, str], baseline: str) -> Iterator[ListedVersion]:
    """Yield the versions whose folders are there, the newest first."""
    titles = {one.version: one.title for one in _before(folder / LIST)}
    titles |= {name: f"{tag} (baseline)" if tag == baseline else tag for name, tag in tags.items()}
    for name in sorted(titles, key=_age, reverse=True):
        if (folder / name / "index.html").is_file():
            yield ListedVersion(name, titles[name])


def _before(file: Path) -> tuple[ListedVersion, ...]:
    """Return the list of an earlier run, names apart that are no folder's."""
    if not file.is_file():
        return ()
    try:
        found = msgspec.json.decode(file.read_bytes(), type=tuple[ListedVersion, ...])
    except msgspec.MsgspecError:
        return ()
    return tuple(one for one in found if one.version == slug(one.version))


def _age(name: str) -> tuple[list[int], str]:
    return [int(number) for number in _DIGITS.findall(name)], name


def _index(listed: Iterable[ListedVersion], baseline: str) -> str:
    """Return the page that leads to the version that is shown first."""
    names = [one.version for one in listed]
    first = html.escape(baseline if baseline in names else names[0])
    return (
        "<!DOCTYPE html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{first}</title>'
        f'<meta http-equiv="refresh" content="0; url={first}/index.html"></head>'
        f'<body><a href="{first}/index.html">{first}</a></body></html>\n'
    )


def _write(file: Path, text: str) -> None:
    aside = file.with_name(f".{file.name}.new")
    aside.write_text(text, encoding="utf-8")
    aside.replace(file)
