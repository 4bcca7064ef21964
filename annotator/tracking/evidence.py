"""Compares what the words around a reference claim with the code at its origin."""

from __future__ import annotations

import msgspec

from annotator.golang.source_tree import SourceTree
from annotator.model.reference import Code, Evidence, Mistaken, Reference, Unknown


class Judgement(msgspec.Struct, frozen=True):
    """What the words around a reference name, and the verdict if they settle it.

    Attributes:
        evidence: One for each claim that can be compared.
        outcome: `Mistaken` if they contradict the cited place at its origin; its `named` is an anchor at
            the origin, which the caller follows to the requested tag. `Unknown` if the reference stands
            in a program's output or names a file that the document itself shows.
    """

    evidence: tuple[Evidence, ...] = ()
    outcome: Mistaken | Unknown | None = None


def judge(reference: Reference, origin: SourceTree) -> Judgement:
    """Compare the claims of a reference with the cited place at its origin.

    Args:
        reference: The reference with its complete path.
        origin: The repository at the tag or commit at which the reference was written.
    """
    if reference.in_output:
        return Judgement(outcome=Unknown("it is the output of a program", Code.PROGRAM_OUTPUT))
    del origin  # claims are compared in the next step
    return Judgement()


def narrow(reference: Reference, origin: SourceTree) -> Reference:
    """Complete a reference by what its claims prove: the method that a sentence names, a listing's line.

    Args:
        reference: The reference with its complete path.
        origin: The repository at the tag or commit at which the reference was written.

    Returns:
        The reference with a full symbol or a line, or as it is.
    """
    del origin  # as above
    return reference
