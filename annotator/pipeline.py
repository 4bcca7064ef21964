"""The stages joined: sources → reading → tracking → mapping → writing."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from annotator import following, forest
from annotator.config import Project
from annotator.errors import AnnotatorError, InvalidInput, SourceUnavailable
from annotator.history import Chronicle, Porting
from annotator.mapping import baseline, counterparts, coverage, parity, rows, trace
from annotator.mapping import scope as scopes
from annotator.model import (
    Article,
    Baseline,
    Checked,
    Counterpart,
    Declaration,
    Document,
    GoSymbol,
    Missing,
    Moved,
    PythonObject,
    Reference,
    Remark,
    Renamed,
    Skipped,
    Text,
    Use,
    Verdict,
    Verified,
)
from annotator.reading import articles, notation
from annotator.sources import many, opening
from annotator.sources.cache import Cache
from annotator.sources.snapshot import Progress, Warn
from annotator.sources.snapshot import Source as Repository
from annotator.tracking import dating, resolve, trails
from annotator.tracking import walk as walk_
from annotator.tracking.recorded import Facts
from annotator.tree import Tree, parse, reader

BASELINE, SCOPE = "baseline.json", "scope.toml"
_DECODE = msgspec.msgpack.Decoder(Verdict).decode
MAX_ARTICLE_BYTES = 64 * 1024 * 1024
_UNASKED = (
    "What became of each symbol over the releases is shown by `annotator build --history`, "
    "which needs a source with all tags: a git URL or a repository that has them"
)


if TYPE_CHECKING:
    from annotator.writing.mirror import Mirror
    from annotator.writing.places import Source


class Session:
    """A project, an open source at the tag that is asked for, and the trees that were read from it."""

    def __init__(self, project: Project, opened: opening.Opened, cache: Cache) -> None:
        self.project = project
        self.source: Repository = opened.source
        self.tag = opened.tag
        self.notice = opened.notice
        self.cache = cache
        self._trees: dict[str, Tree | None] = {}

    @property
    def tree(self) -> Tree:
        """The tree at the tag that is asked for.

        Raises:
            UnknownTag: The source has no such tag.
            InvalidInput: There is no Go file in it.
        """
        tree = self._trees.get(self.tag) or self._read(self.tag)
        self._trees[self.tag] = tree
        if not tree.go_files:
            raise InvalidInput(
                f"{self.source.repository} has no Go file at {tree.tag}; "
                "give `--source` a repository that is written in Go"
            )
        return tree

    @cached_property
    def facts(self) -> Baseline | None:
        """What is recorded of the baseline, if anything is."""
        return recorded(self.project) if (self.project.site / BASELINE).is_file() else None

    @cached_property
    def originals(self) -> Mapping[str, GoSymbol]:
        """What is recorded, by the project's notation."""
        return {one.notation: one for one in self.facts.symbols} if self.facts else {}

    @cached_property
    def recorded(self) -> Facts:
        """The recorded symbols beside the tree that is asked for."""
        return Facts(self.facts.symbols if self.facts else (), self.tree)

    def showing(self, tag: str) -> Session:
        """The same source at another tag."""
        return Session(self.project, opening.Opened(self.source, tag, self.notice), self.cache)

    def at_hand(self, tag: str) -> Tree | None:
        """The tree at a tag, if the source has it without another download."""
        if tag == self.tag:
            return self.tree
        if tag not in self._trees:
            self._trees[tag] = self._existing(tag)
        return self._trees[tag]

    @cached_property
    def known_tags(self) -> frozenset[str]:
        """The source's tags, if it has many at hand; else none."""
        return frozenset(self.source.tags()) if self.source.has_history else frozenset()

    def baseline_tree(self) -> Tree:
        """The tree at the baseline tag.

        Raises:
            SourceUnavailable: The source does not have it, and what needs history cannot do without.
        """
        baseline_tag = self.project.config.baseline
        found = self.at_hand(baseline_tag)
        if found is None:
            raise SourceUnavailable(
                f"{self.source.repository} is not at hand at {baseline_tag} with its other tags; "
                "give `--source` a repository with all tags"
            )
        return found

    def _existing(self, tag: str) -> Tree | None:
        if not self.source.has_history:
            return None
        try:
            return self._read(tag)
        except AnnotatorError:
            return None

    def _read(self, tag: str) -> Tree:
        return Tree(self.source.snapshot(tag), self.cache)


class Asked(msgspec.Struct, frozen=True):
    """What the command line asks for: a source, a tag, and whether many tags will be read."""

    source: str | None = None
    tag: str | None = None
    history: bool = False


@contextmanager
def session(
    project: Project,
    asked: Asked,
    progress: Progress,
    warn: Warn,
) -> Iterator[Session]:
    """An open source for a project; closed at the end.

    Raises:
        SourceUnavailable: The source cannot be had.
    """
    folder = opening.cache_folder()
    opened = _opened(project, asked, folder, progress)
    with opened.source, Cache(folder, reader=reader(), warn=warn) as cache:
        yield Session(project, opened, cache)


def _opened(project: Project, asked: Asked, folder: Path, progress: Progress) -> opening.Opened:
    config = project.config
    if not asked.history:
        return opening.open_default(asked.source, asked.tag, config=config, cache=folder, progress=progress)
    found = opening.open_source(asked.source, config=config, cache=folder, progress=progress, history=True)
    return opening.Opened(found, asked.tag or found.default_tag(config.baseline))


def verify(at: Session, files: Iterable[Path]) -> Checked:
    """The articles' references, and what the counterparts' docstrings name, against the source.

    Args:
        at: The open source.
        files: Manifests and texts; none means the project's own manifests that are written at the
            baseline, and its Python packages.

    Raises:
        InvalidInput: A file cannot be read, or the repository has no Go file.
        SourceUnavailable: The source cannot be read.
    """
    given = tuple(files)
    read = tuple(article(at.project, file) for file in given) or _own_articles(at.project)
    tree = at.tree
    mirrored, remarks = ((), ()) if given else _python(at)
    return Checked(
        repository=tree.snapshot.repository,
        tag=tree.snapshot.tag,
        commit=tree.snapshot.commit,
        version=tree.snapshot.version,
        verdicts=_verdicts(at, [ref for entry in read for ref in entry.references]),
        counterparts=len(mirrored),
        remarks=remarks,
    )


def date(at: Session, file: Path) -> dating.Dating:
    """The tags at which an article's references are exact.

    Raises:
        InvalidInput: The article cannot be read, or cites nothing.
        SourceUnavailable: The source cannot be read.
    """
    read = article(at.project, file)
    if not read.references:
        raise InvalidInput(f"{file}: no reference into source code is found in it")
    tags = dating.versions(at.source.tags())
    if not tags:
        raise SourceUnavailable(f"{at.source.repository} has no version tags to date an article by")
    paths = list(dict.fromkeys(ref.path for ref in read.references if ref.repository is None))
    files = many.files_at(at.source, tags, paths)
    go = {blob for found in files.values() for path, blob in found.items() if path.endswith(".go")}
    return dating.date(read.references, files, _documents(at, tags, files, go))


def _documents(
    at: Session, tags: list[str], files: Mapping[str, Mapping[str, str]], blobs: set[str]
) -> Mapping[str, Document]:
    kept = at.cache.get_many(blobs)
    lacking = blobs - set(kept)
    parsed = parse(many.contents(at.source, tags, files, lacking)) if lacking else {}
    at.cache.put_many(parsed)
    return {**kept, **parsed}


class Built(msgspec.Struct, frozen=True):
    """A site that was written: how many pages, at which tag, and what our own texts get wrong."""

    pages: int
    tag: str
    verdicts: tuple[Verdict, ...]
    remarks: tuple[Remark, ...]


class Told(msgspec.Struct, frozen=True):
    """What a site tells of other tags than the one it shows.

    Attributes:
        history: Whether every mapped symbol is followed over all tags.
        since: The tag from which the report on what to port begins; none without one, but with
            `history` the baseline.
        elsewhere: What became of the mapped symbols at the tags of versions beside this one.
    """

    history: bool = False
    since: str | None = None
    elsewhere: Mapping[str, tuple[Verdict, ...]] = {}


def build(at: Session, files: Iterable[Path], told: Told) -> Built:
    """Write the site's pages for the tag: the project's own articles first, then those given.

    Raises:
        InvalidInput: A file of the site cannot be read, or the repository has no Go file.
        SourceUnavailable: The source cannot be read.
        AnnotatorError: The pages cannot be written; the old ones stay.
    """
    from annotator import standing
    from annotator.writing import site

    given, folder = tuple(files), at.project.site / "docs"
    of_tags = sorted(at.known_tags) if told.history or told.since else []
    rest = hashlib.sha256(msgspec.json.encode((told.history, told.since, at.source.has_history, of_tags)))
    state = standing.state(at.project, given, (at.tree.snapshot, at.notice)) + rest.hexdigest()
    if kept := site.stamped(folder, state):
        return msgspec.msgpack.decode(kept, type=Built)
    pages, built = _pages(at, given, told)
    site.write(pages, folder)
    site.stamp(folder, state, msgspec.msgpack.encode(built))
    return built


def _pages(at: Session, files: Iterable[Path], told: Told) -> tuple[Mapping[str, bytes], Built]:
    """The files of a site at the tag, by their paths below its documents' folder."""
    from annotator.writing import pages, prose, render, site

    mirror = _mirror(at)
    baseline_tag = at.project.config.baseline
    own = sorted(
        (article(at.project, file) for file in at.project.articles),
        key=lambda entry: entry.tag != baseline_tag,  # our chapters walk along the baseline's article
    )
    read = (*own, *(article(at.project, file) for file in files))
    asked = tuple(ref for entry in read for ref in entry.references)
    became, found = since(at, mirror, asked)
    cited = tuple(pages.Cited(entry, tuple(found[ref] for ref in entry.references)) for entry in read)
    texts = tuple(prose.parse(*text) for text in _texts(at.project))
    snapshot = at.tree.snapshot
    plan = pages.planned(
        pages.SiteInput(
            repository=snapshot.repository,
            tag=snapshot.tag,
            commit=snapshot.commit,
            version=snapshot.version,
            baseline=baseline_tag,
            source="Debian" if snapshot.commit is None else "git",
            sources=_sources(at, pages.folders(cited, texts, mirror, became)),
            cited=cited,
            texts=texts,
            licence=at.project.config.licence,
            notice=at.notice or "",
            mirror=mirror,
            since=became,
            elsewhere={tag: found for tag, found in told.elsewhere.items() if tag != at.tag},
            chronicle=_chronicle(at, told) if mirror.pairs else Chronicle(),
        )
    )
    written = render.files(plan, os.cpu_count() or 1)
    verdicts = tuple(verdict for entry in cited for verdict in entry.verdicts)
    built = Built(sum(path.endswith(".md") for path in written), snapshot.tag, verdicts, plan.remarks)
    return {**written, **site.assets(at.project.site / "assets")}, built


def since(
    at: Session, mirror: Mirror, references: Iterable[Reference] = ()
) -> tuple[tuple[Verdict, ...], Mapping[Reference, Verdict]]:
    """What became of the mapped symbols since the baseline, and of other references with them."""
    baseline_tag = at.project.config.baseline
    originals = (one for pair in mirror.pairs for one in pair.originals)
    cited = dict.fromkeys(Reference(one.path, one.symbol, one.line, ref=baseline_tag) for one in originals)
    asked = (*cited, *references)
    found = dict(zip(asked, _verdicts(at, asked), strict=True))
    return tuple(found[ref] for ref in cited), found


def _chronicle(at: Session, told: Told) -> Chronicle:
    """What is told of many tags, as far as it was asked for and the source has them."""
    if not (told.history or told.since):
        return Chronicle(lacking=f"{_UNASKED}.")
    if not at.source.has_history:
        return Chronicle(lacking=f"{at.source.repository} is not at hand with its history here. {_UNASKED}.")
    first = told.since or at.project.config.baseline
    ported = porting(at, first, at.tag) if first != at.tag else None
    if not told.history:
        return Chronicle(lacking=f"{_UNASKED}.", porting=ported)
    found = track(at, (), "*")
    return Chronicle(found.tags, tuple(walk_.latest(found.tags)), found.trails, porting=ported)


def versions(
    at: Session, tags: Iterable[str], files: Iterable[Path], told: Told, say: Callable[[Built], None]
) -> tuple[str, ...]:
    """Make one site for each tag, side by side, with what lets a reader go from one to another.

    Args:
        at: The open source.
        tags: The tags, each once.
        files: Articles beside the project's own.
        told: What each site tells of other tags.
        say: Told of each site whose pages are ready.

    Returns:
        The versions that are there now, the newest first.

    Raises:
        UnknownTag: The source has no such tag.
        InvalidInput: A file of the site cannot be read, or the repository has no Go file.
        SourceUnavailable: The source cannot be read.
        AnnotatorError: The pages cannot be written, or mkdocs refuses them; the old ones stay.
    """
    from annotator.writing import versions as sites

    wanted, given = tuple(dict.fromkeys(tags)), tuple(files)
    mirror = _mirror(at)
    became = {tag: since(at.showing(tag), mirror)[0] for tag in wanted}
    told = msgspec.structs.replace(told, elsewhere=became)

    def made() -> Iterator[tuple[str, Mapping[str, bytes]]]:
        for tag in wanted:
            shown = at.showing(tag)
            pages, built = _pages(shown, given, told)
            say(built)
            yield tag, pages

    return sites.publish(made(), at.project.site, at.project.config.baseline)


def latest(at: Session) -> tuple[str, ...]:
    """The latest patch of each release line, and the baseline.

    Raises:
        SourceUnavailable: The source cannot be read, or has no version tags.
    """
    every = following.releases(at.source)
    chosen = {*walk_.latest(every), at.project.config.baseline}
    return tuple(tag for tag in every if tag in chosen)


def _mirror(at: Session) -> Mirror:
    """What the pages show of Python; nothing where there are no facts to compare with."""
    from annotator import mirroring
    from annotator.writing.mirror import Mirror

    project = at.project
    if not project.config.packages or not (project.site / BASELINE).is_file():
        return Mirror()

    def make(objects: Mapping[str, PythonObject]) -> tuple[tuple[rows.Pair, ...], coverage.Coverage]:
        found = mapped(project, objects)
        return found.pairs, found.coverage

    return mirroring.mirror(project, at.cache, make)


def _sources(at: Session, folders: Iterable[str]) -> Mapping[str, Source]:
    """The Go files of some packages, tests apart, with what their identifiers are proven to name."""
    from annotator import colouring
    from annotator.writing.places import Source

    wanted = set(folders)
    paths = [
        path
        for path in at.tree.go_files
        if path.rpartition("/")[0] in wanted and not path.endswith("_test.go")
    ]
    documents, data, uses = at.tree.documents(paths), at.tree.read(paths), _uses(at, paths)
    colours = colouring.colours(at.cache, data, "go")
    return {path: Source(data[path], documents[path], uses[path], colours[path]) for path in paths}


def _uses(at: Session, paths: Iterable[str]) -> Mapping[str, tuple[Use, ...]]:
    """What the identifiers of some files name: bound once for each state of the whole tree."""
    from annotator.reading.binding import Binder

    modules = ",".join(at.project.config.modules)
    keys = {path: f"{at.tree.digest}:{modules}:{path}" for path in paths}
    kept = at.cache.get_values("uses", keys.values())
    decode = msgspec.msgpack.Decoder(tuple[Use, ...]).decode
    found = {}
    for path, key in keys.items():
        with suppress(msgspec.MsgspecError, KeyError):
            found[path] = decode(kept[key])
    binder = Binder(at.tree, at.project.config.modules)
    bound = {path: binder.uses(path) for path in keys if path not in found}
    at.cache.put_values("uses", {keys[path]: msgspec.msgpack.encode(uses) for path, uses in bound.items()})
    return found | bound


def _texts(project: Project) -> Iterator[tuple[str, str]]:
    """Our own texts: the chapters by their files' names, other pages with their folder's before it."""
    for folder, prefix in (("chapters", ""), ("pages", "pages/")):
        for file in sorted((project.site / folder).glob("*.md")):
            yield prefix + file.stem, _bytes(file).decode("utf-8", "replace")


class Update(msgspec.Struct, frozen=True):
    """A file's text before and after its stale references were rewritten, and how many were not."""

    file: Path
    name: str
    before: str
    after: str
    left: int


def updates(at: Session, files: Iterable[Path]) -> Iterator[Update]:
    """What `verify --update` would write: only what is verified after it was rewritten.

    Raises:
        InvalidInput: A file cannot be read, or is not in UTF-8.
        SourceUnavailable: The source cannot be read.
    """
    for file in tuple(files) or at.project.articles:
        try:
            before = _bytes(file).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{file}: not in UTF-8; only such files are rewritten") from error
        verdicts = dict(enumerate(_verdicts(at, article(at.project, file).references)))
        stale = {n: v for n, v in verdicts.items() if isinstance(v.outcome, Moved | Renamed | Missing)}
        after, done = _sure(at, file, before, stale)
        yield Update(file, _name(at.project, file), before, after, len(stale) - len(done))


def _sure(at: Session, file: Path, before: str, stale: Mapping[int, Verdict]) -> tuple[str, set[int]]:
    """The text in which every rewritten reference, read again, is where it says."""
    from annotator.writing import updating

    wanted = dict(stale)
    while wanted:
        after, done = updating.updated(before, wanted, at.tag)
        after = _retagged(at, file, after) if len(done) == len(stale) else after
        again = _read_article(at.project, file, after.encode()).references
        good = {n for n in done if n < len(again) and isinstance(_verdict(at, again[n]).outcome, Verified)}
        if good == set(wanted):
            return after, good
        wanted = {number: stale[number] for number in good}
    return before, set()


def _retagged(at: Session, file: Path, text: str) -> str:
    """A manifest all of whose references were rewritten is one of the new tag."""
    if file.suffix != ".toml":
        return text
    written = json.dumps(at.tag, ensure_ascii=False)
    return re.sub(r"(?m)^(tag\s*=\s*)(?:\"[^\"\n]*\"|'[^'\n]*')", lambda m: m[1] + written, text, count=1)


class Mapped(msgspec.Struct, frozen=True):
    """Every counterpart beside its originals, on the recorded facts, and what is to be mended."""

    pairs: tuple[rows.Pair, ...]
    remarks: tuple[Remark, ...]
    coverage: coverage.Coverage


def mapped(project: Project, objects: Mapping[str, PythonObject] | None = None) -> Mapped:
    """The mapping of the project's packages; it stands on the recorded facts and needs no source.

    Args:
        project: The project.
        objects: What is known of its Python objects, if that has been read already.

    Raises:
        InvalidInput: A Python file, the facts or the scope cannot be read.
    """
    from annotator.reading import pyfacts

    found, remarks = _counterparts(project)
    known = recorded(project)
    scope = _scope(project)
    originals = _originals(known, scope)
    folders = [project.root / package for package in project.config.packages]
    python = pyfacts.read(folders, project.root) if objects is None else objects
    made = parity.pairs(found, originals, python, scope.conventions)
    covered = coverage.coverage(known.symbols, found, scope, python)
    name = f"{project.config.site}/{SCOPE}"
    stale = parity.unused(made, scope.conventions, name)
    wrong = (*remarks, *parity.remarks(made), *stale, *coverage.remarks(covered, name))
    return Mapped(made, wrong, covered)


def walk(project: Project) -> tuple[trace.Walk, tuple[Remark, ...]]:
    """The project's walk, really run and traced, and what in it is out of Go's order without a reason.

    Raises:
        InvalidInput: The settings name no walk, it fails, or the facts cannot be read.
    """
    from annotator.reading import pyfacts

    config = project.config
    if not config.walk:
        raise InvalidInput("the settings name no `walk`, the script that is to be traced")
    calls = trace.parse(_traced(project))
    found, _ = _counterparts(project)
    originals = _originals(recorded(project), _scope(project))
    python = pyfacts.read([project.root / package for package in config.packages], project.root)
    made = trace.walk(calls, str(project.root.resolve()), found, originals, python)
    return made, tuple(trace.remarks(made, found))


def _traced(project: Project) -> bytes:
    """What the tracer wrote of the walk, run in a process of its own."""
    script = project.root / project.config.walk
    folders = [str(project.root / package) for package in project.config.packages]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "calls.json"
        command = [sys.executable, "-m", "annotator.tracer", str(out), *folders, "--", str(script)]
        paths = [str(project.root), *sys.path]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
        done = subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603 - our own
        if done.returncode or not out.is_file():
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise InvalidInput(f"{script}: the walk failed: {''.join(last)}")
        return out.read_bytes()


def as_checked(project: Project, found: Mapped) -> Checked:
    """The mapping's findings for the reports that tools read."""
    config = project.config
    return Checked(
        repository=config.repository,
        tag=config.baseline,
        commit=None,
        version=config.baseline,
        verdicts=(),
        counterparts=len(found.pairs),
        remarks=found.remarks,
    )


def recorded(project: Project) -> Baseline:
    """The facts in the site's folder.

    Raises:
        InvalidInput: There are none, or they cannot be read.
    """
    file = project.site / BASELINE
    if not file.is_file():
        raise InvalidInput(f"{file} is not there; make it with `annotator record`")
    return baseline.decode(_name(project, file), file.read_bytes())


def _originals(known: Baseline, scope: scopes.Scope) -> Mapping[str, GoSymbol]:
    """The recorded symbols; what is left out is left out with all that it calls."""
    return {
        symbol.notation: symbol
        if scope.reason(symbol.notation) is None
        else msgspec.structs.replace(symbol, calls=())
        for symbol in known.symbols
    }


def _scope(project: Project) -> scopes.Scope:
    file = project.site / SCOPE
    return scopes.parse(_name(project, file), file.read_bytes()) if file.is_file() else scopes.Scope()


def record(at: Session) -> Path:
    """Write the baseline's facts: of the packages and symbols in scope, and of all that is mirrored.

    Raises:
        InvalidInput: The scope or a Python file cannot be read.
        SourceUnavailable: The source cannot be read.
    """
    from annotator import recording

    scope, tree = _scope(at.project), at.tree
    found, _ = _counterparts(at.project)
    further = [notation.parse(each) for each in scope.symbols]
    mirrors = [mirror for each in found for mirror in each.mirrors]
    wanted = [
        *recording.in_packages(tree, scope.packages),
        *recording.named(tree, (*further, *mirrors)),
    ]
    facts = recording.facts(tree, at.project.config.modules, wanted)
    file = at.project.site / BASELINE
    write_aside(file, baseline.encode(Baseline(tree.tag, tree.snapshot.commit, facts)))
    return file


def write_aside(file: Path, text: str) -> None:
    """Put a text in a file's place at once, or not at all; its mode stays, and a link still leads to it."""
    target = file.resolve()
    aside = target.with_name(f".{target.name}.new")
    try:
        aside.write_bytes(text.encode("utf-8"))
        if target.exists():
            shutil.copymode(target, aside)
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise InvalidInput(f"{file}: cannot be written: {error.strerror}; it is as it was") from error


def _own_articles(project: Project) -> tuple[Article, ...]:
    """The project's manifests that are written at the baseline: others are verified when they are named."""
    read = (article(project, file) for file in project.articles)
    return tuple(entry for entry in read if entry.tag in ("", project.config.baseline))


def track(at: Session, references: Iterable[str], glob: str) -> following.Tracks:
    """What became of references at the tags that fit a glob; of all that is mirrored if none is given.

    Args:
        at: The open source.
        references: In the project's notation; `@FILE` for a file with one a line.
        glob: Which tags.

    Raises:
        InvalidInput: A reference is none, or no tag fits.
        SourceUnavailable: The source cannot be read.
    """
    given = [notation.parse(text) for text in _unfolded(references)]
    if not given:
        own = [ref for entry in _own_articles(at.project) for ref in entry.references]
        mirrored = [mirror for each in _counterparts(at.project)[0] for mirror in each.mirrors]
        given = list({(ref.path, ref.symbol): ref for ref in (*mirrored, *own)}.values())
    return following.track(at.source, at.cache, at.baseline_tree(), given, glob)


def _unfolded(references: Iterable[str]) -> Iterator[str]:
    """References, those in files too; blank lines and comments left out."""
    for text in references:
        if text.startswith("@"):
            lines = _bytes(Path(text[1:])).decode("utf-8", "replace").splitlines()
            yield from (line.strip() for line in lines if line.strip() and not line.startswith("#"))
        else:
            yield text


def porting(at: Session, old: str, new: str) -> Porting:
    """What to port from one tag to another.

    Raises:
        UnknownTag: The source has no such tag.
        SourceUnavailable: The source cannot be read.
    """
    base = at.baseline_tree()
    mapped_symbols = following.mirrored(_counterparts(at.project)[0], base)
    return following.porting(at.source, at.cache, base, mapped_symbols, old, new)


def symbols(at: Session) -> Iterator[tuple[str, Declaration]]:
    """Every declaration of the tree that is not vendored, with its file, in the tree's order."""
    for path, document in at.tree.documents(at.tree.go_files).items():
        for declaration in document.walk():
            yield path, declaration


def article(project: Project, file: Path) -> Article:
    """The article in a file: a manifest if it is TOML, else whatever references its text holds.

    Raises:
        InvalidInput: The file cannot be read.
    """
    return _read_article(project, file, _bytes(file))


def _read_article(project: Project, file: Path, data: bytes) -> Article:
    config, name = project.config, _name(project, file)
    if file.suffix == ".toml":
        return articles.read(name, data, config.prefixes)
    from annotator.reading import texts

    return texts.read(
        name, data, repository=config.repository, prefixes=config.prefixes, modules=config.modules
    )


def _name(project: Project, file: Path) -> str:
    """The file's name from the project's root, if it lies in it."""
    absolute, root = Path(os.path.normpath(file.absolute())), Path(os.path.normpath(project.root.absolute()))
    inside = absolute.is_relative_to(root)
    shown = (absolute.relative_to(root) if inside else absolute).as_posix()
    return os.fsencode(shown).decode("utf-8", "replace")


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_ARTICLE_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_ARTICLE_BYTES:
        raise InvalidInput(f"{file}: larger than {MAX_ARTICLE_BYTES >> 20} MiB; split the article")
    return data


def _verdict(at: Session, reference: Reference) -> Verdict:
    return _verdicts(at, [reference])[0]


def _verdicts(at: Session, references: Iterable[Reference]) -> tuple[Verdict, ...]:
    """Where references are: by their names, and what these do not find is followed, all of a tag at once."""
    found = {reference: _named(at, reference) for reference in references}
    astray: dict[str, list[Reference]] = defaultdict(list)
    for reference, (_, origin) in found.items():
        if origin is not None:
            astray[origin].append(reference)
    followed = {ref: verdict for tag, refs in astray.items() for ref, verdict in _followed(at, refs, tag)}
    placed = {reference: followed.get(reference, found[reference][0]) for reference in found}
    return tuple(_compared(at, reference, placed[reference]) for reference in references)


def _named(at: Session, reference: Reference) -> tuple[Verdict, str | None]:
    """What a reference's name finds, and the tag from which it is to be followed if that is nothing."""
    if reference.ref is None or _has_moved_on(at, reference.ref):
        return resolve.verdict(msgspec.structs.replace(reference, ref=None), at.tree), None
    written_at = at.at_hand(reference.ref)
    found = resolve.verdict(reference, at.tree, written_at)
    if written_at is None:
        return _by_facts(at, reference, found), None
    if not isinstance(found.outcome, Missing) or written_at.tag == at.tree.tag or reference.symbol is None:
        return found, None
    return found, reference.ref


def _followed(at: Session, references: Iterable[Reference], tag: str) -> Iterator[tuple[Reference, Verdict]]:
    """What is surely found of references that were cited at a tag; kept, as it rests on two trees alone."""
    origin = at.at_hand(tag)
    assert origin is not None  # noqa: S101 - it was at hand when the names were looked up
    keys = {ref: f"{origin.digest} {at.tree.digest} {_encoded(ref)}" for ref in references}
    kept = at.cache.get_values(forest.followed(), keys.values())
    known = {ref: _DECODE(kept[key]) for ref, key in keys.items() if key in kept}
    lacking = [following.tracked(ref, origin) for ref in keys if ref not in known]
    fresh = dict(zip((one.reference for one in lacking), _carried(lacking, origin, at.tree), strict=True))
    encode = msgspec.msgpack.encode
    at.cache.put_values(forest.followed(), {keys[ref]: encode(verdict) for ref, verdict in fresh.items()})
    for reference, verdict in (known | fresh).items():
        if not isinstance(verdict.outcome, Missing):
            yield reference, verdict


def _carried(lacking: list[trails.Tracked], origin: Tree, tree: Tree) -> tuple[Verdict, ...]:
    return trails.between(lacking, origin, tree) if lacking else ()


def _encoded(reference: Reference) -> str:
    return hashlib.sha256(msgspec.json.encode(reference)).hexdigest()


def _compared(at: Session, reference: Reference, found: Verdict) -> Verdict:
    """What became of a reference, with its text against the baseline."""
    if reference.ref == at.project.config.baseline:
        return found
    text = _text(at, reference, found)
    return msgspec.structs.replace(found, text=text) if text is not None else found


def _text(at: Session, reference: Reference, found: Verdict) -> Text | None:
    """The declaration's text against the baseline's, where that is at hand; None where it is not."""
    base = at.at_hand(at.project.config.baseline)
    if base is None or isinstance(found.outcome, Missing | Skipped) or not found.outcome.anchor.symbol:
        return None
    anchor = found.outcome.anchor
    symbol = reference.symbol or anchor.symbol
    paths = dict.fromkeys((anchor.path, reference.path))
    places = (
        resolve.verdict(Reference(path, symbol=name), base).outcome
        for path in paths
        for name in dict.fromkeys((anchor.symbol, symbol))
    )
    origin = next((place.anchor for place in places if isinstance(place, Verified)), None)
    return resolve.text(origin, base, anchor, at.tree) if origin is not None else Text.UNKNOWN


# Branches move on; what was cited there then is not known to be what is there now.
_BRANCHES = frozenset({"master", "main", "HEAD", "trunk", "develop"})
_LINE = re.compile(r"v?(\d+\.\d+)(?:\.x)?")


def _has_moved_on(at: Session, ref: str) -> bool:
    """Whether a cited ref is a branch, so that it says nothing of when it was cited.

    A branch that is named after a release line does say something: it stands for that line's tags.
    """
    if ref in _BRANCHES:
        return True
    if re.fullmatch(r"[0-9a-f]{7,40}", ref) or ref in at.known_tags:
        return False
    line = _LINE.fullmatch(ref)
    if line is not None:
        return re.match(rf"(?:[A-Za-z]+-)?v?{re.escape(line[1])}(?!\d)", at.tree.tag) is not None
    return at.source.has_history and at.at_hand(ref) is not None


def _by_facts(at: Session, reference: Reference, found: Verdict) -> Verdict:
    """What was recorded at the baseline stands in for it where it is not at hand."""
    known = at.facts
    if known is None or reference.ref != known.tag or reference.symbol is None:
        return found
    symbol = at.originals.get(f"{reference.path}::{reference.symbol}")
    if symbol is None:
        return found
    by_facts = at.recorded.verdict(reference, symbol)
    if isinstance(found.outcome, Missing):
        return by_facts
    same = getattr(by_facts.outcome, "anchor", None) == getattr(found.outcome, "anchor", None)
    return msgspec.structs.replace(found, text=by_facts.text) if same else found


def _python(at: Session) -> tuple[tuple[Counterpart, ...], tuple[Remark, ...]]:
    """The counterparts of the project's packages, and what is wrong in their docstrings."""
    found, remarks = _counterparts(at.project)
    tag = at.project.config.baseline
    tree = at.at_hand(tag) if found else None
    file = at.project.site / BASELINE
    known = recorded(at.project) if file.is_file() else None
    if tree is not None:
        drift = () if known is None else baseline.differences(_name(at.project, file), known, tree)
        return found, (*remarks, *counterparts.unnamed(found, tree), *drift)
    if known is not None:
        return found, (*remarks, *counterparts.unnamed(found, baseline.Recorded(known)))
    return found, remarks


def _counterparts(project: Project) -> tuple[tuple[Counterpart, ...], tuple[Remark, ...]]:
    from annotator.reading import python

    read = [python.read(project.root / package, project.root) for package in project.config.packages]
    found = tuple(counterpart for package in read for counterpart in package.counterparts)
    return found, tuple(remark for package in read for remark in package.remarks)
