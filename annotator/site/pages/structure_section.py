"""Module dependencies of the Python packages, with diagram."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from annotator.site.diagrams.lock_and_import_diagrams import Layers, assign_layers, layer_diagram
from annotator.site.diagrams.svg import DiagramStep, DiagramTitle
from annotator.site.markup import href, slug
from annotator.site.site_index import SiteIndex, module_page
from annotator.site.view_models import Diagram, Link, PackagePart, PackageStructure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.model.port import ModuleImports, PackageImports

_DOWN = "Every box imports only from rows below its own."
_CIRCLES = "Boxes in one row may import one another."
_QUIET = (
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
            part: {self._of(name) for module in modules for name in module.imports if self._is_inside(name)}
            for part, modules in self._parts.items()
        }
        return {part: tuple(sorted(others - {part})) for part, others in found.items()}

    def _is_inside(self, name: str) -> bool:
        return name == self._package.name or name.startswith(f"{self._package.name}.")

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
        return f"{_CIRCLES if circles else _DOWN} {_QUIET}"

    def _picture(self) -> Diagram:
        steps = {part: self._step(part) for row in self._layers.rows for part in row}
        name = self._package.name
        told = "; ".join(
            f"{self._short(part)} imports {', '.join(map(self._short, self._imports[part]))}"
            for part in steps
            if self._imports[part]
        )
        about = DiagramTitle(
            f"package-{slug(name)}", f"The parts of {name} in layers", tuple(steps.values()), told
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
