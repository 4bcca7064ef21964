"""`verify`: checks the references of articles and docstrings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from annotator.articles.article_files import article, own_articles
from annotator.baseline_file import BASELINE, recorded
from annotator.config import name_of
from annotator.errors import InvalidInput
from annotator.model.port import Counterpart
from annotator.model.reference import (
    Article,
    Problem,
    VerificationResult,
)
from annotator.parity import baseline, counterparts
from annotator.parity.counterparts import load_counterparts
from annotator.session import Session
from annotator.tracking.verification import verify_references


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
