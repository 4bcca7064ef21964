"""What happened in the engine lately, for those who look back and those who listen.

Go: api/types/events/events.go
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec

CONTAINER_EVENT_TYPE: Final = "container"
"""The type of events about containers; a filter may name it.

Go: api/types/events/events.go::ContainerEventType
"""

IMAGE_EVENT_TYPE: Final = "image"
"""The type of events about images; a filter may name it.

Go: api/types/events/events.go::ImageEventType
"""

PLUGIN_EVENT_TYPE: Final = "plugin"
"""The type of events about plugins.

Go: api/types/events/events.go::PluginEventType
"""

VOLUME_EVENT_TYPE: Final = "volume"
"""The type of events about volumes.

Go: api/types/events/events.go::VolumeEventType
"""


class Actor(msgspec.Struct, frozen=True):
    """What an event is about."""

    id: str = msgspec.field(default="", name="ID")
    attributes: Mapping[str, str] = msgspec.field(default_factory=dict, name="Attributes")


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event."""

    status: str = ""
    id: str = ""
    from_: str = msgspec.field(default="", name="from")
    type: str = msgspec.field(name="Type")
    action: str = msgspec.field(name="Action")
    actor: Actor = msgspec.field(name="Actor")
    scope: str = ""
    time: int = 0
    time_nano: int = msgspec.field(default=0, name="timeNano")


Topic: TypeAlias = Callable[[Message], bool]
