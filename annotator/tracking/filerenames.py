"""Which files of one tree are which of another, told by their content."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from annotator.tracking.places import shared_tail

# Half of the lines, as git asks for; fewer where the file kept its name.
ALIKE = 0.5
ALIKE_BY_NAME = 0.35
# A line that more files share than this tells nothing.
_COMMON = 40
_SHORT = 4

Lines = Mapping[bytes, int]


def exact(gone: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Files that only changed their path, old to new.

    Both arguments are blob ids by path. Among files of the same content the paths with most parts
    in common from the end belong together; what stays open is left out.
    """
    places: dict[str, list[str]] = defaultdict(list)
    for path, blob in new.items():
        places[blob].append(path)
    pairs = [(old, other) for old, blob in gone.items() for other in places.get(blob, ())]
    return _assign((shared_tail(old, other), old, other) for old, other in pairs)


def similar(gone: Mapping[str, bytes], new: Mapping[str, bytes]) -> dict[str, str]:
    """Files that were edited as they changed their path, old to new; both are bytes by path."""
    before = {path: profile(data) for path, data in gone.items()}
    after = {path: profile(data) for path, data in new.items()}
    return _assign(_scores(before, after))


def profile(data: bytes) -> Lines:
    """A file's telling lines, counted; import paths are not, as whole trees change them at once."""
    counted = Counter(map(bytes.strip, data.split(b"\n")))
    return {
        line: count
        for line, count in counted.items()  # one call a line would be half of all the time
        if len(line) >= _SHORT and line[:2] != b"//" and not (line[-1:] == b'"' and _is_import(line))
    }


def _is_import(line: bytes) -> bool:
    return b"/" in line and line.count(b'"') == 2 and b"(" not in line  # noqa: PLR2004


def _scores(before: Mapping[str, Lines], after: Mapping[str, Lines]) -> Iterator[tuple[float, str, str]]:
    holders: dict[bytes, list[tuple[str, int]]] = defaultdict(list)
    for path, lines in after.items():
        for line, count in lines.items():
            holders[line].append((path, count))
    common = {line: files for line, files in holders.items() if len(files) <= _COMMON}
    totals = {path: sum(lines.values()) for path, lines in after.items()}
    for old, lines in before.items():
        total = sum(lines.values())
        for new, shared in _shared(lines, common).items():
            score = 2 * shared / (total + totals[new])
            tail = shared_tail(old, new) if score >= ALIKE_BY_NAME else 0
            if score >= (ALIKE_BY_NAME if tail else ALIKE):
                yield score + 0.05 * min(tail, 3), old, new


def _shared(lines: Lines, holders: Mapping[bytes, list[tuple[str, int]]]) -> Mapping[str, int]:
    """How many of a file's lines each other file has."""
    shared: dict[str, int] = defaultdict(int)
    for line in lines.keys() & holders.keys():
        count = lines[line]
        for path, theirs in holders[line]:
            shared[path] += min(count, theirs)
    return shared


def _assign(scored: Iterable[tuple[float, str, str]]) -> dict[str, str]:
    """Each file with at most one other, the most alike first; a tie for the same file is no answer."""
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    ranked = sorted(scored, reverse=True)
    tied = _tied(ranked)
    for pair in ranked:
        _, old, new = pair
        if old not in chosen and new not in taken:
            taken.add(new)
            if pair not in tied:
                chosen[old] = new
    return chosen


def _tied(ranked: list[tuple[float, str, str]]) -> set[tuple[float, str, str]]:
    """The pairs whose score another pair of the same old or new file has too."""
    olds = Counter((score, old) for score, old, _ in ranked)
    news = Counter((score, new) for score, _, new in ranked)
    return {pair for pair in ranked if olds[pair[0], pair[1]] > 1 or news[pair[0], pair[2]] > 1}
