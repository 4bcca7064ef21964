"""Conditions that select volumes, alone and combined.

Go: volume/service/by.go
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence
from dataclasses import dataclass
from typing import TypeAlias

from runtime.api.types.filters import Args
from runtime.volume.service.wrapper import VolumeWrapper

FilterFunc: TypeAlias = Callable[[VolumeWrapper], bool]
"""Whether a volume is selected.

Go: volume/service/store.go::filterFunc
"""


@dataclass(frozen=True, slots=True)
class ByDriver:
    """The volumes of these drivers.

    Go:
        volume/service/by.go::ByDriver
        volume/service/by.go::byDriver
    """

    drivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ByReferenced:
    """The volumes that are in use, or those that are not."""

    referenced: bool


@dataclass(frozen=True, slots=True)
class And:
    """The volumes that all conditions select.

    Go:
        volume/service/by.go::And
        volume/service/by.go::andCombinator
    """

    bys: tuple[By, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """The volumes that at least one condition selects.

    Go:
        volume/service/by.go::Or
        volume/service/by.go::orCombinator
    """

    bys: tuple[By, ...]


@dataclass(frozen=True, slots=True)
class CustomFilter:
    """The volumes that a function selects."""

    keep: FilterFunc


@dataclass(frozen=True, slots=True)
class FromList:
    """The volumes of a list that a condition selects; the others are removed from the list.

    Go:
        volume/service/by.go::FromList
        volume/service/by.go::fromList
    Differs:
        behaviour Find: works; in moby `Find` expects a value and FromList returns a pointer.
    """

    volumes: MutableSequence[VolumeWrapper]
    by: By | None


By: TypeAlias = ByDriver | ByReferenced | And | Or | CustomFilter | FromList
"""A condition.

Go: volume/service/by.go::By
"""


def by_label_filter(args: Args) -> By:
    """Return the condition that a volume has all labels of `label`, and lacks one of `label!`."""

    def keep(volume: VolumeWrapper) -> bool:
        labels = volume.labels
        if not args.match_kv_list("label", labels):
            return False
        return not args.contains("label!") or not args.match_kv_list("label!", labels)

    return CustomFilter(keep)
