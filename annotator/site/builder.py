"""Builds the site: gathers the input, plans and renders the pages, writes them.

`build_site` is the whole flow; `gather_input` is its first step.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from annotator.articles.article_files import article, followed_references
from annotator.baseline_file import BASELINE
from annotator.config import Project, name_of
from annotator.errors import InvalidInput, counted
from annotator.file_io import bytes_of
from annotator.model.port import PackageImports
from annotator.model.reference import Article, Problem, Reference, Verdict
from annotator.model.symbol_history import HistoryInput, PortingReport, ReferenceHistory
from annotator.project_source import Session
from annotator.repository import versions
from annotator.site import (
    browser_python,
    go_input,
    language,
    mkdocs_build,
    output,
    pages,
    python_input,
    rendering,
    translated_texts,
)
from annotator.site.fingerprint import site_fingerprint
from annotator.site.go_input import read_external_packages
from annotator.site.inputs import (
    FIGURES,
    BenchmarkTable,
    MovedFile,
    PythonInput,
    SiteInput,
    VerifiedArticle,
    read_figures,
)
from annotator.site.pages import REDIRECTS_FILE, read_redirects
from annotator.site.project_texts import MarkdownText, own_notes, own_texts
from annotator.site.python_input import PythonReader
from annotator.site.site_index import shown_packages
from annotator.subprocess_pool import SubprocessPool
from annotator.tracking import note_placement, symbol_diff, symbol_follower, verification
from annotator.tracking.note_placement import note_changes

_LOG = logging.getLogger(__name__)


class BuildOptions(msgspec.Struct, frozen=True):
    """What a site shows of other tags than its own.

    Attributes:
        history: Whether every mapped symbol is followed over all tags.
        since: The tag from which the report on what to port begins; none without one, but with
            `history` the baseline.
        versions: The tags of all sites that are built side by side with this one.
        elsewhere: What became of the mapped symbols at these tags.
        runs: Whether pages can run the project's examples.
    """

    history: bool = False
    since: str | None = None
    versions: tuple[str, ...] = ()
    elsewhere: Mapping[str, tuple[Verdict, ...]] = {}
    runs: bool = False


class BuildResult(msgspec.Struct, frozen=True):
    """A site that was built: how many pages, at which tag, and the problems of our own texts."""

    pages: int
    tag: str
    problems: tuple[Problem, ...]


def build_site(session: Session, articles: Iterable[Path], options: BuildOptions) -> BuildResult:
    """Write the site's pages for the session's tag into its documents folders, one for each language.

    Args:
        session: The open source.
        articles: Articles beside the project's own, which come first.
        options: What the site shows of other tags.

    Raises:
        InvalidInput: A file of the site cannot be read, or the repository has no Go file.
        SourceUnavailable: The source cannot be read.
        AnnotatorError: The pages cannot be written; the old ones stay.
    """
    articles = tuple(articles)
    mkdocs_build.complete_settings(session.project)
    browser = browser_python.install(session.project)
    options = msgspec.structs.replace(options, runs=browser is not None)
    state = fingerprint(session, articles, options)
    codes = (language.ENGLISH, *session.project.config.languages)
    folders = [session.project.site / language.documents_folder(code) for code in codes]
    unchanged = [output.read_stamp(folder, state) for folder in folders]
    if unchanged[0] and all(unchanged):
        return msgspec.msgpack.decode(unchanged[0], type=BuildResult)
    read = [article(session.project, file, session.own_names) for file in articles]
    languages, result = make_files(session, read, options, python_reader(session))
    for code, files in languages.items():
        folder = session.project.site / language.documents_folder(code)
        output.write(files, folder, (browser or {}) if code == language.ENGLISH else {})
        output.write_stamp(folder, state, msgspec.msgpack.encode(result))
    return result


def make_files(
    session: Session, articles: Iterable[Article], options: BuildOptions, python: PythonReader | None
) -> tuple[Mapping[str, Mapping[str, bytes]], BuildResult]:
    """Return the files of a site, by their paths, in each language by its code, and a summary."""
    with SubprocessPool(session.project.root) as programs:
        # The project's examples run while the other input is read.
        started = python.start(programs) if python else None
        site_input = gather_input(session, articles, options, python)
        if python and started:
            site_input = msgspec.structs.replace(site_input, python=python.with_output(started))
    plan = pages.plan_site(site_input)
    files = rendering.files(plan, session.cache)
    result = BuildResult(
        pages=sum(path.endswith(".md") for path in files),
        tag=site_input.tag,
        problems=plan.problems,
    )
    runnable = browser_python.archive(session.project) if options.runs else {}
    assets = mkdocs_build.assets(session.project)
    languages = {language.ENGLISH: {**files, **assets, **runnable}}
    for code in session.project.config.languages:
        with language.active(code):
            languages[code] = _translated_files(session, site_input, code, assets)
    return languages, result


def _translated_files(
    session: Session, given: SiteInput, code: str, assets: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Return the files of another language, without the assets that it shares with English."""
    texts = translated_texts.translated_texts(session.project, code)
    words = {(note.text, note.label): note.words for text in texts for note in text.notes}
    notes = (
        msgspec.structs.replace(
            placed,
            note=msgspec.structs.replace(
                placed.note, words=words.get((placed.note.text, placed.note.label), placed.note.words)
            ),
        )
        for placed in given.notes
    )
    translated = msgspec.structs.replace(given, language=code, texts=texts, notes=tuple(notes))
    files = rendering.files(pages.plan_site(translated), session.cache)
    scripts = b"".join(script for path, script in assets.items() if path.endswith(".js")).decode(
        "utf-8", "replace"
    )
    return {**files, language.WORDS: language.words_script(scripts)}


def fingerprint(session: Session, articles: Iterable[Path], options: BuildOptions) -> str:
    """Return the fingerprint of everything that a site is built from."""
    # Only these options make other tags part of the site.
    tags = sorted(session.known_tags) if options.history or options.since else []
    rest = (options.history, options.since, session.source.has_history, tags, options.versions, options.runs)
    return site_fingerprint(session.project, articles, (session.tree.snapshot, session.notice), rest)


def gather_input(
    session: Session, articles: Iterable[Article], options: BuildOptions, python: PythonReader | None
) -> SiteInput:
    """Return everything that the pages are made from, except what programs print."""
    project, snapshot = session.project, session.tree.snapshot
    mirror = python.source if python else PythonInput()
    read = (*_own_articles(project), *articles)
    cited = [reference for entry in read for reference in entry.references]
    since_baseline, verdicts = verify_mapped_symbols(session, mirror, cited)
    verified = tuple(
        VerifiedArticle(entry, tuple(verdicts[reference] for reference in entry.references)) for entry in read
    )
    texts = own_texts(project)
    notes = note_placement.place_notes(session, (note for text in texts for note in text.notes))
    packages = shown_packages(verified, texts, mirror, since_baseline, notes)
    go = go_input.read_go(session, packages, locks=any(text.locks for text in texts))
    history = HistoryInput()
    if python and mirror.pairs:
        history = _history(session, options, python)
    return SiteInput(
        repository=snapshot.repository,
        tag=snapshot.tag,
        commit=snapshot.commit,
        version=snapshot.version,
        baseline=project.config.baseline,
        sources=go.sources,
        articles=verified,
        texts=texts,
        licence=project.config.licence,
        notice=session.notice or "",
        python=mirror,
        since_baseline=since_baseline,
        elsewhere={tag: verdicts for tag, verdicts in options.elsewhere.items() if tag != session.tag},
        history=history,
        packages=_package_imports(project, texts),
        locking=go.locking,
        figures=_figures(project),
        redirects=_redirects(project),
        runs=options.runs,
        external=read_external_packages(session.tree),
        notes=notes,
        languages=(language.ENGLISH, *project.config.languages),
    )


def verify_mapped_symbols(
    session: Session, mirror: PythonInput, references: Iterable[Reference] = ()
) -> tuple[tuple[Verdict, ...], Mapping[Reference, Verdict]]:
    """Return the histories of the mapped symbols and of other references since the baseline."""
    baseline = session.project.config.baseline
    originals = (original for pair in mirror.pairs for original in pair.originals)
    mapped = dict.fromkeys(
        Reference(original.path, original.symbol, original.line, ref=baseline) for original in originals
    )
    to_verify = (*mapped, *references)
    _LOG.info("finding %s at %s", counted(len(to_verify), "reference"), session.tag)
    verdicts = dict(zip(to_verify, verification.verify_references(session, to_verify), strict=True))
    return tuple(verdicts[reference] for reference in mapped), verdicts


def python_reader(session: Session) -> PythonReader | None:
    """Return the reader of the project's Python packages; None without packages or recorded facts."""
    has_facts = (session.project.site / BASELINE).is_file()
    return (
        PythonReader(session.project, session.cache)
        if session.project.config.packages and has_facts
        else None
    )


def _history(session: Session, options: BuildOptions, python: PythonReader) -> HistoryInput:
    """Return what the options ask of many tags, as far as the source has them."""
    compared = _compared_tags(session, options)
    if not (options.history or options.since or compared):
        return HistoryInput()
    if not session.source.has_history:
        _LOG.warning(
            "%s has no other tags at hand, so the pages have no history; give a git URL or a repository "
            "that has them",
            session.source.repository,
        )
        return HistoryInput()
    counterparts = python.docstrings.counterparts
    baseline, first = session.baseline_tree(), options.since or session.project.config.baseline
    symbols = symbol_diff.mapped_symbols(counterparts, baseline)

    def at(tag: str) -> Session:
        return session if tag == session.tag else session.at_tag(tag)

    def changes(old: Session, new: Session) -> PortingReport:
        ends, config = (old.tree, new.tree), session.project.config.go
        return symbol_diff.porting(session.source, session.cache, baseline, symbols, ends, config)

    comparison = changes(*map(at, compared)) if compared else None
    report = None
    if (options.history or options.since) and first != session.tag:
        before = at(first)
        notes = note_changes(before, session, own_notes(session.project))
        report = msgspec.structs.replace(changes(before, session), notes=notes)
    if not options.history:
        return HistoryInput(porting=report, comparison=comparison)
    references = followed_references(session.project, counterparts)
    tracked = symbol_follower.track(
        session.tag_snapshots, session.version_tags, session.cache, baseline, references, "*"
    )
    tags = tuple(versions.proper(tracked.tags))
    shown = frozenset(tags)
    histories = tuple(
        ReferenceHistory(trail.reference, tuple(stop for stop in trail.stops if stop.tag in shown))
        for trail in tracked.trails
    )
    return HistoryInput(tags, tuple(versions.latest(tags)), histories, report, comparison)


def _compared_tags(session: Session, options: BuildOptions) -> tuple[str, str] | None:
    """Return this tag and the one it is compared with, in order: the baseline, or for it the newest."""
    baseline = session.project.config.baseline
    others = sorted((tag for tag in options.versions if tag != session.tag), key=versions.version_key)
    if not others:
        return None
    other = baseline if baseline in others else others[-1]
    first, last = sorted((other, session.tag), key=versions.version_key)
    return first, last


def _own_articles(project: Project) -> list[Article]:
    """Return the project's articles; the baseline's first, since our chapters go with it."""
    articles = (article(project, file) for file in project.manifests)
    return sorted(articles, key=lambda entry: entry.tag != project.config.baseline)


def _package_imports(project: Project, texts: Iterable[MarkdownText]) -> tuple[PackageImports, ...]:
    """Return the imports of the packages whose structure the texts show.

    Raises:
        InvalidInput: A package is not there, or a file of it is not Python.
    """
    folders = {folder: text.name for text in texts for folder in text.packages}
    for folder, text_name in folders.items():
        if next((project.root / folder).rglob("*.py"), None) is None:
            raise InvalidInput(
                f"{text_name}.md:2: `packages` names {folder}, in which there is no Python file"
            )
    return python_input.package_imports(project.root, folders)


def _redirects(project: Project) -> tuple[MovedFile, ...]:
    file = project.site / REDIRECTS_FILE
    return read_redirects(name_of(project, file), bytes_of(file)) if file.is_file() else ()


def _figures(project: Project) -> Mapping[str, BenchmarkTable]:
    file = project.site / FIGURES
    return read_figures(name_of(project, file), bytes_of(file)) if file.is_file() else {}
