"""Optional dependencies: which extra of this distribution installs a package that is not there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

from annotator.errors import InvalidInput

PACKAGES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "site": frozenset({"grimp", "jinja2", "material", "mkdocs", "pygments", "watchfiles"}),
        "cluster": frozenset({"distributed"}),
        "engine": frozenset({"httpcore", "httptools", "httpx", "re2", "starlette", "uvicorn", "uvloop"}),
        "lsp": frozenset({"pygls"}),
        "mcp": frozenset({"mcp"}),
    }
)
"""What each extra of pyproject.toml installs, by the names that are imported."""

_MISSING = re.compile(r"No module named '(\w+)")


def require(extra: str, command: str) -> None:
    """Check that an extra is installed.

    Raises:
        InvalidInput: It is not, or not all of it.
    """
    if any(find_spec(package) is None for package in PACKAGES[extra]):
        raise InvalidInput(f"{command} needs more packages; run `{installation(extra)}`")


def installation(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'moby-annotated[{extra}]'"


def hint(message: str) -> str:
    """Return how to install what an import error of another process misses, to be added to its message."""
    found = _MISSING.search(message)
    extras = [extra for extra, packages in PACKAGES.items() if found and found[1] in packages]
    return f"; run `{installation(extras[0])}`" if extras else ""
