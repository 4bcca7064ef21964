"""Which plugins a list shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from runtime.plugins.api_types import Plugin as ApiPlugin
from runtime.plugins.plugin_errors import InvalidFilter

ACCEPTED_PLUGIN_FILTER_TAGS = frozenset({"enabled", "capability"})
"""What a list of plugins can be filtered by.

Go:
    plugin/backend_linux.go::acceptedPluginFilterTags
"""


class Filters(Protocol):
    """What a list is filtered by: keys with values."""

    def validate(self, accepted: frozenset[str], /) -> None:
        """Check that there are no other keys.

        Go:
            api/types/filters/parse.go::Args.Validate
        """
        ...

    def contains(self, field: str, /) -> bool:
        """Whether a key is given.

        Go:
            api/types/filters/parse.go::Args.Contains
        """
        ...

    def get(self, key: str, /) -> Sequence[str]:
        """The values of a key.

        Go:
            api/types/filters/parse.go::Args.Get
        """
        ...

    def exact_match(self, key: str, source: str, /) -> bool:
        """Whether a value is among those of a key, or the key is not given.

        Go:
            api/types/filters/parse.go::Args.ExactMatch
        """
        ...

    def match(self, field: str, source: str, /) -> bool:
        """Whether a value fits one of the patterns of a key, or the key is not given.

        Go:
            api/types/filters/parse.go::Args.Match
        """
        ...


def fits(filters: Filters) -> Callable[[ApiPlugin], bool]:
    """What tells whether a plugin fits the filters `enabled` and `capability`.

    Raises:
        InvalidFilter: `enabled` is neither `true` nor `false`.
        EngineError: a filter is not known.
    """
    filters.validate(ACCEPTED_PLUGIN_FILTER_TAGS)
    enabled = _enabled(filters)
    return lambda plugin: enabled in (None, plugin.enabled) and _has_capability(plugin, filters)


def _enabled(filters: Filters) -> bool | None:
    if not filters.contains("enabled"):
        return None
    if filters.exact_match("enabled", "true"):
        return True
    if filters.exact_match("enabled", "false"):
        return False
    raise InvalidFilter("enabled", filters.get("enabled"))


def _has_capability(plugin: ApiPlugin, filters: Filters) -> bool:
    if not filters.contains("capability"):
        return True
    return any(filters.match("capability", kind.capability) for kind in plugin.config.interface.types or ())
