"""What a volume plugin has to do, and what the engine makes of one that does not."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final


class Severity(enum.StrEnum):
    """How bad it is that a rule is broken."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that a plugin has to do.

    Args:
        severity: How bad it is if it does not.
        engine: What the engine makes of it then.
    """

    severity: Severity
    engine: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a plugin breaks.

    Args:
        rule: Its name in `RULES`.
        detail: What the plugin did.
    """

    rule: str
    detail: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return RULES[self.rule].severity

    @property
    def engine(self) -> str:
        """What the engine makes of it."""
        return RULES[self.rule].engine


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a check: what was asked, and what was found.

    Args:
        name: What was checked.
        findings: The rules that were broken; none if all is well.
        skipped: Why it was not checked; empty if it was.
        seconds: How long it took.
    """

    name: str
    findings: Sequence[Finding] = field(default_factory=tuple)
    skipped: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What was found about a plugin."""

    address: str
    steps: Sequence[Step]

    def count(self, severity: Severity) -> int:
        """How many findings are that bad."""
        return sum(finding.severity is severity for step in self.steps for finding in step.findings)


def _error(engine: str) -> Rule:
    return Rule(Severity.ERROR, engine)


def _warning(engine: str) -> Rule:
    return Rule(Severity.WARNING, engine)


def _note(engine: str) -> Rule:
    return Rule(Severity.NOTE, engine)


RULES: Final[Mapping[str, Rule]] = {
    "unreachable": _error("It tries for 15 seconds, and then says that the plugin was not found."),
    "no-answer": _error("It tries the call again for 15 seconds, the second time with an empty body."),
    "too-slow": _error(
        "It waits for two minutes for Create and Mount and one for all else, five times over."
    ),
    "slow": _warning("It waits; `docker volume ls` waits for every plugin."),
    "reply-too-long": _error("moby reads it all into memory; the engine of this project refuses it."),
    "not-json": _error("The call fails with the words of the JSON decoder."),
    "wrong-type": _error("The call fails with the words of the JSON decoder, or the field counts as absent."),
    "activate-fails": _error("The plugin cannot be used: every look-up fails until the handshake succeeds."),
    "not-a-volume-driver": _error('It says "Plugin does not implement the requested driver"; case matters.'),
    "content-type": _note("Nothing: it looks at the body alone. Other clients may look."),
    "no-capabilities": _warning("It takes the scope for `local`."),
    "unknown-scope": _warning("It takes the scope for `local`, and says so in its log."),
    "error-without-text": _error("The user reads an error that ends in a colon, and nothing else."),
    "error-as-text": _note("The user reads `VolumeDriver.METHOD: ` and the body as it is, newline included."),
    "error-in-success": _note("Nothing: an `Err` in an answer of status 200 is an error like any other."),
    "unknown-volume-exists": _error(
        "It takes every name for a volume that exists, and never creates one with the given options."
    ),
    "unknown-volume-is-null": _note("It takes a missing volume in an answer of status 200 for no volume."),
    "unknown-volume-accepted": _warning("It believes that the call did what it was asked to."),
    "null-options": _error("Every `docker volume create` without `-o` fails: it sends `Opts: null`."),
    "bad-options-accepted": _warning("A mistyped option is kept with the volume and has no effect."),
    "create-fails": _error("No volume can be created."),
    "create-again-fails": _note("Nothing: it asks Get before, and does not create what is there."),
    "get-fails": _error("The volume is forgotten as soon as it is looked at."),
    "wrong-name": _error("The volume is listed and kept under a name that cannot be used."),
    "bad-time": _error("The whole answer counts as broken, so that the volume cannot be used."),
    "bad-status": _error("The whole answer counts as broken, so that the volume cannot be used."),
    "not-listed": _error(
        "`docker volume ls` does not show the volume, and a restart of the engine loses it."
    ),
    "listed-twice": _warning("The volume is listed twice."),
    "mount-fails": _error("No container that uses the volume starts."),
    "no-mountpoint": _error("The container starts with an empty directory of the host's root in its place."),
    "relative-mountpoint": _error("The container does not start: a mount's source must be absolute."),
    "mountpoint-missing": _error("The container does not start: the source of the mount does not exist."),
    "mountpoints-differ": _error("Containers that share the volume see different data."),
    "path-differs": _warning("`docker volume inspect` shows another place than containers use."),
    "unmounted-too-early": _error("The first container that stops takes the volume away from the others."),
    "unmount-fails": _error("The container cannot be removed cleanly, and the volume stays in use."),
    "remove-fails": _error("The volume cannot be removed."),
    "still-there": _error("The volume that was removed is back in the next list."),
    "removed-while-mounted": _warning(
        "It never asks for that itself, but `docker volume rm -f` after a crash may."
    ),
    "loses-parallel-calls": _error("It calls from as many threads as it has requests; some of them fail."),
    "fails-after-garbage": _error("One broken request is the end of the plugin for all."),
    "unknown-method-accepted": _note("It does not call what is not in the protocol; newer engines may."),
}
"""All rules."""
