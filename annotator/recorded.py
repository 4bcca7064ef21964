"""What is recorded of the baseline beside the site, and what of it is in scope."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from annotator.cited import name_of
from annotator.config import Project
from annotator.errors import InvalidInput
from annotator.mapping import baseline
from annotator.mapping import scope as scopes
from annotator.model import (
    Baseline,
    GoSymbol,
)

BASELINE, SCOPE = "baseline.json", "scope.toml"


def recorded(project: Project) -> Baseline:
    """The facts in the site's folder.

    Raises:
        InvalidInput: There are none, or they cannot be read.
    """
    file = project.site / BASELINE
    if not file.is_file():
        raise InvalidInput(f"{file} is not there; make it with `annotator record`")
    return baseline.decode(name_of(project, file), file.read_bytes())


def originals_of(known: Baseline, scope: scopes.Scope) -> Mapping[str, GoSymbol]:
    """The recorded symbols; what is left out is left out with all that it calls."""
    return {
        symbol.notation: symbol
        if scope.reason(symbol.notation) is None
        else msgspec.structs.replace(symbol, calls=())
        for symbol in known.symbols
    }


def scope_of(project: Project) -> scopes.Scope:
    """What the project says is in scope; nothing where it says nothing."""
    file = project.site / SCOPE
    return scopes.parse(name_of(project, file), file.read_bytes()) if file.is_file() else scopes.Scope()
