"""A declaration at one tag with all that is compared of it, read from its tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from annotator.history import Version
from annotator.model import Anchor, Declaration, Kind, Parameter, Span
from annotator.reading import gofacts
from annotator.tracking.places import anchor, at_anchor, folder, is_test
from annotator.tree import Tree

_FUNCTIONS = {Kind.FUNC: b"package p\n", Kind.METHOD: b"package p\n", Kind.CLOSURE: b"package p\nvar _ = "}
_COMPOSITE = frozenset({Kind.STRUCT, Kind.INTERFACE})


def version(tree: Tree, at: Anchor, *, in_full: bool = True) -> Version:
    """The declaration that an anchor of this tree stands for; in full, with what only its body tells."""
    declaration = at_anchor(tree, at)
    span = declaration.span
    code = tree.data(at.path)[span.start : span.end]
    facts = _facts(declaration, code) if in_full else gofacts.Facts()
    return Version(
        at,
        declaration.signature,
        code.decode(errors="replace"),
        declaration.doc,
        "" if declaration.kind in _COMPOSITE else declaration.type,
        facts.params,
        facts.results,
        tuple(Parameter(member.name, member.type) for member in declaration.members)
        if declaration.kind in _COMPOSITE
        else (),
        tuple(callee.written for callee in facts.callees),
        facts.errors,
    )


def names(tree: Tree, folders: Iterable[str]) -> Iterator[Anchor]:
    """Every function, method and type of some packages, tests aside."""
    wanted = set(folders)
    paths = [path for path in tree.go_files if folder(path) in wanted and not is_test(path)]
    for path, document in tree.documents(paths).items():
        for declaration in document.declarations:
            if declaration.kind not in (Kind.CONST, Kind.VAR):
                yield anchor(path, declaration)


def _facts(declaration: Declaration, code: bytes) -> gofacts.Facts:
    """The facts of a function, read from its own bytes: the rest of the file need not be parsed for it."""
    head = _FUNCTIONS.get(declaration.kind)
    if head is None:
        return gofacts.Facts()
    alone = Span(len(head), len(head) + len(code), 1, 1)
    return gofacts.facts(head + code, msgspec.structs.replace(declaration, span=alone))
