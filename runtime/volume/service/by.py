"""Which volumes are meant: conditions, alone and combined.

Go: volume/service/by.go, volume/service/store.go, volume/service/service.go, volume/service/convert.go
"""

from __future__ import annotations

from collections.abc import Callable, Collection, MutableSequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from runtime.api.types.filters import Args, InvalidFilter
from runtime.volume.service.wrapper import VolumeWrapper

FilterFunc: TypeAlias = Callable[[VolumeWrapper], bool]
"""Whether a volume is meant.

Go: volume/service/store.go::filterFunc
"""

ACCEPTED_PRUNE_FILTERS: Final = frozenset({"label", "label!"})
"""What a client may filter by when it prunes.

Go: volume/service/service.go::acceptedPruneFilters
"""

ACCEPTED_LIST_FILTERS: Final = frozenset({"dangling", "name", "driver", "label"})
"""What a client may filter by when it lists.

Go: volume/service/service.go::acceptedListFilters
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
    """The volumes that somebody uses, or those that nobody uses."""

    referenced: bool


@dataclass(frozen=True, slots=True)
class And:
    """The volumes that all conditions mean.

    Go:
        volume/service/by.go::And
        volume/service/by.go::andCombinator
    """

    bys: tuple[By, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """The volumes that one of the conditions means.

    Go:
        volume/service/by.go::Or
        volume/service/by.go::orCombinator
    """

    bys: tuple[By, ...]


@dataclass(frozen=True, slots=True)
class CustomFilter:
    """The volumes for which a function says so."""

    keep: FilterFunc


@dataclass(frozen=True, slots=True)
class FromList:
    """The volumes of a list that a condition means; the list is left with those.

    Go:
        volume/service/by.go::FromList
        volume/service/by.go::fromList
    Differs:
        behaviour Find: works; moby's function returns a pointer, and its only reader takes values.
        field ls: called volumes.
    """

    volumes: MutableSequence[VolumeWrapper]
    by: By | None


By: TypeAlias = ByDriver | ByReferenced | And | Or | CustomFilter | FromList
"""A condition.

Go: volume/service/by.go::By
"""


def filter_by_driver(names: Collection[str]) -> FilterFunc:
    """Whether a volume is of one of these drivers."""
    return lambda volume: volume.driver_name in names


def by_label_filter(args: Args) -> By:
    """The volumes that have all labels of `label`, and not all of `label!`."""

    def keep(volume: VolumeWrapper) -> bool:
        labels = volume.labels
        if not args.match_kv_list("label", labels):
            return False
        return not args.contains("label!") or not args.match_kv_list("label!", labels)

    return CustomFilter(keep)


def filters_to_by(args: Args, accepted: Collection[str]) -> By | None:
    """The condition that a client's filters stand for; None for all volumes.

    Raises:
        InvalidFilter: A filter does not exist, or does not take its value.

    Differs:
        behaviour label: not looked at if no filter asks for labels.
    """
    args.validate(accepted)
    bys: list[By] = []
    if drivers := args.get("driver"):
        bys.append(ByDriver(drivers))
    if args.contains("name"):
        bys.append(CustomFilter(lambda volume: args.match("name", volume.name)))
    if args.contains("label") or args.contains("label!"):
        bys.append(by_label_filter(args))
    if args.contains("dangling"):
        bys.append(ByReferenced(not _dangling(args)))
    if len(bys) > 1:
        return And(tuple(bys))
    return bys[0] if bys else None


def _dangling(args: Args) -> bool:
    if args.exact_match("dangling", "true") or args.exact_match("dangling", "1"):
        return True
    if args.exact_match("dangling", "false") or args.exact_match("dangling", "0"):
        return False
    raise InvalidFilter("dangling", args.get("dangling"))


def has_no_options(volume: VolumeWrapper) -> bool:
    """Whether a volume was made without options; one with options may well be somewhere else."""
    return not volume.options


def unique(volumes: MutableSequence[VolumeWrapper]) -> None:
    """Leave the first volume of each name in a list.

    Differs:
        call filter: the first of each name is kept in a dict.
    """
    first: dict[str, VolumeWrapper] = {}
    for volume in volumes:
        first.setdefault(volume.name, volume)
    volumes[:] = list(first.values())


def filter_in_place(volumes: MutableSequence[VolumeWrapper], fn: FilterFunc) -> None:
    """Leave those of a list for which a function says so, in their order.

    Go: volume/service/store.go::filter
    """
    volumes[:] = [volume for volume in volumes if fn(volume)]
