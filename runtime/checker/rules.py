"""The rules for volume plugins, and the effect on the engine of breaking them."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final


class Severity(enum.StrEnum):
    """The severity of a broken rule."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for plugins: the severity of breaking it, and the effect on the engine."""

    severity: Severity
    engine: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a plugin breaks.

    Args:
        rule: Its name in `RULES`.
        detail: The plugin's answer, or another description.
    """

    rule: str
    detail: str

    @property
    def severity(self) -> Severity:
        """The severity of the rule."""
        return RULES[self.rule].severity

    @property
    def engine(self) -> str:
        """The effect on the engine."""
        return RULES[self.rule].engine


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a check, with its findings.

    Args:
        name: Its name.
        findings: The broken rules.
        skipped: Why it was skipped; empty if it was not.
        seconds: Its duration.
    """

    name: str
    findings: Sequence[Finding] = field(default_factory=tuple)
    skipped: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The result of checking a plugin."""

    address: str
    steps: Sequence[Step]

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(finding.severity is severity for step in self.steps for finding in step.findings)


def _error(engine: str) -> Rule:
    return Rule(Severity.ERROR, engine)


def _warning(engine: str) -> Rule:
    return Rule(Severity.WARNING, engine)


def _note(engine: str) -> Rule:
    return Rule(Severity.NOTE, engine)


RULES: Final[Mapping[str, Rule]] = {
    "unreachable": _error("It tries for 15 seconds; then the call fails, or the driver counts as not found."),
    "no-answer": _error("It tries the call again for 15 seconds, the second time with an empty body."),
    "too-slow": _error(
        "It waits two minutes for Create and Mount, one for all else, and has no limit for Activate."
    ),
    "slow": _warning("It waits; in dockerd `docker volume ls` waits for every plugin."),
    "reply-too-long": _error("dockerd reads it all into memory; the engine of this project refuses it."),
    "not-json": _error("The call fails with the text of the JSON decoder."),
    "wrong-type": _error("The call fails with the text of the JSON decoder."),
    "activate-fails": _error("The plugin cannot be used: every look-up fails until the handshake succeeds."),
    "not-a-volume-driver": _error('It says "Plugin does not implement the requested driver"; case matters.'),
    "calls-engine": _error("Its start hangs: it answers nobody before the plugin is active, and both wait."),
    "content-type": _note("Nothing: it looks at the body alone. Other clients may look."),
    "no-capabilities": _warning("It takes the scope for `local`."),
    "unknown-scope": _warning("It takes the scope for `local`, and says so in its log."),
    "error-without-text": _error(
        "The user reads an error that ends in a colon or in raw JSON, and nothing else."
    ),
    "error-as-text": _note("The user reads `VolumeDriver.METHOD: ` and the body as it is, newline included."),
    "unknown-volume-exists": _error(
        "It takes every name for a volume that exists, and never creates one with the given options."
    ),
    "unknown-volume-is-null": _note("It takes a missing volume in an answer of status 200 for no volume."),
    "unknown-volume-accepted": _warning("It believes that the call did what it was asked to."),
    "null-options": _error("Each creation whose request has no options fails: it sends `Opts: null`."),
    "bad-options-accepted": _warning("A mistyped option is kept with the volume and has no effect."),
    "create-fails": _error("No volume can be created."),
    "create-again-fails": _note("Nothing: it asks Get before, and does not create what is there."),
    "get-fails": _error("The volume is forgotten as soon as it is looked at."),
    "wrong-name": _error("The volume is listed and kept under a name that cannot be used."),
    "bad-time": _error("dockerd refuses the whole answer: the volume counts as missing."),
    "odd-time": _warning("dockerd 20.10 reads the time; one built with Go 1.20 or later refuses the answer."),
    "bad-status": _error("The whole answer counts as broken: the volume counts as missing."),
    "path-fails": _note("Nothing: it ignores the error, and shows no place for the volume."),
    "relative-path": _warning("`docker volume inspect` shows a place that leads nowhere."),
    "list-fails": _error("`docker volume ls` warns, and shows only volumes that it knows already."),
    "null-in-list": _error("dockerd ends with a panic; the engine of this project leaves it out."),
    "not-listed": _error("`docker volume ls` does not show the volume."),
    "listed-twice": _warning("The volume is listed twice."),
    "mount-fails": _error("No container that uses the volume starts."),
    "no-mountpoint": _error("The container starts with its own OCI bundle in the volume's place."),
    "relative-mountpoint": _error("The container does not start: the path is taken below its OCI bundle."),
    "mountpoint-missing": _error("The container does not start: the source of the mount does not exist."),
    "mountpoint-inside": _note(
        "Right for a managed plugin; of a plugin found by its socket, it looks for the path on the host."
    ),
    "mountpoint-not-shared": _error("It looks for the path on the host, where the mount is not visible."),
    "mountpoint-not-seen": _note(
        "Not judged: the plugin runs where the checker cannot look; run it as root."
    ),
    "mountpoints-differ": _error("Containers that share the volume see different data."),
    "path-differs": _warning("`docker volume inspect` shows another place than containers use."),
    "unmounted-too-early": _error("The first container that stops takes the volume away from the others."),
    "id-twice-refused": _error("`docker cp` mounts a running container's ID again, and fails."),
    "counts-ids-once": _error("`docker cp` mounts a running container's ID again: it takes the volume away."),
    "unmounted-by-stranger": _error(
        "It sends no wrong ID itself; but one unmount too many takes the volume from a container."
    ),
    "unmount-fails": _error("The volume stays mounted; the error is in the log alone."),
    "remove-fails": _error("The volume cannot be removed."),
    "still-there": _error("The volume that was removed is back in the next list."),
    "removed-while-mounted": _warning(
        "It refuses by itself while a container uses the volume; no other engine does."
    ),
    "lost-by-restart": _error("It does not mount again: running containers lose the volume."),
    "forgets-mounts": _warning(
        "It refuses by itself while a container uses the volume; no other engine does."
    ),
    "restart-fails": _error("Nothing: this is about the command given with --restart."),
    "loses-parallel-calls": _error("It calls from as many threads as it has requests; some of them fail."),
    "fails-after-garbage": _error("One broken request is the end of the plugin for all."),
    "unknown-method-accepted": _note("It does not call what is not in the protocol; newer engines may."),
    "left-behind": _error("Nothing: these volumes of the checker are for you to remove."),
}
"""All rules."""
