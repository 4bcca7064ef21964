"""Selects events by the filters of the API.

Go: daemon/events/filter.go
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from runtime.api.types.events import IMAGE_EVENT_TYPE, Message
from runtime.api.types.filters import Args

NAMED: Final = (
    "daemon",
    "container",
    "plugin",
    "volume",
    "network",
    "node",
    "service",
    "secret",
    "config",
)
"""Filters by name or id, such as `volume=web`; `match_image` has the one for images."""

BY_PREFIX: Final = frozenset({"health_status", "exec_create", "exec_start"})
"""Actions that are followed by a colon and details."""


class Filter:
    """Selects events.

    Go:
        daemon/events/filter.go::Filter
        daemon/events/filter.go::NewFilter
    """

    def __init__(self, args: Args) -> None:
        self.filter = args

    def include(self, ev: Message) -> bool:
        """Return whether an event passes all filters.

        Go: daemon/events/filter.go::Filter.Include, daemon/events/filter.go::Filter.matchDaemon,
            daemon/events/filter.go::Filter.matchContainer, daemon/events/filter.go::Filter.matchPlugin,
            daemon/events/filter.go::Filter.matchVolume, daemon/events/filter.go::Filter.matchNetwork,
            daemon/events/filter.go::Filter.matchNode, daemon/events/filter.go::Filter.matchService,
            daemon/events/filter.go::Filter.matchSecret, daemon/events/filter.go::Filter.matchConfig
        Differs:
            behaviour matchers: one loop instead of nine functions that differ in one word.
        """
        return (
            self.match_event(ev)
            and self.filter.exact_match("type", ev.type)
            and self.match_scope(ev.scope)
            and all(self.fuzzy_match_name(ev, kind) for kind in NAMED)
            and self.match_image(ev)
            and self.match_labels(ev.actor.attributes)
        )

    def match_event(self, ev: Message) -> bool:
        """Return whether the action is selected; `exec_create` selects `exec_create: ls` too."""
        if self.filter_contains("event", BY_PREFIX):
            return self.filter.fuzzy_match("event", ev.action)
        return self.filter.exact_match("event", ev.action)

    def filter_contains(self, field: str, values: AbstractSet[str]) -> bool:
        """Return whether a filter has one of these values."""
        return any(value in values for value in self.filter.get(field))

    def match_scope(self, scope: str) -> bool:
        """Return whether the scope is selected."""
        return not self.filter.contains("scope") or self.filter.exact_match("scope", scope)

    def match_labels(self, attributes: Mapping[str, str]) -> bool:
        """Return whether the attributes have the selected labels."""
        return not self.filter.contains("label") or self.filter.match_kv_list("label", attributes)

    def fuzzy_match_name(self, ev: Message, event_type: str) -> bool:
        """Return whether the id or the name begins with a selected one."""
        names = (ev.actor.id, ev.actor.attributes.get("name", ""))
        return any(self.filter.fuzzy_match(event_type, name) for name in names)

    def match_image(self, ev: Message) -> bool:
        """Return whether the event is about a selected image, or a container of it."""
        attribute = "name" if ev.type == IMAGE_EVENT_TYPE else "image"
        names = (ev.actor.id, ev.actor.attributes.get(attribute, ""))
        return any(self.filter.exact_match("image", name) for name in names)
