"""What the checks of one plugin share: its volumes, which are removed at the end."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from runtime.checker import places
from runtime.checker.client import Answer, Plugin


@dataclass(slots=True)
class Checker:
    """What the checks share.

    Args:
        plugin: The plugin.
        options: What volumes are created with.
        restart: The shell command that restarts the plugin; empty if there is none.
        engine: The socket at which the plugin looks for the engine; empty if it is not known.
        prefix: What the names of volumes begin with.
        usable: Whether the plugin has answered the handshake.
        mountpoint: Where the volume was mounted; empty as long as it was not.
        tracks_mounts: Whether the plugin refuses to remove a volume that is mounted.
        tried: The volumes that may exist.
        uses: How often each volume was mounted for each ID, and not unmounted.
    """

    plugin: Plugin
    options: Mapping[str, str]
    restart: str = ""
    engine: str = ""
    prefix: str = field(default_factory=lambda: f"check-{secrets.token_hex(4)}")
    usable: bool = False
    mountpoint: str = ""
    tracks_mounts: bool = False
    made: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    uses: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """The volume that most checks are about."""
        return f"{self.prefix}-a"

    def ref(self, user: str) -> str:
        """Return the ID of a user of volumes."""
        return f"{self.prefix}-{user}"

    def create(self, name: str, options: Mapping[str, str] | None) -> Answer:
        """Create a volume, which is removed at the end whatever happens."""
        self.tried.add(name)
        answer = self.plugin.create(name, options)
        if answer.worked:
            self.made.add(name)
        return answer

    def new(self, name: str) -> Answer:
        """Create a volume with the options given."""
        return self.create(name, self.options or None)

    def remove(self, name: str) -> Answer:
        """Remove a volume."""
        answer = self.plugin.remove(name)
        if answer.worked:
            self.made.discard(name)
        return answer

    def mount(self, name: str, user: str) -> Answer:
        """Mount a volume for a user; it is unmounted at the end whatever happens."""
        self.uses[name, user] += 1
        answer = self.plugin.mount(name, self.ref(user))
        if not answer.worked and not answer.failure:
            self.uses[name, user] -= 1
        return answer

    def unmount(self, name: str, user: str) -> Answer:
        """Unmount a volume for a user."""
        answer = self.plugin.unmount(name, self.ref(user))
        if answer.worked and self.uses[name, user]:
            self.uses[name, user] -= 1
        return answer

    def identity(self, place: str) -> tuple[int, int] | None:
        """Return what distinguishes the directory at a path of the plugin's from another."""
        return places.view(self.plugin.address).identity(place)

    def listed(self) -> list[str]:
        """Return the names of all volumes."""
        return [volume.name for volume in self.plugin.list().value or ()]

    def clean_up(self) -> Sequence[str]:
        """Remove what the checks have made, also what was made late; return what could not be removed."""
        self.plugin.wait_for_late_answers()
        if not self.tried:
            return ()
        there = set(self.listed())
        left = sorted(self.made | (self.tried & there))
        for name in left:
            for (volume, user), count in tuple(self.uses.items()):
                for _ in range(count if volume == name else 0):
                    self.unmount(name, user)
            self.remove(name)
        if left:
            there = set(self.listed())
        return [name for name in left if name in there or (name in self.made and self._exists(name))]

    def _exists(self, name: str) -> bool:
        got = self.plugin.get(name)
        return bool(got.failure) or got.value is not None
