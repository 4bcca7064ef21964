"""Sections with a diagram: which functions take which locks, what the Python packages import."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING

import msgspec

from annotator.model.go import Acquisition, FunctionLockUsage, LockField, SymbolId, WhileHeld, folder_of
from annotator.site.diagrams.flow_diagram import pairs_diagram
from annotator.site.diagrams.lock_and_import_diagrams import Layers, assign_layers, layer_diagram
from annotator.site.diagrams.svg import DiagramStep, DiagramTitle
from annotator.site.language import _, deferred
from annotator.site.markup import href, slug
from annotator.site.pages import sentences
from annotator.site.side_by_side import line_has_word
from annotator.site.site_index import SiteIndex, link_to, module_page
from annotator.site.view_models import (
    Diagram,
    Link,
    LockRow,
    LockTable,
    NestedLocks,
    PackagePart,
    PackageStructure,
)

if TYPE_CHECKING:
    from annotator.model.port import Comparison, ComparisonRow, ModuleImports, PackageImports
    from annotator.site.page_locations import PageLocation

_SIDE_BY_SIDE = 4
_PROOFS = 3
"""Proofs that are shown of each nesting; the others are counted."""

_CAPTION = deferred(
    "Drawn are the locks of the types that this page is about. An arrow leads from a lock to one that is "
    "taken while it is held; each is proven by the calls below. An arrow that follows from others is omitted "
    "until one of its ends is pointed at. Calls through interfaces and goroutines prove nothing, so there "
    "may be more. Locks without arrows are held alone, as far as that is known."
)


def lock_table(index: SiteIndex, types: tuple[str, ...], page: str) -> LockTable | None:
    """Return the locks of some types on a page; None where the source has none of them."""
    found = _Locks(index, types, page)
    return found.shown() if found.locks else None


class _Locks:
    """The locks of some types, given as notations at the baseline, in their order."""

    def __init__(self, index: SiteIndex, types: tuple[str, ...], page: str) -> None:
        self._index = index
        self._page = page
        named = ((one, *one.split("::", 1)) for one in types)
        found = ((index.locations.get((path, symbol)), one) for one, path, symbol in named)
        self._owners = [(place, one) for place, one in found if place is not None]

    @cached_property
    def locks(self) -> Mapping[SymbolId, tuple[LockField, PageLocation, str]]:
        """By symbol, each lock with its type's place and the type's notation at the baseline."""
        files = self._index.input.locking
        return {
            lock.at: (lock, place, notation)
            for place, notation in self._owners
            for lock in (files[place.path].locks if place.path in files else ())
            if lock.at.symbol.rpartition(".")[0] == place.declaration.symbol
        }

    def shown(self) -> LockTable:
        return LockTable(
            picture=self._picture(),
            locks=tuple(self._held(*found) for found in self.locks.values()),
            nested=tuple(
                NestedLocks(self._link(outer), self._link(inner), *self._proofs(proofs))
                for (outer, inner), proofs in self._nested.items()
            ),
        )

    @cached_property
    def _nested(self) -> LockNesting:
        files = self._index.input.locking.values()
        nesting = lock_nesting(function for file in files for function in file.functions)
        pairs = ((outer, inner) for outer in self.locks for inner in self.locks)
        return {pair: nesting[pair] for pair in pairs if pair in nesting}

    def _name(self, symbol: SymbolId) -> str:
        lock, place, _ = self.locks[symbol]
        return f"{place.name}.{lock.at.symbol.rpartition('.')[2]}"

    def _anchor(self, symbol: SymbolId) -> str:
        return f"lock-{slug(self._name(symbol))}"

    def _link(self, symbol: SymbolId) -> Link:
        return Link(self._name(symbol), f"#{self._anchor(symbol)}")

    def _picture(self) -> Diagram:
        names = {symbol: self._name(symbol) for symbol in self.locks}
        edges = [(names[outer], names[inner]) for outer, inner in self._nested]
        steps = {
            name: DiagramStep("", symbol.symbol, f"#{self._anchor(symbol)}", folder_of(symbol.path))
            for symbol, name in names.items()
        }
        told = _("; ").join(
            _("%(inner)s is taken under %(outer)s", inner=inner, outer=outer) for outer, inner in edges
        )
        about = DiagramTitle("locks", _("Which lock is taken under which"), tuple(steps.values()), told)
        found = assign_layers(tuple(steps), edges)
        joined = {one for edge in edges for one in edge}
        wide = layer_diagram(found, steps, about, joined, wide=True, most=_SIDE_BY_SIDE)
        inner = {
            outer: tuple(steps[name] for one, name in sorted(found.edges - found.implied) if one == outer)
            for row in found.rows
            for outer in row
        }
        groups = [(steps[outer], *others) for outer, others in inner.items() if others or outer not in joined]
        groups.sort(key=len, reverse=True)
        return Diagram(wide, pairs_diagram(tuple(groups), about), _(_CAPTION))

    def _held(self, lock: LockField, place: PageLocation, notation: str) -> LockRow:
        pair, row = self._row(notation, lock)
        return LockRow(
            anchor=self._anchor(lock.at),
            link=Link(self._name(lock.at), self._line(place, lock.line) or link_to(self._page, place).href),
            kind=lock.kind,
            writers=tuple(self._takers(lock.at, place, reads=False)),
            readers=tuple(self._takers(lock.at, place, reads=True)),
            python=self._python(pair, row) if pair and row else Link("", ""),
            reason=row.reason if row is not None else "",
        )

    def _takers(self, lock: SymbolId, owner: PageLocation, *, reads: bool) -> Iterator[Link]:
        """Yield the functions that take a lock, each with its first line; its owner's by bare names."""
        for file in self._index.input.locking.values():
            for function in file.functions:
                found = [one for one in function.acquisitions if one.lock == lock and one.reads is reads]
                if found:
                    taker = self._taker(function.at, found[0])
                    yield msgspec.structs.replace(taker, text=taker.text.removeprefix(f"{owner.name}."))

    def _taker(self, function: SymbolId, acquisition: Acquisition) -> Link:
        place, line = self._index.locations.get((function.path, function.symbol)), acquisition.line
        where = _("%(path)s, line %(line)s", path=function.path, line=line)
        if place is None:
            return Link(function.symbol, self._index.permalink(function.path, line, line), where)
        return Link(place.name, self._line(place, line) or link_to(self._page, place).href, where)

    def _line(self, place: PageLocation, line: int) -> str:
        """Return the address of a line on the page that shows its declaration; empty if none does."""
        plan = self._index.page_plan(place.page)
        prefix = plan.prefixes.get(place.path, "")
        shown = place.first <= line <= place.declaration.span.end_line
        return href(self._page, place.page, f"{prefix}{line}") if prefix and shown else ""

    def _proofs(self, proofs: tuple[LockOrderProof, ...]) -> tuple[tuple[tuple[Link, Link], ...], int]:
        shown = tuple(
            (self._taker(one.function, one.acquisition), self._done(one)) for one in proofs[:_PROOFS]
        )
        return shown, len(proofs) - len(shown)

    def _done(self, proof: LockOrderProof) -> Link:
        """Return the action under the lock: a call, or the taking of the other lock."""
        place = self._index.locations.get((proof.function.path, proof.function.symbol))
        line = self._line(place, proof.while_held.line) if place else ""
        called = self._index.locations.get((proof.while_held.what.path, proof.while_held.what.symbol))
        name = called.name if called else proof.while_held.what.symbol
        at = proof.while_held.line
        done = (
            _("takes it in line %(line)s", line=at)
            if proof.while_held.takes
            else _("calls %(name)s in line %(line)s", name=name, line=at)
        )
        return Link(done, line, _("%(path)s, line %(line)s", path=proof.function.path, line=at))

    def _row(self, notation: str, lock: LockField) -> tuple[Comparison | None, ComparisonRow | None]:
        """Return the row of parity that compares a lock with its counterpart, and the pair that it is of."""
        name = lock.at.symbol.rpartition(".")[2]
        pairs = (
            pair
            for pair in self._index.input.python.pairs
            if any(original.notation == notation for original in pair.originals)
        )
        rows = ((pair, row) for pair in pairs for row in pair.rows if (row.kind, row.name) == ("field", name))
        return next(rows, (None, None))

    def _python(self, pair: Comparison, row: ComparisonRow) -> Link:
        """Return the counterpart's attribute at its line, or the counterpart where it has none."""
        known = pair.counterpart
        owner, attribute = known.name.rpartition(".")[2], re.split(r"\W", row.python)[0]
        module = self._index.input.python.modules.get(known.path)
        if attribute and module and line_has_word(module.data, row.python_line, attribute):
            address = href(self._page, module_page(known.path), f"py-L{row.python_line}")
            return Link(
                f"{owner}.{attribute}",
                address,
                _("%(path)s, line %(line)s", path=known.path, line=row.python_line),
            )
        address, title = self._index.python_link(self._page, known.name) or ("", "")
        return Link(f"{owner}.{attribute}" if attribute else owner, address, title)


class LockOrderProof(msgspec.Struct, frozen=True):
    """Where a function takes one lock and, while it holds it, the other."""

    function: SymbolId
    acquisition: Acquisition
    while_held: WhileHeld


LockNesting = Mapping[tuple[SymbolId, SymbolId], tuple[LockOrderProof, ...]]
"""By the outer and the inner lock, all places that prove it, in the order of the files."""


def lock_nesting(functions: Iterable[FunctionLockUsage]) -> LockNesting:
    """Return which locks are taken under which, as far as it follows from some functions together."""
    by_symbol = {function.at: function for function in functions}

    @cache
    def running(start: SymbolId) -> tuple[FunctionLockUsage, ...]:
        """Return the functions that a call runs: the called one, and all that it calls in turn."""
        found: dict[SymbolId, FunctionLockUsage] = {}
        pending = [start]
        while pending:
            symbol = pending.pop()
            if symbol in by_symbol and symbol not in found:
                found[symbol] = by_symbol[symbol]
                pending += by_symbol[symbol].calls
        return tuple(found.values())

    found: dict[tuple[SymbolId, SymbolId], list[LockOrderProof]] = defaultdict(list)
    for function in by_symbol.values():
        for acquisition in function.acquisitions:
            for under in sorted(acquisition.while_held, key=lambda one: one.line):
                called = () if under.takes else running(under.what)
                if any(acquisition.lock in one.releases for one in called):
                    break  # what follows may run without the lock
                taken = {under.what} if under.takes else {lock for one in called for lock in one.acquires}
                for lock in sorted(taken - {acquisition.lock}, key=lambda one: (one.path, one.symbol)):
                    found[acquisition.lock, lock].append(LockOrderProof(function.at, acquisition, under))
    return {pair: tuple(proofs) for pair, proofs in found.items()}


_DOWN = deferred("Every box imports only from rows below its own.")
_CIRCLES = deferred("Boxes in one row may import one another.")
_QUIET = deferred(
    "An import that follows from others is omitted until one of its ends is pointed at, and so are imports "
    "from outside. In brackets stands how many modules a package has."
)


def package_structure(index: SiteIndex, package: PackageImports, page: str) -> PackageStructure:
    """Return a package on a page: its picture, and its parts with all that they import."""
    return _StructureView(index, package, page).shown()


class _StructureView:
    """A package and its direct parts, each with its own modules."""

    def __init__(self, index: SiteIndex, package: PackageImports, page: str) -> None:
        self._index = index
        self._package = package
        self._page = page

    def shown(self) -> PackageStructure:
        return PackageStructure(
            name=self._package.name,
            anchor=f"package-{slug(self._package.name)}",
            picture=self._picture(),
            parts=tuple(self._part(part) for row in self._layers.rows for part in row),
        )

    @cached_property
    def _parts(self) -> Mapping[str, tuple[ModuleImports, ...]]:
        found: dict[str, list[ModuleImports]] = defaultdict(list)
        for module in self._package.modules:
            found[self._of(module.name)].append(module)
        return {part: tuple(modules) for part, modules in found.items()}

    def _of(self, module: str) -> str:
        """Return the part that a module is of; the package's own file is one as well."""
        depth = self._package.name.count(".") + 2
        return ".".join(module.split(".")[:depth])

    @cached_property
    def _imports(self) -> Mapping[str, tuple[str, ...]]:
        """By part, the others that it imports."""
        found = {
            part: {
                self._of(name)
                for module in modules
                for name in module.imports
                if f"{name}.".startswith(f"{self._package.name}.")
            }
            for part, modules in self._parts.items()
        }
        return {part: tuple(sorted(others - {part})) for part, others in found.items()}

    @cached_property
    def _layers(self) -> Layers:
        edges = [(part, other) for part, others in self._imports.items() for other in others]
        linked = {part for edge in edges for part in edge}
        own = {self._package.name} - linked
        return assign_layers([part for part in self._parts if part not in own], edges, self._packages)

    @cached_property
    def _packages(self) -> tuple[str, ...]:
        return tuple(part for part, modules in self._parts.items() if len(modules) > 1)

    def _caption(self) -> str:
        row = {part: at for at, parts in enumerate(self._layers.rows) for part in parts}
        circles = any(row[one] == row[other] for one, other in self._layers.edges)
        return sentences.joined((_(_CIRCLES if circles else _DOWN), _(_QUIET)))

    def _picture(self) -> Diagram:
        steps = {part: self._step(part) for row in self._layers.rows for part in row}
        name = self._package.name
        told = _("; ").join(
            _(
                "%(part)s imports %(others)s",
                part=self._short(part),
                others=_(", ").join(map(self._short, self._imports[part])),
            )
            for part in steps
            if self._imports[part]
        )
        about = DiagramTitle(
            f"package-{slug(name)}",
            _("The parts of %(name)s in layers", name=name),
            tuple(steps.values()),
            told,
        )
        wide, narrow = (
            layer_diagram(self._layers, steps, about, self._packages, wide=wide) for wide in (True, False)
        )
        return Diagram(wide, narrow, self._caption())

    def _step(self, part: str) -> DiagramStep:
        count = len(self._parts[part])
        title = self._short(part) + (f" ({count})" if count > 1 else "")
        return DiagramStep("", title, f"#{_anchor(part)}")

    def _short(self, part: str) -> str:
        return part.removeprefix(f"{self._package.name}.")

    def _part(self, part: str) -> PackagePart:
        first, *others = self._parts[part]
        return PackagePart(
            anchor=_anchor(part),
            link=self._link(first),
            says=first.says,
            imports=tuple(Link(self._short(other), f"#{_anchor(other)}") for other in self._imports[part]),
            modules=tuple(self._module(module, part) for module in others),
        )

    def _module(self, module: ModuleImports, part: str) -> PackagePart:
        inner = (name for name in module.imports if self._of(name) == part and name != part)
        imports = tuple(Link(name.removeprefix(f"{part}."), f"#{_anchor(name)}") for name in inner)
        link = msgspec.structs.replace(self._link(module), text=module.name.removeprefix(f"{part}."))
        return PackagePart(_anchor(module.name), link, module.says, tuple(imports))

    def _link(self, module: ModuleImports) -> Link:
        """Return the page that shows the file, else its place on the web, else its name alone."""
        shown = module.path in self._index.input.python.modules
        address = (
            href(self._page, module_page(module.path))
            if shown
            else self._index.own_file_url(module.path, 1, 1)
        )
        return Link(module.name, address, module.path)


def _anchor(module: str) -> str:
    return f"module-{slug(module)}"
