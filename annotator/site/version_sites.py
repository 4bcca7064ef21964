"""Keeps one built site per tag, side by side, with a version list."""

from __future__ import annotations

import html
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from annotator.errors import AnnotatorError
from annotator.model.reference import Problem
from annotator.repository.versions import version_key
from annotator.site import markup, output, plain_markdown
from annotator.site.markup import slug
from annotator.site.output import InvalidArchive, unpack

_LOG = logging.getLogger(__name__)

LIST = "versions.json"
"""Where the theme's version switcher finds the versions: a list in the format of the program mike."""

LATEST = "latest"
"""The folder whose pages lead to the same ones of the newest version."""

_OLD = ".old"
_STATE = ".state"
"""In a finished site: the fingerprint of everything it was built from."""


class BuiltSite(msgspec.Struct, frozen=True):
    """The files of a finished site as an archive, the problems of our texts, and warnings."""

    tag: str
    archive: bytes
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


class FailedSite(msgspec.Struct, frozen=True):
    """A site that could not be built: the reason and its exit code."""

    tag: str
    reason: str
    exit_code: int = AnnotatorError.exit_code


class ListedVersion(msgspec.Struct, frozen=True):
    """A version in the list: its folder, what people call it, and its other names."""

    version: str
    title: str
    aliases: tuple[str, ...] = ()


class Published(msgspec.Struct, frozen=True):
    """The versions that are there now, the newest first, and those that could not be built."""

    versions: tuple[str, ...]
    failed: tuple[FailedSite, ...]


Build = Callable[[Sequence[str]], Iterable[BuiltSite | FailedSite]]
"""Builds the sites of some tags and returns each when it is finished, in any order."""


def publish(states: Mapping[str, str], folder: Path, baseline: str, build: Build) -> Published:
    """Build a site for each tag into `html/TAG` of the site's folder, and list all that are there.

    Until all of them are built, nothing in `html` changes; then each replaces its predecessor. Sites
    of other tags that an earlier run made stay. A site that was finished from the same state is not
    built again, even if that run was interrupted.

    Args:
        states: By each tag to build, the fingerprint of everything its site is built from.
        folder: The site's folder, with its settings.
        baseline: The tag that is marked in the list, and shown first if it is there.
        build: Builds the sites of the tags that are not finished.

    Raises:
        AnnotatorError: Another build is running, or the folder cannot be written.
    """
    finished = folder / output.WORK_FOLDER / "versions"
    try:
        finished.mkdir(parents=True, exist_ok=True)
        with output.locked(finished.with_name("html.lock"), folder / "html"):
            _tidy(finished, folder / "html")
            failed = tuple(_build_missing(states, folder / "html", finished, build))
            names = _put_in_place(states, folder / "html", finished, baseline)
            return Published(names, failed)
    except OSError as error:
        raise AnnotatorError(
            f"{folder / 'html'}: cannot be written: {error.strerror}; each version that was there is whole"
        ) from error


def _tidy(finished: Path, html_folder: Path) -> None:
    """Put back the folders that an interrupted run had moved, and remove its unfinished ones."""
    for old in finished.glob(f"*{_OLD}"):
        place = html_folder / old.name.removesuffix(_OLD)
        if html_folder.is_dir() and not place.exists():
            old.rename(place)
    for site in finished.glob("*"):
        if not (site / _STATE).is_file():
            shutil.rmtree(site, ignore_errors=True)


def _build_missing(
    states: Mapping[str, str], html_folder: Path, finished: Path, build: Build
) -> Iterator[FailedSite]:
    """Build the sites that are not finished yet, in either folder; yield those that fail."""
    done = [
        tag
        for tag, state in states.items()
        if any(_state(folder / slug(tag)) == state for folder in (finished, html_folder))
    ]
    for number, tag in enumerate(done, 1):
        _LOG.info("site %d of %d: %s is built already", number, len(states), tag, extra={"always": True})
    missing = [tag for tag in states if tag not in done]
    outcomes = build(missing) if missing else ()
    for number, outcome in enumerate(outcomes, len(done) + 1):
        failed = outcome if isinstance(outcome, FailedSite) else _unpack(outcome, finished, states)
        ending = "failed" if failed else "is built"
        _LOG.info("site %d of %d: %s %s", number, len(states), outcome.tag, ending, extra={"always": True})
        if failed:
            yield failed


def _unpack(built: BuiltSite, finished: Path, states: Mapping[str, str]) -> FailedSite | None:
    """Unpack a site into its folder; its state, which is written last, makes it a finished one."""
    site = finished / slug(built.tag)
    shutil.rmtree(site, ignore_errors=True)
    try:
        unpack(built.archive, site)
    except InvalidArchive as error:
        return FailedSite(built.tag, f"the site that its worker returned cannot be used: {error}")
    if not (site / "index.html").is_file():
        return FailedSite(built.tag, "it has no page index.html")
    _write(site / _STATE, states[built.tag])
    return None


def _state(site: Path) -> str | None:
    """Return the state from which a site was built to the end."""
    try:
        return (site / _STATE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _put_in_place(
    all_tags: Iterable[str], html_folder: Path, finished: Path, baseline: str
) -> tuple[str, ...]:
    """Replace the sites by the finished ones and list all; return their names, the newest first."""
    tags = {slug(tag): tag for tag in all_tags}
    built = [name for name in tags if (finished / name / _STATE).is_file()]
    if not built and not (html_folder / LIST).is_file():
        return ()
    if html_folder.exists() and not (html_folder / LIST).is_file():
        html_folder.rename(finished / "single")  # a single site, which mkdocs made there
    html_folder.mkdir(exist_ok=True)
    for name in built:
        if (html_folder / name).exists():
            (html_folder / name).rename(finished / f"{name}{_OLD}")
        (finished / name).rename(html_folder / name)
    listed = tuple(_listed(html_folder, tags, baseline))
    _write(html_folder / LIST, msgspec.json.format(msgspec.json.encode(listed)).decode() + "\n")
    for one in listed:
        _write(html_folder / one.version / LIST, _list_for_languages(listed, one, html_folder))
    names = tuple(version.version for version in listed)
    first = slug(baseline) if slug(baseline) in names else names[0]
    _write(html_folder / "index.html", _redirect(f"{first}/index.html", first))
    _write_latest(html_folder, names[0])
    shutil.rmtree(finished, ignore_errors=True)
    return names


def _listed(folder: Path, tags: Mapping[str, str], baseline: str) -> Iterator[ListedVersion]:
    """Yield the versions whose folders are there, the newest first."""
    titles = {version.version: version.title for version in _listed_before(folder / LIST)}
    titles |= {name: f"{tag} (baseline)" if tag == baseline else tag for name, tag in tags.items()}
    for name in sorted(titles, key=version_key, reverse=True):
        if (folder / name / "index.html").is_file():
            yield ListedVersion(name, titles[name])


def _listed_before(file: Path) -> tuple[ListedVersion, ...]:
    """Return the list of an earlier run, without names that no folder of ours has."""
    if not file.is_file():
        return ()
    try:
        versions = msgspec.json.decode(file.read_bytes(), type=tuple[ListedVersion, ...])
    except msgspec.MsgspecError:
        return ()
    return tuple(version for version in versions if version.version == slug(version.version))


def _list_for_languages(listed: Iterable[ListedVersion], own: ListedVersion, html_folder: Path) -> str:
    """Return the list as the pages of other languages read it, which are one folder further down.

    Each entry leads to the English pages, from which a script leads on to the reader's language. In the
    list of a version its languages are its other names, as the theme takes a page's last folder for one.
    """
    languages = tuple(
        file.parent.name for file in sorted((html_folder / own.version).glob(f"*/{plain_markdown.LIST}"))
    )
    entries = [
        ListedVersion(f"../{one.version}", one.title, languages if one == own else ()) for one in listed
    ]
    return msgspec.json.format(msgspec.json.encode(entries)).decode() + "\n"


def _redirect(address: str, words: str) -> str:
    """Return a page that leads on, with the place on the page if scripts may run."""
    to = html.escape(address)
    return (
        "<!DOCTYPE html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{html.escape(words)}</title>'
        f'<link rel="canonical" href="{to}">'
        f'<noscript><meta http-equiv="refresh" content="0; url={to}"></noscript>'
        "<script>addEventListener('DOMContentLoaded',()=>location.replace("
        "document.querySelector('a').href+location.search+location.hash))</script>"
        f'</head><body><a href="{to}">{html.escape(words)}</a></body></html>\n'
    )


def _write_latest(html_folder: Path, newest: str) -> None:
    """Write a page for each one of the newest version, which leads there."""
    latest = html_folder / LATEST
    shutil.rmtree(latest, ignore_errors=True)
    for file in (html_folder / newest).rglob("*.html"):
        path = file.relative_to(html_folder / newest)
        address = "/".join((*[".."] * len(path.parts), newest, *map(markup.quote, path.parts)))
        page = latest / path
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_redirect(address, newest), encoding="utf-8")


def _write(file: Path, text: str) -> None:
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(file)
