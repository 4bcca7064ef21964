"""The events of plugins, for subscribers inside the engine.

`Manager.subscribe_events` is in `backend.py`.

Go: plugin/events.go
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from runtime.api.types.plugin import Plugin


class Event(Protocol):
    """An event of a plugin, or a pattern for one."""

    def matches(self, observed: object, /) -> bool:
        """Return whether this pattern matches an event."""
        ...


@dataclass(frozen=True, slots=True)
class EventCreate:
    """A plugin was created; as a pattern, with one of these capabilities, or any plugin."""

    plugin: Plugin = field(default_factory=Plugin)
    interfaces: frozenset[str] = frozenset()

    def matches(self, observed: object, /) -> bool:
        """Return whether this pattern matches an event."""
        if not isinstance(observed, EventCreate):
            return False
        kinds = observed.plugin.config.interface.types or ()
        return not self.interfaces or any(kind.capability in self.interfaces for kind in kinds)


@dataclass(frozen=True, slots=True)
class EventRemove:
    """A plugin was removed."""

    plugin: Plugin

    def matches(self, observed: object, /) -> bool:
        """Return whether this plugin was removed."""
        return isinstance(observed, EventRemove) and observed.plugin.id == self.plugin.id


@dataclass(frozen=True, slots=True)
class EventDisable:
    """A plugin was disabled."""

    plugin: Plugin

    def matches(self, observed: object, /) -> bool:
        """Return whether this plugin was disabled."""
        return isinstance(observed, EventDisable) and observed.plugin.id == self.plugin.id


@dataclass(frozen=True, slots=True)
class EventEnable:
    """A plugin was enabled."""

    plugin: Plugin

    def matches(self, observed: object, /) -> bool:
        """Return whether this plugin was enabled."""
        return isinstance(observed, EventEnable) and observed.plugin.id == self.plugin.id


def topic(watch_events: tuple[Event, ...]) -> Callable[[object], bool]:
    """Return a function that selects the events that match a pattern; without patterns, all."""
    return lambda observed: not watch_events or any(event.matches(observed) for event in watch_events)
