"""The Go files that the pages show, with what their identifiers name and their colours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial

import msgspec

from annotator import colouring, cores
from annotator.kept import Kept
from annotator.model import Use
from annotator.session import Session
from annotator.writing.places import Source

# Below so many bytes of Go a second process costs more than it saves.
_WORTH_A_PROCESS = 200_000

_USES = msgspec.msgpack.Decoder(tuple[Use, ...])


class _Made(msgspec.Struct, frozen=True, array_like=True):
    """What one process made, by path: the uses and the colours of some files, encoded."""

    uses: dict[str, bytes]
    colours: dict[str, bytes]


def sources(at: Session, folders: Iterable[str]) -> Mapping[str, Source]:
    """The Go files of some packages, tests apart; what is known of their bytes is not made again."""
    wanted = set(folders)
    paths = [
        path
        for path in at.tree.go_files
        if path.rpartition("/")[0] in wanted and not path.endswith("_test.go")
    ]
    documents, data = at.tree.documents(paths), at.tree.read(paths)
    uses, colours = _uses_kept(at, paths), colouring.kept(at.cache, data, "go")
    bare = [path for path in paths if path not in uses or path not in colours]
    for made in cores.shared(partial(_made, at, uses, colours), _shares(bare, data)):
        _keep(at, data, made)
        uses |= {path: _USES.decode(encoded) for path, encoded in made.uses.items()}
        colours |= {path: colouring.decode(encoded) for path, encoded in made.colours.items()}
    return {path: Source(data[path], documents[path], uses[path], colours[path]) for path in paths}


def _shares(paths: Iterable[str], data: Mapping[str, bytes]) -> list[list[str]]:
    """Package by package, as its files need the same things known."""
    packages: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        packages[path.rpartition("/")[0]].append(path)
    dealt = cores.dealt(packages, lambda path: len(data[path]))
    total = sum(len(data[path]) for hand in dealt for path in hand)
    return dealt if total >= _WORTH_A_PROCESS else [[path for hand in dealt for path in hand]][: len(dealt)]


def _made(at: Session, uses: Mapping[str, object], colours: Mapping[str, object], paths: list[str]) -> _Made:
    from annotator.reading.binding import Binder

    encode, binder = msgspec.msgpack.encode, Binder(at.tree, at.project.config.modules)
    data = at.tree.read(paths)
    return _Made(
        {path: encode(binder.uses(path)) for path in paths if path not in uses},
        {path: encode(colouring.made(data[path], "go")) for path in paths if path not in colours},
    )


def _keep(at: Session, data: Mapping[str, bytes], made: _Made) -> None:
    keys = _keys(at, made.uses)
    at.cache.put_values("uses", {keys[path]: encoded for path, encoded in made.uses.items()})
    colouring.keep(at.cache, data, "go", made.colours)


def _uses_kept(at: Session, paths: Iterable[str]) -> dict[str, tuple[Use, ...]]:
    """What the identifiers of some files name, where that was found out at this state of the whole tree."""
    return Kept(at.cache, "uses", tuple[Use, ...]).get(_keys(at, paths))


def _keys(at: Session, paths: Iterable[str]) -> dict[str, str]:
    modules = ",".join(at.project.config.modules)
    return {path: f"{at.tree.digest}:{modules}:{path}" for path in paths}
