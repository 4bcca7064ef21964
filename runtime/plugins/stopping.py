"""Making a plugin end: asked first, then forced."""

from __future__ import annotations

import logging
import signal

from runtime.errors import EngineError, NotFound
from runtime.plugins.controller import Controller
from runtime.plugins.executor.protocol import Executor
from runtime.plugins.logs import failure
from runtime.plugins.patience import Clock, Timings
from runtime.plugins.plugin import Plugin

log = logging.getLogger(__name__)


def shutdown_plugin(p: Plugin, c: Controller, executor: Executor, timings: Timings, clock: Clock) -> None:
    """Send SIGTERM and wait for the end, then SIGKILL and wait again.

    Go:
        plugin/manager_linux.go::shutdownPlugin

    Differs:
        param ec: called `c`: the controller, which has the channel as its `exit_chan`.
        extra timings: moby waits 10 s each time.
        extra clock: the time, which tests replace; moby asks the system.
        behaviour gone: nothing is done if nothing runs; if it ends by itself meanwhile, that is waited for.
    """
    if not c.running:
        return
    _send(p, executor, signal.SIGTERM)
    if clock.wait(c.exit_chan, timings.terminate):
        log.debug("Clean shutdown of plugin", extra={"id": p.get_id()})
        return
    log.debug("Force shutdown plugin", extra={"id": p.get_id()})
    _send(p, executor, signal.SIGKILL)
    ended = clock.wait(c.exit_chan, timings.kill)
    log.debug(
        "SIGKILL plugin shutdown" if ended else "Force shutdown plugin FAILED", extra={"id": p.get_id()}
    )


def _send(p: Plugin, executor: Executor, number: signal.Signals) -> None:
    try:
        executor.signal(p.get_id(), number)
    except NotFound as error:
        log.debug("%s not sent: %s", number.name, error, extra={"id": p.get_id()})
    except (EngineError, OSError) as error:
        failure(log, f"Sending {number.name} to plugin failed with error: {error}", error, id=p.get_id())
