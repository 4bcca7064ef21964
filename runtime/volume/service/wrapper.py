"""A volume with what the store knows of it.

Go: volume/service/store.go, volume/service/convert.go
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from runtime.api.types.volume import Volume as APIVolume
from runtime.errdefs import EngineError
from runtime.golang.strconv import located, quote
from runtime.volume.drivers.extpoint import Store
from runtime.volume.drivers.probing import Answer
from runtime.volume.volume import DEFAULT_DRIVER_NAME, Driver, Unreachable, Volume, answers_at_once

if TYPE_CHECKING:
    from runtime.volume.service.store import VolumeStore


class PathCacher(Protocol):
    """A volume that remembers where it is."""

    def cached_path(self) -> str:
        """Where it is, if that is known without asking."""
        ...


class VolumeWrapper:
    """A volume, its labels and options, and its driver's scope; nothing of that changes.

    Go:
        volume/service/store.go::volumeWrapper
        volume/service/store.go::volumeWrapper.Options
        volume/service/store.go::volumeWrapper.Labels
        volume/service/store.go::volumeWrapper.Scope
    Differs:
        extra api: what the API says of a local volume, made once.
        behaviour copy: labels and options are handed out as they are, for reading.
        extras name, driver_name: of the volume, which moby embeds.
    """

    __slots__ = ("api", "labels", "options", "scope", "volume")

    def __init__(
        self,
        volume: Volume,
        labels: Mapping[str, str] | None,
        scope: str,
        options: Mapping[str, str] | None,
    ) -> None:
        self.volume = volume
        self.labels = labels
        self.scope = scope
        self.options = options
        self.api: APIVolume | None = None

    @property
    def name(self) -> str:
        """The volume's name."""
        return self.volume.name

    @property
    def driver_name(self) -> str:
        """Its driver's name."""
        return self.volume.driver_name

    def path(self) -> str:
        """Where it is; its driver is asked if need be."""
        return self.volume.path()

    def cached_path(self) -> str:
        """Where it is, if that is known without asking."""
        cached: Callable[[], str] = getattr(self.volume, "cached_path", self.volume.path)
        return cached()

    def mount(self, ref: str) -> str:
        """Make it ready for use."""
        return self.volume.mount(ref)

    def unmount(self, ref: str) -> None:
        """End a use."""
        self.volume.unmount(ref)

    def created_at(self) -> datetime | None:
        """When it was made."""
        return self.volume.created_at()

    def status(self) -> Mapping[str, Any] | None:
        """What its driver tells about it."""
        return self.volume.status()


class UnavailableVolume:
    """A volume whose driver is not there: what the record says is all that is known.

    Args:
        name: Its name.
        driver_name: Its driver's.
    """

    __slots__ = ("driver_name", "name")

    def __init__(self, name: str, driver_name: str) -> None:
        self.name = name
        self.driver_name = driver_name

    def path(self) -> str:
        """Nowhere."""
        return ""

    cached_path = path

    def mount(self, ref: str) -> str:
        """It cannot be.

        Raises:
            EngineError: Always.
        """
        raise self._unavailable(ref)

    def unmount(self, ref: str) -> None:
        """It cannot be.

        Raises:
            EngineError: Always.
        """
        raise self._unavailable(ref)

    def created_at(self) -> datetime | None:
        """Nobody knows."""
        return None

    def status(self) -> Mapping[str, Any] | None:
        """Nothing."""
        return None

    def _unavailable(self, ref: str) -> EngineError:
        return EngineError(
            f"volume {self.name}, used by {ref}: its driver {self.driver_name} is not available"
        )


def unwrap_volume(v: VolumeWrapper) -> Volume:
    """The volume as its driver made it."""
    return v.volume


log = logging.getLogger(__name__)


def lookup_volume(store: Store, driver_name: str, volume_name: str) -> Volume | None:
    """The volume, if its driver has it; None if the driver says that it has not.

    Raises:
        EngineError: There is no such driver, or it cannot be asked.

    Differs:
        param ctx: one call of a driver cannot be called off.
        behaviour garbage: an answer that cannot be understood says nothing; moby takes it for a no, and
            forgets the volume.
    """
    driver_name = driver_name or DEFAULT_DRIVER_NAME
    try:
        return ask(store.get_driver(driver_name), volume_name)
    except EngineError as error:
        raise error.with_text(
            f"error while checking if volume {quote(volume_name)} exists in driver {quote(driver_name)}"
        ) from error


def ask(vd: Driver, volume_name: str) -> Volume | None:
    """The volume, if this driver has it.

    Raises:
        Unreachable: The driver cannot be asked.
    """
    try:
        return vd.get(volume_name)
    except Unreachable:
        raise
    except OSError as error:
        raise Unreachable(located(error)) from error
    except EngineError as error:
        log.debug("Error while looking up volume: driver %s, volume %s: %s", vd.name, volume_name, error)
        return None


def volume_exists(store: Store, v: Volume) -> bool:
    """Whether the volume's driver still has it.

    Raises:
        EngineError: The driver cannot be asked.

    Differs:
        param ctx: one call of a driver cannot be called off.
    """
    return lookup_volume(store, v.driver_name, v.name) is not None


def all_drivers(store: VolumeStore) -> tuple[Sequence[Driver], Sequence[str]]:
    """All drivers that are found within the bound; if plugins cannot be, those that are known, and a warning.

    Raises:
        EngineError: The plugins cannot be listed.
    """
    if store.drivers.plugin_getter is None:
        return store.drivers.get_all_drivers(), ()
    answer = store.probes.ask({PLUGINS: store.drivers.get_all_drivers})[PLUGINS]
    if answer.value is not None:
        return answer.value, ()
    if answer.error is not None and not isinstance(answer.error, Unreachable):
        raise answer.error
    known = store.drivers.registered(store.drivers.get_driver_list()) or ()
    return known, (f"list: error listing plugins: {answer.error}",)


def list_drivers(
    store: VolumeStore, drivers: Sequence[Driver], *, patient: bool = False
) -> dict[str, Answer[Sequence[Volume]]]:
    """Ask each driver for its volumes; those of this process directly, the others side by side.

    Args:
        store: The store.
        drivers: Whom to ask.
        patient: Whether to try again for a while when nobody answers.
    """
    answers: dict[str, Answer[Sequence[Volume]]] = {}
    questions: dict[str, Callable[[], Sequence[Volume]]] = {}
    for vd in drivers:
        if answers_at_once(vd):
            answers[vd.name] = Answer(vd.list())
        else:
            questions[vd.name] = vd.list if patient else getattr(vd, "list_once", vd.list)
    if questions:
        answers.update(store.probes.ask(questions))
    return answers


def missing_driver(store: VolumeStore, name: str) -> EngineError:
    """Return why a driver is not among those that can be asked."""
    return store.drivers.problem(name) or Unreachable(f"volume driver {name} does not answer")


PLUGINS = " plugins"
"""The name under which the search for plugins is asked; no driver has it."""
