"""What the checks of one plugin share: its volumes, which are removed at the end."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.checker.asking import Answer, Plugin


@dataclass(slots=True)
class Checker:
    """What the checks share.

    Args:
        plugin: The plugin.
        options: What volumes are created with.
        prefix: What the names of volumes begin with.
        usable: Whether the plugin has answered the handshake.
        mountpoint: Where the volume was mounted; empty as long as it was not.
        made: The volumes that are to be removed at the end.
    """

    plugin: Plugin
    options: Mapping[str, str]
    prefix: str = field(default_factory=lambda: f"check-{secrets.token_hex(4)}")
    usable: bool = False
    mountpoint: str = ""
    made: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The volume that most checks are about."""
        return f"{self.prefix}-a"

    def ask(self, method: str, **request: Any) -> Answer:
        """Call a method of volume drivers."""
        return self.plugin.ask(f"VolumeDriver.{method}", request)

    def create(self, name: str, options: Mapping[str, str] | None) -> Answer:
        """Create a volume, which is removed at the end whatever happens."""
        answer = self.ask("Create", Name=name, Opts=options)
        if answer.worked:
            self.made.add(name)
        return answer

    def remove(self, name: str) -> Answer:
        """Remove a volume."""
        answer = self.ask("Remove", Name=name)
        if answer.worked:
            self.made.discard(name)
        return answer

    def listed(self) -> list[str]:
        """The names of all volumes."""
        volumes = self.ask("List").fields.get("Volumes")
        found = (
            [each.get("Name") for each in volumes if isinstance(each, dict)]
            if isinstance(volumes, list)
            else []
        )
        return [name for name in found if isinstance(name, str)]

    def clean_up(self) -> None:
        """Remove what the checks have made."""
        for name in tuple(self.made):
            for use in ("1", "2"):
                self.ask("Unmount", Name=name, ID=f"{self.prefix}-{use}")
            self.remove(name)
