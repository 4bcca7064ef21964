"""The colours of source files, kept by their bytes: telling words apart is slow."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec

from annotator.kept import Kept
from annotator.writing import code

if TYPE_CHECKING:
    from annotator.sources.cache import Cache

decode = msgspec.msgpack.Decoder(code.Pieces).decode
made = code.pieces


def colours(cache: Cache, files: Mapping[str, bytes], language: str) -> Mapping[str, code.Pieces]:
    """The coloured stretches of files in one language, by path."""
    known = kept(cache, files, language)
    fresh = {path: made(files[path], language) for path in files if path not in known}
    keep(cache, files, language, {path: msgspec.msgpack.encode(found) for path, found in fresh.items()})
    return {**known, **fresh}


def kept(cache: Cache, files: Mapping[str, bytes], language: str) -> dict[str, code.Pieces]:
    """Those that are known already."""
    return Kept(cache, "colours", code.Pieces).get(_keys(files, files, language))


def keep(cache: Cache, files: Mapping[str, bytes], language: str, encoded: Mapping[str, bytes]) -> None:
    """Keep the encoded colours of some files."""
    keys = _keys(files, encoded, language)
    cache.put_values("colours", {keys[path]: value for path, value in encoded.items()})


def _keys(files: Mapping[str, bytes], paths: Iterable[str], language: str) -> dict[str, str]:
    made_by = f"{version('pygments')}:{language}"
    return {path: f"{made_by}:{hashlib.sha256(files[path]).hexdigest()}" for path in paths}
