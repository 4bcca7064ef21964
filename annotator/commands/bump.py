"""`bump`: moves the documents of a project, and its baseline, to another tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from annotator.articles import reference_notation
from annotator.articles.article_files import article, documents
from annotator.commands.update import Update, UpdateOptions, updated
from annotator.config import name_of, with_baseline
from annotator.errors import InvalidInput, SourceUnavailable, counted
from annotator.file_io import bytes_of, write_together
from annotator.model.reference import Verdict, Verified
from annotator.project_source import Session
from annotator.reports import indented_json
from annotator.reports.markdown import code, escaped
from annotator.repository import versions
from annotator.repository.discovery import HEAD
from annotator.tracking.verification import verify_references


class Bump(msgspec.Struct, frozen=True):
    """The changes that move documents, and last of all the settings, to another tag.

    The references of `hidden` are not certain at the new tag and would pass for right with it as baseline.
    """

    old: str
    new: str
    updates: tuple[Update, ...]
    hidden: tuple[Verdict, ...]

    @property
    def rewritten(self) -> tuple[Update, ...]:
        """The files that change."""
        return tuple(update for update in self.updates if update.before != update.after)

    @property
    def remaining(self) -> tuple[Verdict, ...]:
        """The references that are wrong at the new tag and have no certain correction."""
        return tuple(verdict for update in self.updates for verdict in update.remaining)

    @property
    def changed(self) -> tuple[Verdict, ...]:
        """The references whose code reads differently at the new tag."""
        return tuple(verdict for update in self.updates for verdict in update.changed)


def newest(at: Session) -> str:
    """Return the tag to move to if none is named: the newest release, or HEAD if the baseline is that.

    Raises:
        InvalidInput: The source has no release.
    """
    if at.project.config.baseline == HEAD:
        return HEAD
    if not (releases := versions.latest(at.source.tags())):
        raise InvalidInput(f"{at.source.repository} has no release; name the tag")
    return releases[-1]


def bump(at: Session) -> Bump:
    """Return what moving to the session's tag changes; nothing is written.

    Raises:
        InvalidInput: A document or the settings cannot be read or rewritten.
    """
    if at.notice:
        raise SourceUnavailable(f"{at.notice}: nothing is rewritten; give `--source`")
    project, old, new = at.project, at.project.config.baseline, at.tag
    at.baseline_tree()  # without it, nothing is certain
    manifests = [file for file in project.manifests if article(project, file).tag in ("", old)]
    options = UpdateOptions(retag="" if old == HEAD else old)
    found = [updated(at, file, bytes_of(file), options) for file in (*manifests, *documents(project))]
    if old == new or HEAD in (old, new):  # the baseline stays
        return Bump(old, new, tuple(found), ())
    file, before, after = with_baseline(project, new)
    settings = Update(file, name_of(project, file), before.decode(), after.decode(), after)
    hidden = _hidden(at, [verdict for update in found for verdict in update.remaining])
    return Bump(old, new, (*found, settings), hidden)


def _hidden(at: Session, remaining: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return those of some findings that would be verified if they had been written at the new tag."""
    bare = [
        verdict
        for verdict in remaining
        if verdict.reference.ref is None
        and verdict.reference.written_at is None
        and verdict.origin == at.project.config.baseline
    ]
    now = [msgspec.structs.replace(verdict.reference, written_at=at.tag) for verdict in bare]
    verdicts = verify_references(at, now)
    return tuple(
        verdict for verdict, then in zip(bare, verdicts, strict=True) if isinstance(then.outcome, Verified)
    )


def write(found: Bump) -> None:
    """Write all files that change, or none of them.

    Raises:
        InvalidInput: One cannot be written.
    """
    write_together([(update.file, update.data) for update in found.rewritten])


# ── Reports ──────────────────────────────────────────────────────────────────────────────────────
VERSION = 1
"""Version of the JSON; it grows when a field goes or gets another meaning."""


class PlaceFields(msgspec.Struct, frozen=True):
    """A reference, and why it is listed."""

    file: str
    at_line: int
    cited: str
    verdict: str
    reason: str


class Report(msgspec.Struct, frozen=True):
    """The move of a project to another tag.

    `remaining` is not right at the new tag and not rewritten; `hidden` are those of them that would pass
    for right; the code of `changed` reads differently.
    """

    schema_version: int
    old: str
    new: str
    written: bool
    files: tuple[str, ...]
    remaining: tuple[PlaceFields, ...]
    hidden: tuple[PlaceFields, ...]
    changed: tuple[PlaceFields, ...]


def json(found: Bump, *, written: bool) -> str:
    """Return the report as JSON."""
    files = tuple(update.name for update in found.rewritten)
    places = (tuple(map(_place, verdicts)) for verdicts in (found.remaining, found.hidden, found.changed))
    return indented_json(Report(VERSION, found.old, found.new, written, files, *places))


def _place(verdict: Verdict) -> PlaceFields:
    reference = verdict.reference
    cited = reference_notation.of(reference)
    return PlaceFields(reference.file, reference.at_line, cited, verdict.name, verdict.outcome.reason)


def text(found: Bump, *, written: bool) -> Iterator[str]:
    """Return lines for people: references to read again, open tasks, and the figures."""
    for place in map(_place, found.changed):
        yield f"{place.file}:{place.at_line}: read it again: the code of {place.cited} changed"
    hidden = set(map(_place, found.hidden))
    for place in map(_place, found.remaining):
        passing = f"; as of {found.new} it would pass for right" if place in hidden else ""
        yield f"{place.file}:{place.at_line}: left: {place.cited} is {place.verdict}: {place.reason}{passing}"
    yield _sentence(found, written=written)


def _sentence(found: Bump, *, written: bool) -> str:
    verb = "rewritten" if written else "to rewrite"
    return (
        f"{found.old} → {found.new}: {counted(len(found.rewritten), 'file')} {verb}, "
        f"{counted(len(found.changed), 'reference')} to read again, {len(found.remaining)} left"
    )


def markdown(found: Bump, *, written: bool) -> str:
    """Return the text of a pull request: references to read again and open work, as tasks."""
    blocks = [escaped(_sentence(found, written=written)) + "."]
    hidden = set(map(_place, found.hidden))
    if found.changed:
        tasks = [
            f"- [ ] {code(f'{place.file}:{place.at_line}')} cites {code(place.cited)}"
            for place in map(_place, found.changed)
        ]
        blocks += ["**To read again: the code changed**", "\n".join(tasks)]
    if found.remaining:
        tasks = [
            f"- [ ] {code(f'{place.file}:{place.at_line}')} {place.verdict}: {code(place.cited)}: "
            + escaped(place.reason)
            + (f" (as of {code(found.new)} it would pass for right)" if place in hidden else "")
            for place in map(_place, found.remaining)
        ]
        blocks += ["**Left: it is not certain what is right**", "\n".join(tasks)]
    return "\n\n".join(blocks) + "\n"
