"""Changes that an editor offers for a reference; each is read again before it is offered."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from annotator.articles.rewrite import Edit, apply, split
from annotator.commands.update import UpdateOptions, updated
from annotator.errors import AnnotatorError
from annotator.model.reference import Reference, Unplaced, Verdict, Verified
from annotator.servers.open_document import OpenDocument, encoded, same_ends
from annotator.servers.open_project import origin_tree, permalink
from annotator.tracking.declaration_lookup import innermost, named
from annotator.tracking.verification import verify_reference

_MARGIN = 25
"""Lines around a reference that are read again with a change of it."""

_PLAIN = re.compile(r"(?P<path>[^\s:#`]+)(?::|#)L?(?P<line>\d+)(?:-L?(?P<end>\d+))?")
"""A reference that is no more than a path with a line: `kiln/kiln.go:12`."""

_MARKED_UP = frozenset((".markdown", ".md", ".mdown", ".mdx"))

_BESIDE = dict.fromkeys((*_MARKED_UP, ".htm", ".html", ".xhtml"), " <!-- annotator: ignore -->")
_ABOVE = {
    **dict.fromkeys((".adoc", ".asc", ".asciidoc"), "// annotator: ignore"),
    **dict.fromkeys((".org", ".py", ".sh", ".yaml", ".yml"), "# annotator: ignore"),
    ".rst": ".. annotator: ignore",
}
"""The comments that keep a line from being checked, by the ending of the document's name."""


class Fix(msgspec.Struct, frozen=True):
    """A change of a document; `is_sure` if it writes certain corrections only, so that editors prefer it."""

    title: str
    edits: tuple[Edit, ...]
    is_sure: bool = False


def fixes(document: OpenDocument, verdict: Verdict) -> Iterator[Fix]:
    """Yield what can be done about a reference."""
    if not isinstance(verdict.outcome, Verified) and (fix := _rewritten(document, verdict)):
        yield fix
    if not isinstance(verdict.outcome, Unplaced):
        yield from filter(None, (_with_symbol(document, verdict), _linked(document, verdict)))
    if not isinstance(verdict.outcome, Verified) and (fix := _ignored(document, verdict.reference)):
        yield fix


def carried(document: OpenDocument) -> Fix | None:
    """Return the change that makes all certain corrections of a document, or None without any."""
    text = "".join(document.lines)
    update = updated(document.session, document.file, encoded(text), UpdateOptions())
    if update.before == update.after:
        return None
    edits = _changed_lines(document.lines, split(update.after), 0)
    return Fix(f"Carry all references to {document.session.tag}", edits, is_sure=True)


def _rewritten(document: OpenDocument, verdict: Verdict) -> Fix | None:
    """Return the change that writes where a reference is now, if that is certain."""
    reference, session = verdict.reference, document.session
    if document.file.suffix == ".py" and reference.written_at and not reference.ref:
        return None  # a `Go:` line
    first, last = max(reference.at_line - 1 - _MARGIN, 0), reference.at_line - 1 + _MARGIN
    part = document.lines[first:last]

    def is_meant(other: Reference) -> bool:
        return (other.at_line + first, other.at_column) == (reference.at_line, reference.at_column)

    try:
        update = updated(
            session, document.file, encoded("".join(part)), UpdateOptions(fix_mistaken=True), is_meant
        )
    except AnnotatorError:
        return None
    if update.before == update.after:
        return None
    edits = _changed_lines(part, split(update.after), first)
    # What names no tag is checked at the document's own: the new line has to be right there, too.
    if reference.ref is None and not _is_right(document, reference, edits):
        return None
    title = "Write the line of its symbol"
    if (placed := verdict.anchor) is not None:
        title = f"Write where it is at {session.tag}: {placed.path}:{placed.line + placed.offset}"
    return Fix(title, edits, is_sure=True)


def _with_symbol(document: OpenDocument, verdict: Verdict) -> Fix | None:
    """Return the change that names the symbol of a plain line, so that it can be followed surely."""
    reference, tree = verdict.reference, origin_tree(document.session, verdict)
    match = _PLAIN.fullmatch(_written(document, reference))
    if match is None or tree is None or reference.symbol or reference.line is None:
        return None
    if not reference.path.endswith(".go") or not tree.has(reference.path):
        return None
    file = tree.document(reference.path)
    declaration = innermost(file, reference.line, reference.end_line)
    if declaration is None or declaration.line != reference.line:
        return None  # in the middle of a function, the name would stand for another line
    if len(named(file, declaration.symbol)) > 1:
        return None
    lines = f"#L{match['line']}" + (f"-L{match['end']}" if match["end"] else "")
    words = f"{match['path']}::{declaration.symbol}{lines}"
    edit = Edit(reference.at_line - 1, reference.at_column - 1, reference.at_end - 1, words)
    meant = msgspec.structs.replace(reference, symbol=declaration.symbol)
    return Fix(f"Name the symbol {declaration.symbol}", (edit,)) if _reads(document, edit, meant) else None


def _linked(document: OpenDocument, verdict: Verdict) -> Fix | None:
    """Return the change that makes a plain path and line a link that stays right for ever."""
    reference, tree = verdict.reference, origin_tree(document.session, verdict)
    written = _written(document, reference)
    if tree is None or reference.ref or reference.repository or reference.line is None:
        return None
    if _PLAIN.fullmatch(written.partition("::")[0] + (":1" if "::" in written else "")) is None:
        return None
    address = permalink(tree, reference.path, reference.line, reference.end_line)
    if not address:
        return None
    line = document.lines[reference.at_line - 1]
    start, end = reference.at_column - 1, reference.at_end - 1
    words = address
    if document.file.suffix.lower() in _MARKED_UP:
        if line[start - 1 : start] == "`" == line[end : end + 1]:
            start, end = start - 1, end + 1
        if line[start - 1 : start] in ("[", "(", "<") and start:
            return None
        words = f"[{line[start:end]}]({address})"
    edit = Edit(reference.at_line - 1, start, end, words)
    # The ref is the commit that the address names.
    meant = msgspec.structs.replace(reference, ref=tree.snapshot.commit or tree.tag, symbol=None)
    return Fix(f"Make it a permalink at {tree.tag}", (edit,)) if _reads(document, edit, meant) else None


def _ignored(document: OpenDocument, reference: Reference) -> Fix | None:
    """Return the change that keeps a line from being checked; in a listing no comment does that."""
    row, ending = reference.at_line - 1, document.file.suffix.lower()
    if not 0 <= row < len(document.lines):
        return None
    line = document.lines[row]
    if ending in _BESIDE:
        end = len(line.rstrip("\r\n"))
        edit = Edit(row, end, end, _BESIDE[ending])
        if any(each.at_column == reference.at_column for each in _read_again(document, (edit,), row)):
            return None
    elif ending in _ABOVE:
        edit = Edit(row, 0, 0, f"{line[: len(line) - len(line.lstrip())]}{_ABOVE[ending]}\n")
    else:
        return None
    return Fix("Ignore what this line cites", (edit,))


def _written(document: OpenDocument, reference: Reference) -> str:
    """Return a reference as its document writes it, or "" where its columns are not known."""
    if not 1 <= reference.at_line <= len(document.lines) or not reference.at_column or not reference.at_end:
        return ""
    return document.lines[reference.at_line - 1][reference.at_column - 1 : reference.at_end - 1]


def _read_again(document: OpenDocument, edits: tuple[Edit, ...], row: int) -> list[Reference]:
    """Return the references of a line after some edits on it."""
    lines = split(apply(document.lines, edits))
    first, last = max(row - _MARGIN, 0), min(row + _MARGIN, len(lines))
    return [each for each in document.read_part(first, last, lines) if each.at_line == row + 1]


def _reads(document: OpenDocument, edit: Edit, meant: Reference) -> bool:
    """Return whether a line that is edited cites the right place."""
    wanted = (meant.path, meant.symbol, meant.line, meant.end_line, meant.ref)
    found = _read_again(document, (edit,), edit.line)
    return any((each.path, each.symbol, each.line, each.end_line, each.ref) == wanted for each in found)


def _is_right(document: OpenDocument, reference: Reference, edits: tuple[Edit, ...]) -> bool:
    """Return whether the reference nearest to the old one is right after some edits."""
    found = _read_again(document, edits, reference.at_line - 1)
    nearest = min(found, key=lambda each: abs(each.at_column - reference.at_column), default=None)
    return nearest is not None and isinstance(verify_reference(document.session, nearest).outcome, Verified)


def _changed_lines(before: list[str], after: list[str], first: int) -> tuple[Edit, ...]:
    """Return an edit for each line that differs; updates never add or remove lines."""
    edits: list[Edit] = []
    for row, (old, new) in enumerate(zip(before, after, strict=True), first):
        if old == new:
            continue
        start, end = same_ends(old, new)
        edits.append(Edit(row, start, len(old) - end, new[start : len(new) - end]))
    return tuple(edits)
