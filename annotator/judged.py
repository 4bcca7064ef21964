"""What became of many references, kept for as long as all that it rests on stays as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from annotator import judging
from annotator.kept import Kept
from annotator.model import Reference, Verdict
from annotator.recorded import BASELINE
from annotator.session import Session
from annotator.tree import Tree


def verdicts(at: Session, references: Iterable[Reference]) -> tuple[Verdict, ...]:
    """Where references are, as `judging` finds it; found anew where anything that it rests on has changed."""
    given = tuple(references)
    kept = Kept(at.cache, "verdicts", tuple[Verdict, ...])
    return kept.one(_state(at, given), lambda: judging.verdicts(at, given))


def _state(at: Session, references: tuple[Reference, ...]) -> str:
    """A name for the references, what they are looked for in, and what looks for them."""
    facts = at.project.site / BASELINE
    refs = {at.project.config.baseline, *(one.ref for one in references if one.ref)}
    asked = (
        at.project.config,
        references,
        (at.tag, _named(at.tree)),
        [(ref, ref in at.known_tags, _named(at.at_hand(ref))) for ref in sorted(refs)],
    )
    found = hashlib.sha256(msgspec.msgpack.encode(asked))
    found.update(facts.read_bytes() if facts.is_file() else b"")
    for module in _modules():
        found.update(module.read_bytes())
    return found.hexdigest()


def _named(tree: Tree | None) -> str:
    """A name for all files of a tree; empty where it is not at hand."""
    if tree is None:
        return ""
    listing = "".join(f"{path}\0{blob.id}\n" for path, blob in tree.files.items())
    return tree.snapshot.commit or hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()


def _modules() -> Iterator[Path]:
    """The annotator's own code but for the pages, which come after all judging."""
    own = Path(__file__).parent
    yield from sorted(file for file in own.rglob("*.py") if file.parent.name != "writing")
