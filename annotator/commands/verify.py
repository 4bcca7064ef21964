"""`verify`: checks the references of articles and docstrings; `--update` rewrites stale ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from annotator.articles import rewrite
from annotator.articles.article_files import article, own_articles, read_article
from annotator.baseline_file import BASELINE, recorded
from annotator.config import name_of
from annotator.errors import InvalidInput
from annotator.files import bytes_of
from annotator.model.port import Counterpart
from annotator.model.reference import (
    Article,
    Missing,
    Moved,
    Problem,
    Reference,
    Renamed,
    Verdict,
    VerificationResult,
    Verified,
)
from annotator.parity import baseline, counterparts
from annotator.parity.counterparts import load_counterparts
from annotator.session import Session
from annotator.tracking.verification import is_branch, verify_reference, verify_references


class Update(msgspec.Struct, frozen=True):
    """A file's text before and after the rewrite, how many stale references are left, and how many it has."""

    file: Path
    name: str
    before: str
    after: str
    left: int
    references: int


def updates(at: Session, files: Iterable[Path]) -> Iterator[Update]:
    """Return what `verify --update` writes: only references that are verified after the change.

    Raises:
        InvalidInput: A file cannot be read, or is not in UTF-8.
        SourceUnavailable: The source cannot be read.
    """
    for file in files:
        try:
            before = bytes_of(file).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{file}: not in UTF-8; only such files are rewritten") from error
        references = article(at.project, file).references
        judged = enumerate(verify_references(at, references))
        stale = {n: _floating(at, v) for n, v in judged if isinstance(v.outcome, Moved | Renamed | Missing)}
        after, done = _sure(at, file, before, stale)
        yield Update(file, name_of(at.project, file), before, after, len(stale) - len(done), len(references))


def _floating(at: Session, verdict: Verdict) -> Verdict:
    """Drop the ref of a link to a branch: the link keeps following the branch after the rewrite."""
    reference = verdict.reference
    if reference.ref is None or not is_branch(at, reference.ref):
        return verdict
    return msgspec.structs.replace(verdict, reference=msgspec.structs.replace(reference, ref=None))


def _sure(at: Session, file: Path, before: str, stale: Mapping[int, Verdict]) -> tuple[str, set[int]]:
    """Return the text if every rewritten reference, read again, is at its place."""
    wanted = dict(stale)
    while wanted:
        after, done = rewrite.updated(before, wanted, at.tag)
        after = _retagged(at, file, after) if len(done) == len(stale) else after
        again = read_article(at.project, file, after.encode()).references
        good = {
            n
            for n in done
            if n < len(again)
            and isinstance(verify_reference(at, _written_now(at, again[n])).outcome, Verified)
        }
        if good == set(wanted):
            return after, good
        wanted = {number: stale[number] for number in good}
    return before, set()


def _written_now(at: Session, reference: Reference) -> Reference:
    """Return a rewritten reference as one of the tag that it was rewritten for."""
    return reference if reference.ref else msgspec.structs.replace(reference, written_at=at.tag)


def _retagged(at: Session, file: Path, text: str) -> str:
    """Set a manifest's tag to the new one if all of its references were rewritten."""
    if file.suffix != ".toml":
        return text
    written = json.dumps(at.tag, ensure_ascii=False)
    return re.sub(r"(?m)^(tag\s*=\s*)(?:\"[^\"\n]*\"|'[^'\n]*')", lambda m: m[1] + written, text, count=1)


def verify(
    at: Session, files: Iterable[Path] | None = None, *, fail_on: frozenset[str] = frozenset()
) -> VerificationResult:
    """Verify the articles' references and the `Go:` lines of counterparts against the source.

    Args:
        at: The open source.
        files: Manifests and texts; none means the project's own manifests that are written at the
            baseline, and its Python packages.
        fail_on: Which of `FAIL_ON` are findings, too.

    Raises:
        InvalidInput: None of the files can be read, or the repository has no Go file.
        SourceUnavailable: The source cannot be read.
    """
    failures: tuple[str, ...] = ()
    if files is None:
        articles, (mirrored, remarks) = own_articles(at.project), _python(at)
    else:
        (articles, failures), mirrored, remarks = _read(at, files), (), ()
    tree = at.tree
    return VerificationResult(
        repository=tree.snapshot.repository,
        tag=tree.snapshot.tag,
        commit=tree.snapshot.commit,
        version=tree.snapshot.version,
        verdicts=verify_references(at, [ref for article in articles for ref in article.references]),
        counterparts=len(mirrored),
        remarks=remarks,
        stand_in=at.notice,
        files=tuple(article.file for article in articles),
        unread=tuple(text for article in articles for text in article.unread),
        failures=failures,
        fail_on=fail_on,
    )


def _read(at: Session, files: Iterable[Path]) -> tuple[tuple[Article, ...], tuple[str, ...]]:
    """Read articles; return those that can be read, and a sentence for each of the others."""
    articles: list[Article] = []
    failures: list[str] = []
    for file in files:
        try:
            articles.append(article(at.project, file))
        except InvalidInput as error:
            failures.append(str(error))
    if failures and not articles:
        raise InvalidInput("; ".join(failures))
    return tuple(articles), tuple(failures)


def _python(at: Session) -> tuple[tuple[Counterpart, ...], tuple[Problem, ...]]:
    """Return the counterparts of the project's packages, and the faults of their docstrings."""
    said = load_counterparts(at.project)
    found, remarks = said.counterparts, said.remarks
    tag = at.project.config.baseline
    tree = at.tree_if_available(tag) if found else None
    file = at.project.site / BASELINE
    known = recorded(at.project) if file.is_file() else None
    if tree is not None:
        drift = () if known is None else baseline.outdated_facts(name_of(at.project, file), known, tree)
        return found, (*remarks, *counterparts.unknown_originals(found, tree), *drift)
    if known is not None:
        return found, (*remarks, *counterparts.unknown_originals(found, baseline.RecordedTree(known)))
    return found, remarks
