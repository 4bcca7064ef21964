"""What pictures are drawn from beside the pages' own facts: read where a text asks for it, and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from annotator.errors import InvalidInput
from annotator.locks import Locking
from annotator.reading import golocks, pyimports
from annotator.reading.binding import Binder

if TYPE_CHECKING:
    from annotator.config import Project
    from annotator.imports import Package
    from annotator.session import Session
    from annotator.sources.cache import Cache
    from annotator.writing.prose import Prose


def packages(project: Project, cache: Cache, texts: Iterable[Prose]) -> tuple[Package, ...]:
    """The packages whose structure the texts show; a file is read again only where it has changed.

    Raises:
        InvalidInput: A package is not there, or a file of it is not Python.
    """
    asked = {folder: text.name for text in texts for folder in text.packages}
    data = {
        file.relative_to(project.root).as_posix(): file.read_bytes()
        for folder, text in asked.items()
        for file in _files(project.root, folder, text)
    }
    reader = Path(pyimports.__file__).read_bytes()
    keys = {
        path: hashlib.sha256(b"\0".join((reader, path.encode(), content))).hexdigest()
        for path, content in data.items()
    }
    kept = cache.get_values("imports", keys.values())
    decode = msgspec.msgpack.Decoder(pyimports.File).decode
    found = {path: decode(kept[key]) for path, key in keys.items() if key in kept}
    fresh = {path: pyimports.read(path, data[path]) for path in data if path not in found}
    cache.put_values("imports", {keys[path]: msgspec.msgpack.encode(made) for path, made in fresh.items()})
    names = (folder.replace("/", ".") for folder in asked)
    return pyimports.packages(names, {**found, **fresh})


def locking(at: Session, texts: Iterable[Prose], paths: Iterable[str]) -> Mapping[str, Locking]:
    """What some Go files say of locks, if a text shows any: read once for each state of the whole tree."""
    if not any(text.locks for text in texts):
        return {}
    modules = at.project.config.modules
    reader = hashlib.sha256(Path(golocks.__file__).read_bytes()).hexdigest()
    keys = {path: f"{at.tree.digest}:{','.join(modules)}:{reader}:{path}" for path in paths}
    kept = at.cache.get_values("locking", keys.values())
    decode = msgspec.msgpack.Decoder(Locking).decode
    found = {path: decode(kept[key]) for path, key in keys.items() if key in kept}
    lacking = [path for path in keys if path not in found]
    data, documents, binder = at.tree.read(lacking), at.tree.documents(lacking), Binder(at.tree, modules)
    fresh = {path: golocks.read(binder, path, data[path], documents[path]) for path in lacking}
    at.cache.put_values("locking", {keys[path]: msgspec.msgpack.encode(made) for path, made in fresh.items()})
    return {path: found.get(path) or fresh[path] for path in keys}


def _files(root: Path, folder: str, text: str) -> Iterator[Path]:
    found = sorted((root / folder).rglob("*.py"))
    if not found:
        raise InvalidInput(f"{text}.md:2: `packages` names {folder}, in which there is no Python file")
    yield from found
