"""Finds recorded baseline symbols when the baseline source is not available."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec

from annotator.golang import build_constraints
from annotator.golang.source_tree import SourceTree
from annotator.model.go import Declaration, folder_of, is_test_file
from annotator.model.port import GoSymbol
from annotator.model.reference import (
    Anchor,
    FoundBy,
    Missing,
    Moved,
    Outcome,
    Reference,
    Renamed,
    TextState,
    Verdict,
    Verified,
)
from annotator.tracking import similarity, tree_diff
from annotator.tracking.declaration_lookup import anchor

# Under another name a body must have so much of the recorded fingerprint, and so much more than any other.
ALIKE = 0.6
MARGIN = 0.2

# In another file of its package a namesake must have this much of it.
AKIN = 0.3

# A fingerprint of fewer hashes says little.
TELLING = 8
_DIGITS = 8


class _Match(msgspec.Struct, frozen=True):
    path: str
    declaration: Declaration
    by: FoundBy


class BaselineLookup:
    """Looks recorded symbols up in a tree; each file is parsed once."""

    def __init__(self, recorded: Sequence[GoSymbol], tree: SourceTree) -> None:
        self._tree = tree
        self._files: dict[str, list[GoSymbol]] = defaultdict(list)
        for symbol in sorted(recorded, key=lambda each: each.line):
            self._files[symbol.path].append(symbol)

    def verdict(self, reference: Reference, symbol: GoSymbol) -> Verdict:
        """Return where a recorded symbol is, and whether its text is unchanged."""
        found = next(self._candidates(symbol), None)
        if found is None:
            guess = self._guess(symbol)
            return Verdict(reference, Missing(_why(symbol, self._tree.tag, guess), guess))
        return Verdict(reference, _outcome(reference, symbol, found), self._text(symbol, found))

    def _candidates(self, symbol: GoSymbol) -> Iterator[_Match]:
        """Yield matches from the strongest evidence to the weakest."""
        home = self._successor(symbol.path)
        if home is not None:
            by = FoundBy.SYMBOL if home == symbol.path else FoundBy.FACTS
            yield from self._only(symbol, [home], by)
        yield from self._only(symbol, self._siblings(symbol, home), FoundBy.FACTS, least=AKIN)
        if home is not None:
            yield from self._renamed(symbol, home)

    def _only(
        self, symbol: GoSymbol, paths: Sequence[str], by: FoundBy, *, least: float = 0.0
    ) -> Iterator[_Match]:
        """Yield the only declaration of that name and kind in some files, if its body is similar enough."""
        hits = [
            _Match(path, found, by)
            for path, document in self._tree.documents(paths).items()
            for found in document.walk()
            if (found.symbol, found.kind) == (symbol.symbol, symbol.kind)
        ]
        if len(hits) == 1 and (not least or self._likeness(symbol, hits[0]) >= least):
            yield hits[0]

    def _siblings(self, symbol: GoSymbol, home: str | None) -> list[str]:
        """Other files of its package; none, if another file of it recorded the same name."""
        homes = {folder_of(symbol.path), folder_of(home or symbol.path)}
        identity = symbol.symbol, symbol.kind, folder_of(symbol.path)
        if sum((each.symbol, each.kind, folder_of(each.path)) == identity for each in self._all) > 1:
            return []
        return [
            path
            for path in self._declaring(symbol)
            if folder_of(path) in homes
            and path != home
            and build_constraints.same_system_family(symbol.path, path)
        ]

    def _declaring(self, symbol: GoSymbol) -> list[str]:
        name = symbol.symbol.rpartition(".")[2]
        found = self._names.naming(name)
        return [path for path in found if is_test_file(path) is is_test_file(symbol.path)]

    def _successor(self, path: str) -> str | None:
        """Return the file, or the one that declares most of the symbols recorded in it."""
        if path in self._tree.go_files:
            return path
        names = {(each.symbol, each.kind) for each in self._files[path]}
        counted: Counter[str] = Counter()
        for symbol in self._files[path]:
            counted.update(set(self._declaring(symbol)))
        likely = [other for other, _ in counted.most_common(4)]
        scores = {
            other: len(names & {(d.symbol, d.kind) for d in document.walk()})
            for other, document in self._tree.documents(likely).items()
        }
        best = sorted(scores, key=lambda other: -scores[other])
        clear = len(best) == 1 or (len(best) > 1 and scores[best[1]] < scores[best[0]])
        return (
            best[0] if best and clear and scores[best[0]] > 1 and scores[best[0]] * 2 >= len(names) else None
        )

    def _renamed(self, symbol: GoSymbol, home: str) -> Iterator[_Match]:
        """Yield an unrecorded declaration between the same neighbours with a similar fingerprint."""
        known = {(each.symbol, each.kind) for each in self._files[symbol.path]}
        fresh = [
            _Match(home, found, FoundBy.FACTS)
            for found in self._tree.documents([home])[home].declarations
            if found.kind is symbol.kind and (found.symbol, found.kind) not in known
        ]
        scored = sorted(((self._likeness(symbol, each), each) for each in fresh), key=lambda pair: -pair[0])
        if not scored or len(symbol.likeness) < TELLING * _DIGITS or scored[0][0] < ALIKE:
            return
        clear = len(scored) == 1 or scored[1][0] <= scored[0][0] - MARGIN
        if clear and self._is_between_its_neighbours(symbol, home, scored[0][1].declaration.line):
            yield scored[0][1]

    def _is_between_its_neighbours(self, symbol: GoSymbol, home: str, line: int) -> bool:
        lines = {(d.symbol, d.kind): d.line for d in self._tree.documents([home])[home].declarations}
        there = [each for each in self._files[symbol.path] if (each.symbol, each.kind) in lines]
        above = [lines[each.symbol, each.kind] for each in there if each.line < symbol.line]
        below = [lines[each.symbol, each.kind] for each in there if each.line > symbol.line]
        return bool(above or below) and all(n < line for n in above[-1:]) and all(n > line for n in below[:1])

    def _likeness(self, symbol: GoSymbol, found: _Match) -> float:
        body = found.declaration.body(self._tree.data(found.path))
        return similarity.fingerprint_similarity(symbol.likeness, similarity.fingerprint(body))

    def _text(self, symbol: GoSymbol, found: _Match) -> TextState:
        """Compare the text: equal blobs are the same, other fingerprints differ, anything else is unknown."""
        if self._tree.go_files[found.path] == symbol.blob:
            return TextState.SAME
        return TextState.UNKNOWN if self._likeness(symbol, found) == 1.0 else TextState.CHANGED

    def _guess(self, symbol: GoSymbol) -> Anchor | None:
        for path, document in self._tree.documents(self._declaring(symbol)).items():
            for found in document.walk():
                if found.symbol == symbol.symbol:
                    return anchor(path, found)
        return None

    @cached_property
    def _names(self) -> tree_diff.DeclaredNames:
        return tree_diff.DeclaredNames(self._tree.scan(self._tree.go_files))

    @property
    def _all(self) -> Iterator[GoSymbol]:
        return (symbol for symbols in self._files.values() for symbol in symbols)


def _outcome(reference: Reference, symbol: GoSymbol, found: _Match) -> Outcome:
    at = anchor(found.path, found.declaration)
    where = f"{at.symbol} ({at.kind}) stands in {at.path} in line {at.line}"
    if at.symbol != symbol.symbol:
        return Renamed(at, found.by, f"{where}: it was {symbol.symbol}, by what was recorded of it")
    if at.path != symbol.path:
        return Moved(at, found.by, f"{where}: it was in {symbol.path}, by what was recorded of it")
    if reference.line in (None, at.line):
        return Verified(at, found.by, f"{where}, as cited")
    return Moved(at, found.by, f"{where}, not in line {reference.line}")


def _why(symbol: GoSymbol, tag: str, guess: Anchor | None) -> str:
    lead = f"no declaration at {tag} is clearly {symbol.symbol} of {symbol.path} as it was recorded"
    return f"{lead}; it may be {guess.symbol} in line {guess.line} of {guess.path}" if guess else lead
