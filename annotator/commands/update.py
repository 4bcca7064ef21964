"""`verify --update`: rewrites stale references; everything that is written is verified first."""

from __future__ import annotations

import difflib
import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec

from annotator.articles import manifest_file, rewrite, structured_files, text_lines
from annotator.articles.article_files import article, documents, read_article
from annotator.articles.document import Decoded, decode_exactly
from annotator.articles.manifest_file import EntryChange
from annotator.articles.rewrite import Edit
from annotator.config import Project, name_of
from annotator.errors import InvalidInput
from annotator.file_io import bytes_of
from annotator.model.reference import (
    Anchor,
    Code,
    Missing,
    Mistaken,
    Moved,
    Reference,
    Renamed,
    TextState,
    Verdict,
    VerificationResult,
    Verified,
)
from annotator.project_source import Session
from annotator.tracking import dating
from annotator.tracking.verification import verify_references

Pin = Literal["tag", "commit"]
"""What a rewritten permalink names."""


class UpdateOptions(msgspec.Struct, frozen=True):
    """Options of an update.

    Attributes:
        pin: Whether permalinks name a tag or a commit; None keeps what each of them has.
        fix_mistaken: Whether references that were wrong when written are rewritten, too.
        retag: The tag whose permalinks are to name the new one even if nothing else changes in them, or "".
    """

    pin: Pin | None = None
    fix_mistaken: bool = False
    retag: str = ""


class Update(msgspec.Struct, frozen=True):
    """A document before and after.

    Attributes:
        name: Its name from the project's root.
        data: The bytes of the new text.
        fixable: How many references were wrong when written, and it is known where what they name is.
        references: How many references it has.
        relies_on_baseline: Whether a rewritten reference was taken to be written at the baseline, or at the
            tag that was given, as neither it nor its document names one.
        remaining: The verdicts on the findings that are left.
        changed: The verdicts on references whose code is there with another text.
    """

    file: Path
    name: str
    before: str
    after: str
    data: bytes
    fixable: int = 0
    references: int = 0
    relies_on_baseline: bool = False
    remaining: tuple[Verdict, ...] = ()
    changed: tuple[Verdict, ...] = ()


class _Attempt(msgspec.Struct, frozen=True):
    """What a reference may become, and the edits that make it so; a manifest has no edits."""

    after: Reference
    edits: tuple[Edit, ...] = ()


def own_documents(project: Project) -> tuple[Path, ...]:
    """Return the project's manifests, and the documents that its settings name.

    Raises:
        InvalidInput: The settings name no document.
    """
    return (*project.manifests, *documents(project))


def updates(
    at: Session, files: Iterable[Path], options: UpdateOptions | None = None
) -> Iterator[Update | InvalidInput]:
    """Yield what becomes of each document, or why it cannot be read or written."""
    for file in files:
        try:
            yield updated(at, file, bytes_of(file), options or UpdateOptions())
        except InvalidInput as error:
            yield error


_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def difference(update: Update, old: str, new: str) -> Iterator[str]:
    """Yield the lines of a unified diff between the texts of a document, under two names."""
    before, after = _LINE.findall(update.before), _LINE.findall(update.after)
    for line in difflib.unified_diff(before, after, old, new):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def patch(at: Session, checked: VerificationResult, locate: Callable[[str], str]) -> str:
    """Return what `--update` would change, for `git apply` in the root of the documents' repository.

    Files that a patch cannot name, or that are not UTF-8, are left out.
    """
    if at.notice:
        return ""
    files = dict.fromkeys(each.reference.file for each in checked.verdicts if checked.is_place_finding(each))
    parts: list[str] = []
    for update in updates(at, [file for name in files if (file := at.project.root / name).is_file()]):
        if isinstance(update, InvalidInput) or update.before == update.after:
            continue
        name = locate(update.name)
        is_plain = name.isprintable() and not name.startswith(("/", "../")) and not set(name) & {'"', "\\"}
        if is_plain and update.data == update.after.encode():
            parts += [f"diff --git a/{name} b/{name}\n", *difference(update, f"a/{name}", f"b/{name}")]
    return "".join(parts)


def updated(
    at: Session,
    file: Path,
    data: bytes,
    options: UpdateOptions,
    is_wanted: Callable[[Reference], bool] = lambda _: True,
) -> Update:
    """Return what becomes of a document with some content, which may not be the one on disk.

    Only the references for which `is_wanted` holds are rewritten.

    Raises:
        InvalidInput: It cannot be read or written.
    """
    references = article(at.project, file, at.own_names, data).references
    decoded = decode_exactly(str(file), data)
    verdicts = verify_references(at, references)
    result = VerificationResult("", at.tag, None, "", verdicts)
    findings = {
        number
        for number, verdict in enumerate(verdicts)
        if result.is_place_finding(verdict) and is_wanted(verdict.reference)
    }
    retagged = {
        number
        for number, verdict in enumerate(verdicts)
        if isinstance(verdict.outcome, Verified) and options.retag and verdict.reference.ref == options.retag
    }
    found = {number: list(_targets(at, verdicts[number], options)) for number in findings | retagged}
    targets = {number: after for number, after in found.items() if after}
    writer: type[_Writer] = _ManifestWriter if file.suffix == ".toml" else _TextWriter
    document = writer(at, file, decoded, verdicts)
    after, done = document.rewritten(targets)
    if done and decoded.encode(decoded.text) != data:
        raise InvalidInput(
            f"{file}: its characters are damaged or mixed, so it cannot be rewritten; make it UTF-8"
        )
    return Update(
        file=file,
        name=name_of(at.project, file),
        before=decoded.text,
        after=after,
        data=decoded.encode(after) if done else data,
        fixable=sum(
            isinstance(verdicts[number].outcome, Mistaken) and verdicts[number].guess is not None
            for number in findings - set(targets)
        ),
        references=len(references),
        relies_on_baseline=file.suffix != ".toml"
        and any(_relies_on_baseline(at, verdicts[number]) for number in done),
        remaining=tuple(verdicts[number] for number in sorted(findings - done)),
        changed=tuple(verdict for verdict in verdicts if verdict.has_changed_text),
    )


def _relies_on_baseline(at: Session, verdict: Verdict) -> bool:
    """Return whether the origin of a reference in a text is a tag that neither of them names."""
    asked, reference = at.options.written_at or at.project.config.baseline, verdict.reference
    return verdict.origin == asked != at.tag and reference.ref is None and reference.written_at is None


# ── What a reference becomes ─────────────────────────────────────────────────────────────────────
def _targets(at: Session, verdict: Verdict, options: UpdateOptions) -> Iterator[Reference]:
    """Yield what a reference may become, the likeliest first; nothing if that is not certain."""
    reference, outcome = verdict.reference, verdict.outcome
    if reference.in_output or reference.malformed:
        return
    match outcome:
        case Moved() | Renamed():
            anchor, last = outcome.anchor, outcome.range_end or _range_end(verdict, outcome.anchor)
        case Verified() if options.retag and reference.ref == options.retag:
            for ref in _refs(at, reference, options.pin):
                yield msgspec.structs.replace(reference, ref=ref)
            return
        case Mistaken(named=Anchor() as anchor) if options.fix_mistaken or _has_firm_symbol(
            reference, outcome
        ):
            last = anchor.end_line
        case _:
            return
    if reference.end_line is not None and last is None:
        return
    after = msgspec.structs.replace(
        reference,
        path=anchor.path,
        symbol=_symbol(reference, anchor) if isinstance(outcome, Renamed) else reference.symbol,
        line=None if reference.line is None else anchor.line + anchor.offset,
        end_line=None if reference.end_line is None else last,
    )
    for ref in _refs(at, reference, options.pin):
        pinned = msgspec.structs.replace(after, ref=ref)
        if _is_bare(reference, anchor):
            yield msgspec.structs.replace(pinned, path=reference.path)
        yield pinned


def _has_firm_symbol(reference: Reference, outcome: Mistaken) -> bool:
    """Return whether a reference says its symbol itself, which then wins over its line."""
    return reference.symbol is not None and outcome.code is Code.CONTRADICTS_SYMBOL


def _range_end(verdict: Verdict, anchor: Anchor) -> int | None:
    """Return where a range of an unchanged text ends; where a changed one ends is not certain."""
    reference = verdict.reference
    if reference.line is None or reference.end_line is None or verdict.text is not TextState.SAME:
        return None
    return anchor.line + anchor.offset + reference.end_line - reference.line


def _symbol(reference: Reference, anchor: Anchor) -> str | None:
    """Return the new name, bare where the old one was."""
    if reference.symbol is None:
        return None
    return anchor.symbol if "." in reference.symbol else anchor.symbol.rpartition(".")[2]


def _is_bare(reference: Reference, anchor: Anchor) -> bool:
    """Return whether a file is cited by its name alone and still has that name."""
    alone = reference.cited == reference.path and "/" not in reference.path
    return alone and anchor.path.endswith(f"/{reference.path}")


def _refs(at: Session, reference: Reference, pin: Pin | None) -> Iterator[str | None]:
    """Yield the refs that a rewritten reference may name; a link to a branch is pinned, as its lines move."""
    ref, at = reference.ref, _session_of(at, reference)
    commit = at.tree.snapshot.commit
    if ref is None:
        yield None
        return
    is_commit = dating.is_commit(ref) and ref not in at.known_tags
    is_tag = not at.source.has_history or at.tag in at.known_tags
    wanted = pin or ("commit" if is_commit or not is_tag else "tag")
    if wanted == "tag" or commit is None:
        yield at.tag
        return
    if pin is None and is_commit:  # as long as it was, if that is still the name of one commit
        yield commit[: len(ref)]
    yield commit


def _session_of(at: Session, reference: Reference) -> Session:
    """Return the session of the repository that a reference leads into."""
    other = at.of_repository(reference.repository) if reference.repository else None
    return other or at


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────
class _Writer(ABC):
    """Tries the candidates for each reference until the new text is read as intended and verified."""

    def __init__(self, at: Session, file: Path, decoded: Decoded, verdicts: Sequence[Verdict]) -> None:
        self._at, self._file, self._decoded, self._verdicts = at, file, decoded, verdicts
        self._references = [verdict.reference for verdict in verdicts]

    def rewritten(self, targets: Mapping[int, Sequence[Reference]]) -> tuple[str, set[int]]:
        """Return the text, and the numbers of the references that are rewritten in it."""
        pending = {number: self._attempts(number, found) for number, found in targets.items()}
        chosen: dict[int, _Attempt] = {}
        refused = set(pending)
        while True:
            for number in refused:
                chosen.pop(number, None)
                if (attempt := next(pending[number], None)) is not None:
                    chosen[number] = attempt
            self._drop_inconsistent(chosen)
            if not chosen:
                return self._decoded.text, set()
            text, expected = self._compose(chosen)
            refused = self._refused(chosen, text, expected)
            if not refused:
                return text, set(chosen)

    def _refused(self, chosen: Mapping[int, _Attempt], text: str, expected: Sequence[Reference]) -> set[int]:
        """Return the rewritten references that are not read as they are meant, or not verified."""
        try:
            data, own = self._decoded.encode(text), self._at.own_names
            again = read_article(self._at.project, self._file, data, own).references
        except UnicodeEncodeError:
            return set(chosen)
        if astray := self._misread(expected, again):
            lines = {self._references[number].at_line for number in astray if number < len(self._references)}
            return {number for number in chosen if self._references[number].at_line in lines} or set(chosen)
        numbers = list(chosen)
        verdicts = verify_references(self._at, [self._as_of_now(again[number]) for number in numbers])
        return {
            number
            for number, verdict in zip(numbers, verdicts, strict=True)
            if not isinstance(verdict.outcome, Verified)
        }

    @staticmethod
    def _misread(expected: Sequence[Reference], again: Sequence[Reference]) -> set[int]:
        """Return the numbers of references that are read otherwise than they are meant."""
        if len(expected) == len(again):
            pairs = enumerate(zip(expected, again, strict=True))
            return {number for number, (meant, read) in pairs if _identity(meant) != _identity(read)}
        meant_in, read_in = _by_line(expected), _by_line(again)
        lines = [reference.at_line for reference in expected]
        astray = {number for number, line in enumerate(lines) if meant_in[line] != read_in[line]}
        return astray or {len(expected)}

    def _as_of_now(self, reference: Reference) -> Reference:
        """Return a reference as one that was written at the tag it is looked up at, unless it names a ref."""
        if reference.ref is not None:
            return reference
        return msgspec.structs.replace(reference, written_at=_session_of(self._at, reference).tag)

    def _is_settled(self, number: int, chosen: Mapping[int, _Attempt]) -> bool:
        """Return whether a reference is right at the requested tag."""
        return number in chosen or isinstance(self._verdicts[number].outcome, Verified)

    @abstractmethod
    def _attempts(self, number: int, targets: Sequence[Reference]) -> Iterator[_Attempt]:
        """Yield the ways to write a reference."""

    @abstractmethod
    def _drop_inconsistent(self, chosen: dict[int, _Attempt]) -> None:
        """Remove what would leave references of two tags below one tag."""

    @abstractmethod
    def _compose(self, chosen: Mapping[int, _Attempt]) -> tuple[str, Sequence[Reference]]:
        """Return the text, and all references as they have to be read in it."""


class _TextWriter(_Writer):
    """Rewrites texts; the tag of the front matter changes once all that relies on it can."""

    def __init__(self, at: Session, file: Path, decoded: Decoded, verdicts: Sequence[Verdict]) -> None:
        super().__init__(at, file, decoded, verdicts)
        self._lines = rewrite.split(decoded.text)
        self._is_tour = file.suffix == ".tour"
        self._dependents = [
            number
            for number, reference in enumerate(self._references)
            if reference.ref is None and reference.written_at is not None
        ]

    def _attempts(self, number: int, targets: Sequence[Reference]) -> Iterator[_Attempt]:
        for after in targets:
            before = self._references[number]
            edits = structured_files.step_edits(self._lines, before, after) if self._is_tour else None
            edits = edits or rewrite.edits(self._lines, before, after)
            if edits is not None:
                yield _Attempt(after, edits)

    def _drop_inconsistent(self, chosen: dict[int, _Attempt]) -> None:
        unsettled = {number for number in self._dependents if not self._is_settled(number, chosen)}
        if unsettled and not unsettled <= self._wrong_at_both:
            for number in self._dependents:
                chosen.pop(number, None)

    @cached_property
    def _wrong_at_both(self) -> frozenset[int]:
        """The references that are as wrong at the requested tag as where they were written."""
        then = {number: self._verdicts[number].outcome for number in self._dependents}
        wrong = [number for number, outcome in then.items() if isinstance(outcome, Missing | Mistaken)]
        now = verify_references(self._at, [self._as_of_now(self._references[number]) for number in wrong])
        return frozenset(
            number
            for number, verdict in zip(wrong, now, strict=True)
            if isinstance(verdict.outcome, Missing | Mistaken) and verdict.outcome.code is then[number].code
        )

    def _compose(self, chosen: Mapping[int, _Attempt]) -> tuple[str, Sequence[Reference]]:
        edits = [edit for attempt in chosen.values() for edit in attempt.edits]
        if any(number in chosen for number in self._dependents):
            edits += self._document_tag()
        expected = [
            chosen[number].after if number in chosen else reference
            for number, reference in enumerate(self._references)
        ]
        return rewrite.apply(self._lines, edits), expected

    def _document_tag(self) -> Iterator[Edit]:
        """Yield the edit that writes the requested tag where the document names its own."""
        find = structured_files.tour_tag if self._is_tour else text_lines.find_written_at
        if (field := find(self._lines)) is not None:
            yield Edit(field.line, field.start, field.end, self._at.tag)


class _ManifestWriter(_Writer):
    """Rewrites manifests: the tag of all entries if all of them are right there, else entry by entry."""

    def __init__(self, at: Session, file: Path, decoded: Decoded, verdicts: Sequence[Verdict]) -> None:
        super().__init__(at, file, decoded, verdicts)
        self._tag = manifest_file.tag(decoded.text)
        self._refs = manifest_file.refs(decoded.text)

    def _attempts(self, number: int, targets: Sequence[Reference]) -> Iterator[_Attempt]:
        reference = self._references[number]
        for after in targets:
            # An entry that has lines of no tag gets a ref, so that they are never read as another tag's.
            ref = after.ref or _session_of(self._at, reference).tag
            yield _Attempt(msgspec.structs.replace(after, ref=ref))

    def _drop_inconsistent(self, chosen: dict[int, _Attempt]) -> None:
        pass  # an entry that keeps its lines keeps its tag

    def _compose(self, chosen: Mapping[int, _Attempt]) -> tuple[str, Sequence[Reference]]:
        new_tag, baseline = self._new_tag(chosen), self._at.project.config.baseline
        expected = list(self._references)
        changes: dict[int, EntryChange] = {}
        for number, attempt in chosen.items():
            ref = None if attempt.after.ref == (new_tag or self._tag or baseline) else attempt.after.ref
            changes[number] = EntryChange(self._references[number], attempt.after, ref)
            read = ref or new_tag or self._tag or None
            expected[number] = msgspec.structs.replace(attempt.after, ref=read)
        if new_tag:
            for number, ref in enumerate(self._refs):
                if ref is None:
                    expected[number] = msgspec.structs.replace(expected[number], ref=new_tag)
        return manifest_file.rewrite(self._decoded.text, changes, new_tag), expected

    def _new_tag(self, chosen: Mapping[int, _Attempt]) -> str | None:
        """Return the tag for all entries without a ref, if they are all right at one."""
        dependents = [number for number, ref in enumerate(self._refs) if ref is None]
        refs = {chosen[number].after.ref for number in dependents if number in chosen}
        if not self._tag or len(refs) != 1:
            return None
        return refs.pop() if all(self._is_settled(number, chosen) for number in dependents) else None


def _by_line(references: Iterable[Reference]) -> Mapping[int, list[object]]:
    """Return what the references of each line cite; the lines without any have an empty list."""
    found: dict[int, list[object]] = defaultdict(list)
    for reference in references:
        found[reference.at_line].append(_identity(reference))
    return found


def _identity(reference: Reference) -> object:
    """Return what a reference cites, without its place in the document and the words around it."""
    return (
        reference.path,
        reference.symbol,
        reference.line,
        reference.end_line,
        reference.ref,
        reference.repository,
        reference.in_output,
        reference.malformed,
    )
