"""`verify`: checks references against the source; finds the sources and documents that arguments name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from annotator.articles import manifest_file
from annotator.articles.article_files import (
    article,
    expand,
    followed_references,
    is_article,
    is_excluded,
    own_articles,
)
from annotator.baseline_file import BASELINE, recorded
from annotator.config import Project, name_of
from annotator.errors import InvalidInput, counted
from annotator.golang.source_tree import SourceTree
from annotator.model.port import Counterpart
from annotator.model.reference import (
    Anchor,
    Article,
    NoteState,
    Problem,
    Reference,
    Verdict,
    VerificationResult,
)
from annotator.model.source import Warn
from annotator.parity import go_facts
from annotator.parity.counterparts import RecordedTree, load_counterparts, unknown_originals
from annotator.project_source import Session, SourceOptions
from annotator.site.project_texts import own_texts
from annotator.tracking.note_placement import place_notes, text_file
from annotator.tracking.verification import verify_references

_NOTE = "line-note"
"""The rule that a footnote names lines of the source."""

_MOST_NAMES = 10
"""Documents that a message names."""


def verify(
    at: Session, files: Iterable[Path] | None = None, *, fail_on: frozenset[str] = frozenset()
) -> VerificationResult:
    """Verify the references of files, and the `Go:` lines of counterparts, against the source.

    Without files, those of the project are read: its manifests that are written at the baseline, its
    documents and its Python packages. `fail_on` tells which of `FAIL_ON` are findings, too.

    Raises:
        InvalidInput: None of the files can be read, or the repository has no Go file.
    """
    failures: tuple[str, ...] = ()
    mirrored: tuple[Counterpart, ...] = ()
    remarks: tuple[Problem, ...] = ()
    if files is None:
        articles = own_articles(at.project, lambda: at.own_names)
        if at.project.config.packages:
            mirrored, remarks = _verified_counterparts(at)
    else:
        articles, failures = _read(at, files)
    tree = at.tree
    verdicts = verify_references(at, [ref for article in articles for ref in article.references])
    for warning in dict.fromkeys(_syntax_errors(tree, verdicts)):
        at.warn(warning)
    return VerificationResult(
        repository=tree.snapshot.repository,
        tag=tree.snapshot.tag,
        commit=tree.snapshot.commit,
        version=tree.snapshot.version,
        verdicts=verdicts,
        counterparts=len(mirrored),
        remarks=remarks,
        stand_in=at.notice,
        files=tuple(article.file for article in articles),
        unread=tuple(text for article in articles for text in article.unread),
        problems=(*_stale_entries(at, articles, verdicts), *(_notes(at) if files is None else ())),
        failures=failures,
        fail_on=fail_on,
        ignored=tuple(reference for article in articles for reference in article.ignored),
    )


def _verified_counterparts(at: Session) -> tuple[tuple[Counterpart, ...], tuple[Problem, ...]]:
    """Return the counterparts of the project's packages, and the faults of their docstrings."""
    docstrings = load_counterparts(at.project)
    found, remarks = docstrings.counterparts, docstrings.remarks
    tag = at.project.config.baseline
    tree = at.tree_if_available(tag) if found else None
    file = at.project.site / BASELINE
    known = recorded(at.project) if file.is_file() else None
    if tree is not None:
        drift = () if known is None else go_facts.outdated_facts(name_of(at.project, file), known, tree)
        return found, (*remarks, *unknown_originals(found, tree), *drift)
    if known is not None:
        return found, (*remarks, *unknown_originals(found, RecordedTree(known)))
    return found, remarks


def mirrored_references(project: Project) -> list[Reference]:
    """Return each symbol that a counterpart mirrors or an article of the project cites, once.

    Raises:
        InvalidInput: A Python file, an article or the recorded facts cannot be read.
    """
    return followed_references(project, load_counterparts(project).counterparts)


def without_settings(project: Project, files: Iterable[Path], options: SourceOptions) -> SourceOptions:
    """Return the options with which documents are read: without settings, those elsewhere are dated."""
    if project.has_settings:
        return options
    source = Path(project.config.source) if project.config.source else None
    folders = [Path(os.path.realpath(file)).parent for file in files]
    if options.written_at or (source and all(folder.is_relative_to(source) for folder in folders)):
        return options
    return msgspec.structs.replace(options, written_at="auto", history=True)


def _read(at: Session, files: Iterable[Path]) -> tuple[tuple[Article, ...], tuple[str, ...]]:
    """Read articles; return those that can be read, and a sentence for each of the others."""
    articles: list[Article] = []
    failures: list[str] = []
    for file in files:
        try:
            articles.append(article(at.project, file, at.own_names))
        except InvalidInput as error:
            failures.append(str(error))
    if failures and not articles:
        raise InvalidInput("; ".join(failures))
    return tuple(articles), tuple(failures)


def _syntax_errors(tree: SourceTree, verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Yield a sentence for each declaration that a verdict places and that is no valid Go."""
    for verdict in verdicts:
        anchor = getattr(verdict.outcome, "anchor", None)
        if not isinstance(anchor, Anchor) or not anchor.symbol or not tree.has(anchor.path):
            continue
        lines = [n for n in tree.document(anchor.path).broken if anchor.line <= n <= anchor.end_line]
        if lines:
            yield (
                f"{anchor.path} has a syntax error in line {lines[0]} at {tree.tag}, "
                f"so it is not sure what {anchor.symbol} holds"
            )


def _notes(at: Session) -> Iterator[Problem]:
    """Yield a problem for each footnote of our texts that cannot be read or whose line is not there."""
    texts = own_texts(at.project)
    for text in texts:
        for fault in text.faults:
            yield Problem(text_file(at.project, text.name), fault.line, fault.message, _NOTE)
    for placed in place_notes(at, (note for text in texts for note in text.notes)):
        note = placed.note
        for line in placed.lines:
            if not line.line and not (at.notice and line.state is NoteState.GONE):
                message = f"the note {note.label} has no line: {line.reason}"
                yield Problem(text_file(at.project, note.text), note.line, message, _NOTE)


def _stale_entries(
    at: Session, articles: Sequence[Article], verdicts: Sequence[Verdict]
) -> Iterator[Problem]:
    """Yield a problem for each entry of a manifest whose citation is no longer in its article."""
    by_file: dict[str, list[Verdict]] = {one.file: [] for one in articles}
    for verdict in verdicts:
        by_file[verdict.reference.file].append(verdict)
    for manifest in articles:
        cited = _article_of(at, manifest, by_file) if manifest.file.endswith(".toml") else None
        if cited is None:
            continue
        name = name_of(at.project, cited)
        try:
            found = by_file.get(name) or verify_references(
                at, article(at.project, cited, at.own_names).references
            )
        except InvalidInput as error:
            yield Problem(manifest.file, 1, f"its article cannot be read: {error}", manifest_file.STALE_ENTRY)
            continue
        yield from manifest_file.stale_entries(by_file[manifest.file], found, name)


def _article_of(at: Session, manifest: Article, given: Iterable[str]) -> Path | None:
    """Return the article of a manifest: the file of its address, or the one given that is named like it."""
    root, name = at.project.root, PurePosixPath(manifest.file)
    for other in map(PurePosixPath, given):
        if other != name and other.with_suffix("") == name.with_suffix(""):
            return root / other
    for folder in ((root / manifest.file).parent, root):
        file = Path(os.path.normpath(folder / manifest.address))
        if manifest.address and file.is_relative_to(root) and file.is_file() and file.suffix != ".toml":
            return file
    return None


# A name of a repository as settings give it, in front of its source.
_NAMED_SOURCE = re.compile(r"([A-Za-z0-9][\w.-]*(?:/[\w.-]+)?)=(.+)", re.DOTALL)


def source_options(sources: Iterable[str] | None, tag: str | None, written_at: str | None) -> SourceOptions:
    """Parse each `--source`: one without a name, and others with the names of repositories.

    Raises:
        InvalidInput: Two of them are for the same repository.
    """
    plain: list[str] = []
    named: dict[str, str] = {}
    for source in sources or ():
        match = None if os.path.lexists(source) else _NAMED_SOURCE.fullmatch(source)
        if match is None:
            plain.append(source)
        elif named.setdefault(match[1], match[2]) != match[2]:
            raise InvalidInput(f"`--source {match[1]}=…` is given twice; give one source for each name")
    if len(plain) > 1:
        raise InvalidInput(
            f"`--source` is given {len(plain)} times without a name; write NAME=SOURCE for the others"
        )
    return SourceOptions(plain[0] if plain else None, tag, written_at=written_at, named_sources=named)


def select_articles(
    project: Project, arguments: Iterable[Path], warn: Warn, *, allow_none: bool = False
) -> list[Path]:
    """Return the files that arguments name, and warn of excluded files and of TOML that is no manifest.

    Raises:
        InvalidInput: An argument names nothing, and `allow_none` is false.
    """
    chosen: list[Path] = []
    excluded = 0
    for file in expand(arguments, allow_none=allow_none):
        if is_excluded(project, file):
            excluded += 1
        elif _is_meant_as_article(project, file):
            chosen.append(file)
        else:
            warn(f"{file}: not a manifest of references, as it has no `chapters`; skipped")
    if excluded:
        warn(f"{counted(excluded, 'file')} excluded by the settings")
    return chosen


def _is_meant_as_article(project: Project, file: Path) -> bool:
    """Return whether a file is meant as an article; its errors are reported when it is read."""
    try:
        return is_article(project, file)
    except InvalidInput:
        return True


def nothing_to_check(project: Project, files: Sequence[Path] | None) -> InvalidInput:
    """Return the error that no reference was found: in files, or in what the settings name."""
    if files is None and not project.has_settings:
        return InvalidInput(
            "nothing to check: name the documents to verify, or write settings with `annotator init`"
        )
    if files is None:
        named = "no document of the settings has a reference"
        if not project.config.articles:
            manifests = project.site / "articles"
            named = f"no manifest in {manifests} has a reference at {project.config.baseline}"
        return InvalidInput(
            f"nothing to check: {named}; name the articles to verify, set `articles`, or give `--allow-none`"
        )
    names = ", ".join(map(str, files[:_MOST_NAMES])) + (", …" if len(files) > _MOST_NAMES else "")
    return InvalidInput(
        f"nothing to check: no reference into source code is found in {names or 'what was given'}; "
        "give `--allow-none` if that is right"
    )
