"""The Go files that the pages show: what their identifiers name, their colours, and who takes which lock."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import msgspec

from annotator import colouring, cores
from annotator.errors import counted
from annotator.kept import Kept
from annotator.locks import Locking
from annotator.model import Use
from annotator.session import Session
from annotator.writing.code import Coloured
from annotator.writing.places import Source

if TYPE_CHECKING:
    from annotator.reading.binding import Binder

_LOG = logging.getLogger(__name__)

# Below so many bytes of Go a second process costs more than it saves.
_WORTH_A_PROCESS = 200_000

_USES = msgspec.msgpack.Decoder(tuple[Use, ...])
_LOCKING = msgspec.msgpack.Decoder(Locking)

T = TypeVar("T")


class Shown(msgspec.Struct, frozen=True):
    """The files by path, and what they say of locks where that was asked."""

    sources: Mapping[str, Source]
    locking: Mapping[str, Locking]


class _Lacking(msgspec.Struct, frozen=True):
    """The files of which something is not known."""

    uses: frozenset[str]
    colours: frozenset[str]
    locking: frozenset[str]

    def __contains__(self, path: str) -> bool:
        return any(path in found for found in (self.uses, self.colours, self.locking))


class _Made(msgspec.Struct, frozen=True, array_like=True):
    """What one process made of some files, by path and encoded."""

    uses: dict[str, bytes]
    colours: dict[str, bytes]
    locking: dict[str, bytes]


def shown(at: Session, folders: Iterable[str], *, locks: bool) -> Shown:
    """The Go files of some packages, tests apart; what is known of their bytes is not made again.

    Args:
        at: The open source.
        folders: The packages' folders.
        locks: Whether it is asked what the files say of locks.
    """
    wanted = set(folders)
    paths = [
        path
        for path in at.tree.go_files
        if path.rpartition("/")[0] in wanted and not path.endswith("_test.go")
    ]
    documents, data = at.tree.documents(paths), at.tree.read(paths)
    uses, colours = _kept(at, "uses", tuple[Use, ...], paths), colouring.kept(at.cache, data, "go")
    asked = paths if locks else []
    locking = _kept(at, "locking", Locking, asked)
    lacking = _Lacking(
        frozenset(paths) - uses.keys(), frozenset(paths) - colours.keys(), frozenset(asked) - locking.keys()
    )
    bare = [path for path in paths if path in lacking]
    if bare:
        _LOG.info("resolving names in %s", counted(len(bare), "Go file"))
    for made in cores.shared(_Maker(at, lacking), _shares(bare, data)):
        _keep(at, data, made)
        uses |= {path: _USES.decode(encoded) for path, encoded in made.uses.items()}
        colours |= {path: colouring.decode(encoded) for path, encoded in made.colours.items()}
        locking |= {path: _LOCKING.decode(encoded) for path, encoded in made.locking.items()}
    return Shown(
        {path: Source(data[path], documents[path], uses[path], Coloured(colours[path])) for path in paths},
        {path: locking[path] for path in asked},
    )


def _shares(paths: Sequence[str], data: Mapping[str, bytes]) -> list[list[str]]:
    """Package by package, as its files need the same things known; a large one in parts."""
    total = sum(len(data[path]) for path in paths)
    if total < _WORTH_A_PROCESS:
        return [[*paths]] if paths else []
    parts: dict[str, list[str]] = defaultdict(list)
    before: Counter[str] = Counter()  # the bytes of a package's files that are dealt
    for path in paths:
        package = path.rpartition("/")[0]
        parts[f"{package} {before[package] * cores.portions() // total}"].append(path)
        before[package] += len(data[path])
    return cores.dealt(parts, lambda path: len(data[path]))


class _Maker:
    """Makes what is lacking of some files; what its process found out for one share serves the next."""

    def __init__(self, at: Session, lacking: _Lacking) -> None:
        self._at, self._lacking = at, lacking

    @cached_property
    def _binder(self) -> Binder:
        from annotator.reading.binding import Binder

        return Binder(self._at.tree, self._at.project.config.modules)

    def __call__(self, paths: list[str]) -> _Made:
        from annotator.reading import golocks

        encode, binder, lacking = msgspec.msgpack.encode, self._binder, self._lacking
        data, documents = self._at.tree.read(paths), self._at.tree.documents(paths)
        return _Made(
            locking={  # which asks the binder for the uses, too
                path: encode(golocks.read(binder, path, data[path], documents[path]))
                for path in paths
                if path in lacking.locking
            },
            uses={path: encode(binder.uses(path)) for path in paths if path in lacking.uses},
            colours={
                path: encode(colouring.made(data[path], "go")) for path in paths if path in lacking.colours
            },
        )


def _keep(at: Session, data: Mapping[str, bytes], made: _Made) -> None:
    for kind, values in (("uses", made.uses), ("locking", made.locking)):
        keys = _keys(at, values)
        at.cache.put_values(kind, {keys[path]: encoded for path, encoded in values.items()})
    colouring.keep(at.cache, data, "go", made.colours)


def _kept(at: Session, kind: str, shape: type[T], paths: Iterable[str]) -> dict[str, T]:
    """What was found out of some files at this state of the whole tree."""
    return Kept(at.cache, kind, shape).get(_keys(at, paths))


def _keys(at: Session, paths: Iterable[str]) -> dict[str, str]:
    modules = ",".join(at.project.config.modules)
    return {path: f"{at.tree.digest}:{modules}:{path}" for path in paths}
