"""`date` as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from rich.text import Text as Styled

from annotator.errors import counted, printable
from annotator.model.reference import Dating

_SHOWN = 3


def json(found: Dating) -> str:
    """Return the result as JSON."""
    value = {
        "references": found.references,
        "silent": found.silent,
        "tags": [{"tag": each.tag, "exact": each.exact} for each in found.tags],
        "best": list(found.best),
        "near": [
            {
                "tag": each.tag,
                "exact": each.exact,
                "off": [
                    {
                        "path": off.reference.path,
                        "symbol": off.reference.symbol,
                        "line": off.reference.line,
                        "reason": off.reason,
                    }
                    for off in each.off
                ],
            }
            for each in found.near
        ],
    }
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def text(found: Dating) -> Iterator[Styled]:
    """Return lines for a terminal: the best tags, then the nearest others with their mismatches."""
    exact = {each.tag: each.exact for each in found.tags}
    telling = found.references - found.silent
    references = counted(found.references, "reference")
    if not found.best:
        yield Styled(f"none of {references} is exact at any of {counted(len(found.tags), 'tag')}")
        return
    most = exact[found.best[0]]
    yield Styled.assemble(
        (f"{most} of {telling}", "green"), f" references are exact at {counted(len(found.best), 'tag')}:"
    )
    yield Styled(f"  {printable(' '.join(found.best))}")
    if found.silent:
        cite = "cites a line" if found.silent == 1 else "cite lines"
        yield Styled(f"  {found.silent} more {cite} that tell no tag from another")
    for each in found.near:
        yield Styled.assemble((f"{each.exact} of {telling}", "yellow"), f" at {printable(each.tag)}; off:")
        for off in each.off[:_SHOWN]:
            yield Styled(f"  {printable(off.reason)}")
        if len(each.off) > _SHOWN:
            yield Styled(f"  and {len(each.off) - _SHOWN} more")
