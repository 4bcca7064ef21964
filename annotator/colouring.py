"""The colours of source files, kept by their bytes: telling words apart is slow."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec

from annotator.writing import code

if TYPE_CHECKING:
    from annotator.sources.cache import Cache


def colours(cache: Cache, files: Mapping[str, bytes], language: str) -> Mapping[str, code.Pieces]:
    """The coloured stretches of files in one language, by path."""
    made_by = f"{version('pygments')}:{language}"
    keys = {path: f"{made_by}:{hashlib.sha256(data).hexdigest()}" for path, data in files.items()}
    kept = cache.get_values("colours", set(keys.values()))
    decode = msgspec.msgpack.Decoder(code.Pieces).decode
    found = {path: decode(kept[key]) for path, key in keys.items() if key in kept}
    fresh = {path: code.pieces(files[path], language) for path in files if path not in found}
    cache.put_values("colours", {keys[path]: msgspec.msgpack.encode(made) for path, made in fresh.items()})
    return {**found, **fresh}
