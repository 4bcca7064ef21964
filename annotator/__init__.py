"""Verify references into Go source, carry them to other tags and show them with their Python counterparts."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

__version__ = "0.1.0"


def lazy_modules(package: str) -> Callable[[str], ModuleType]:
    """Return a `__getattr__` for a package whose modules are loaded when they are first used."""

    def load(name: str) -> ModuleType:
        module = f"{package}.{name}"
        if name.startswith("_") or find_spec(module) is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return import_module(module)

    return load
