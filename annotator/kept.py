"""Values that are made once, and kept under a key that names all that they rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

import msgspec

K = TypeVar("K")
T = TypeVar("T")


class Values(Protocol):
    """Where values are kept, encoded, by kind and key."""

    def get_values(self, kind: str, keys: Iterable[str]) -> Mapping[str, bytes]:
        """Those that are kept."""
        ...

    def put_values(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep them."""
        ...


class Kept(Generic[T]):
    """The values of one kind, all of one shape; what does not fit the shape counts as not kept."""

    def __init__(self, values: Values, kind: str, shape: type[T]) -> None:
        self._values, self._kind = values, kind
        self._decode = msgspec.msgpack.Decoder(shape).decode

    def get(self, keys: Mapping[K, str]) -> dict[K, T]:
        """The values that are kept of what has these keys."""
        kept = self._values.get_values(self._kind, set(keys.values()))
        found: dict[K, T] = {}
        for each, key in keys.items():
            with suppress(KeyError, msgspec.MsgspecError):
                found[each] = self._decode(kept[key])
        return found

    def put(self, values: Mapping[str, T]) -> None:
        """Keep values by their keys."""
        encode = msgspec.msgpack.encode
        self._values.put_values(self._kind, {key: encode(value) for key, value in values.items()})

    def all(self, keys: Mapping[K, str], make: Callable[[list[K]], Mapping[K, T]]) -> dict[K, T]:
        """The values of all that has these keys; what is not kept is made, together, and kept."""
        found = self.get(keys)
        lacking = [each for each in keys if each not in found]
        made = make(lacking) if lacking else {}
        if made:
            self.put({keys[each]: value for each, value in made.items()})
        return {each: found[each] if each in found else made[each] for each in keys}

    def one(self, key: str, make: Callable[[], T]) -> T:
        """The value of a key, made if it is not kept."""
        return self.all({key: key}, lambda _: {key: make()})[key]
