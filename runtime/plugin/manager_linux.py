"""Whether a plugin listens on its socket.

Go: plugin/manager_linux.go, plugin/manager.go
"""

from __future__ import annotations

import logging
import os
import posixpath
import signal
import socket
import threading
from concurrent.futures import wait
from functools import partial
from pathlib import Path

from runtime import workers
from runtime.daemon import initlayer
from runtime.errdefs import EngineError, NotFound
from runtime.oci import Spec
from runtime.pkg import mount
from runtime.pkg.plugins.plugins import PROTOCOL_SCHEME_HTTP_V1
from runtime.pkg.plugins.transport import connect_unix
from runtime.pkg.stringid import below
from runtime.pkg.system import ensure_remove_all
from runtime.plugin import defs
from runtime.plugin.defs import (
    Clock,
    Closes,
    Controller,
    Executor,
    LastLines,
    ManagerConfig,
    Stopped,
    Timings,
    make_logger_streams,
)
from runtime.plugin.errors import Disabled, Enabled, failure
from runtime.plugin.v2.plugin import PROPAGATED_MOUNT, Plugin

log = logging.getLogger(__name__)

_CAPABILITIES = ("volumedriver", "graphdriver")


def prepare(plugin: Plugin) -> None:
    """Make the propagated mount of a volume or graph driver; move it from where older engines had it.

    A part of moby's reload; here only a directory below the root file system is moved, never through a link.
    """
    obj = plugin.plugin_obj
    drives = any(
        kind.capability in _CAPABILITIES and kind.prefix == "docker" and kind.version.startswith("1.")
        for kind in plugin.get_types()
    )
    if not (drives and obj.config.propagated_mount and plugin.rootfs):
        return
    directory = Path(plugin.rootfs).parent / PROPAGATED_MOUNT
    if not directory.exists():
        _migrate(Path(plugin.rootfs), obj.config.propagated_mount, directory)
    _make(directory)


def share(plugin: Plugin) -> Path | None:
    """Make and share the directory, if the plugin has one.

    Without the right to mount it is not shared, which is only logged: then no container could see it anyway.

    Raises:
        EngineError: `error setting up propagated mount dir`.
    """
    if not plugin.plugin_obj.config.propagated_mount:
        return None
    directory = Path(plugin.rootfs).parent / PROPAGATED_MOUNT
    _make(directory)
    try:
        mount.make_r_shared(directory)
    except PermissionError as error:
        log.debug("the propagated mount is not shared: %s", error, extra={"id": plugin.get_id()})
    except OSError as error:
        raise EngineError(f"error setting up propagated mount dir: {error}", error) from error
    return directory


def unshare(directory: Path) -> None:
    """Detach what `share` has mounted."""
    try:
        mount.unmount(directory)
    except OSError as error:
        log.warning("Could not unmount %s: %s", directory, error)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        failure(log, f"failed to create PropagatedMount directory at {directory}: {error}", error)


def _migrate(rootfs: Path, inside: str, directory: Path) -> None:
    rootfs = rootfs.resolve()
    old = rootfs / os.path.normpath(f"/{inside}").lstrip("/")
    if old == rootfs or not old.is_dir() or old.resolve() != old:
        return
    try:
        old.rename(directory)
    except OSError as error:
        failure(log, "error migrating propagated mount storage", error, dir=str(directory))


def socket_path(exec_root: Path, plugin_id: str, name: str) -> Path:
    """EXEC/ID/NAME; a name such as `../x` does not lead out of EXEC/ID."""
    return exec_root / plugin_id / posixpath.normpath(f"/{name}").lstrip("/")


def dial(path: Path, seconds: float) -> EngineError | None:
    """Connect to a socket and hang up; what went wrong, if anything did."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connect_unix(connection, str(path))
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        return EngineError(f"dial unix {path}: connect: {reason}", error)
    return None


def wait_until_listening(path: Path, gone: Stopped, timings: Timings, clock: Clock) -> EngineError | None:
    """Dial until someone listens; the last error, if nobody does in time or the plugin is gone."""
    end = clock.now() + timings.listening
    while True:
        last = gone.is_set() or clock.now() >= end
        error = dial(path, timings.next_dial)
        if error is None or last:
            return error
        clock.wait(gone.exit_chan, timings.probe)


def shutdown_plugin(p: Plugin, c: Controller, executor: Executor, timings: Timings, clock: Clock) -> None:
    """Send SIGTERM and wait for the end, then SIGKILL and wait again.

    Differs:
        param ec: called `c`: the controller, which has the channel as its `exit_chan`.
        extra timings: moby waits 10 s each time.
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


class GoneBeforeListening(EngineError):
    """The plugin ended before it listened on its socket, and will be started again."""


class Lifecycle:
    """Starts and stops the plugins of a manager, one operation at a time for each.

    Args:
        config: The manager's.
    """

    def __init__(self, config: ManagerConfig) -> None:
        self.config = config
        self.executor: Executor | None = None
        self.mu = threading.RLock()
        self.c_map: dict[Plugin, Controller] = {}
        self.closing = threading.Event()

    def controller(self, p: Plugin) -> Controller | None:
        """What controls a plugin, if it was ever started."""
        with self.mu:
            return self.c_map.get(p)

    def take(self, p: Plugin, c: Controller | None) -> None:
        """Set what controls a plugin."""
        with self.mu:
            before = self.c_map.pop(p, None)
            if c is not None:
                self.c_map[p] = c
        if before is not None and before is not c:
            before.give_up()

    def enable(self, p: Plugin, c: Controller, *, force: bool) -> None:
        """Start a plugin and wait until it listens.

        Raises:
            Enabled: it is enabled and `force` is not set.
            EngineError: it cannot be started, or does not listen.
            OSError: its directories cannot be made.

        Go: plugin/manager_linux.go::Manager.enable
        Differs:
            order GetID: the root file system's path is made of the id first, for which moby reads the field.
            order turn: only one operation on a plugin goes on at a time.
            call EnsureRemoveAll: what an earlier run left in EXEC/ID goes first, so that no dead socket is in
                the way.
            behaviour propagated: without the right to mount it is only logged; then there is no container to
                share with.
            behaviour shutdown: nothing is started any more once the engine shuts down.
        """
        with p.turn:
            with p.mu:
                p.rootfs = str(below(self.config.root, p.get_id()) / defs.ROOTFS_FILE_NAME)
            if p.is_enabled() and not force:
                raise Enabled(p.name).with_text("plugin already enabled")
            ensure_remove_all(below(self.config.exec_root, p.get_id()))
            spec = p.init_spec(self.config.exec_root)
            c.restart = True
            c.exit_chan = threading.Event()
            self.take(p, c)
            propagated = share(p)
            initlayer.setup(Path(p.rootfs))
            try:
                self._create(p, c, spec)
            except (EngineError, OSError):
                c.running = False
                if propagated is not None:
                    unshare(propagated)
                self._remove_exec_directory(p)
                raise
            self.plugin_post_start(p, c, keep_trying=force)

    def plugin_post_start(self, p: Plugin, c: Controller, *, keep_trying: bool) -> None:
        """Wait until a plugin that was started listens, then call it enabled and tell whoever waits for it.

        Raises:
            EngineError: it does not listen; it is disabled and stopped then.

        Go: plugin/manager_linux.go::Manager.pluginPostStart
        Differs:
            behaviour dial: tried many times within moby's 12.5 s, so that a plugin is there as soon as it
                listens.
            behaviour exit: a plugin that ends meanwhile is not waited for, and the error says how it ended
                and what it printed last; if it is being restarted it is started again until moby's 12.5 s are
                over since the first of its starts in a row that failed.
            call RecursiveUnmount: unmounts what an end that was to be followed by a start has left.
            extra keep_trying: whether it is being restarted, which moby does not tell apart.
        """
        try:
            self.connect(p, c)
        except EngineError:
            c.restart = False
            self.shutdown_plugin(p, c)
            raise
        path = socket_path(self.config.exec_root, p.get_id(), p.get_socket())
        gone = c.stopped()
        error = wait_until_listening(path, gone, self.config.timings, self.config.clock)
        if error is not None:
            log.debug("error net dialing plugin: %s", error, extra={"id": p.get_id()})
            if c.exit_chan.is_set():
                error = EngineError(f"the plugin ended before it listened on {path}: {_last_words(c)}", error)
            if gone.is_set() and keep_trying and not c.given_up.is_set() and not self._keeps_failing(c):
                raise GoneBeforeListening(str(error), error)
            if self.closing.is_set() and self.config.live_restore_enabled:
                raise error
            self.give_up(p, c)
            raise error
        c.failing_since = None
        self.config.store.set_state(p, state=True)
        c.started = self.config.clock.now()
        self.config.store.call_handler(p)
        defs.save(self.config.root, p)

    def give_up(self, p: Plugin, c: Controller) -> None:
        """Disable a plugin that cannot be started, until it is enabled or the engine is started again."""
        if self.executor is None:
            return
        c.restart = False
        self.config.store.set_state(p, state=False)
        self.shutdown_plugin(p, c)
        try:
            # If it ended while it was still to be started again, its mounts were left for the next start.
            self._unmount_below(below(self.config.root, p.get_id()))
        except EngineError as error:
            failure(log, "cannot clean up after a plugin", error, id=p.get_id())

    def connect(self, p: Plugin, c: Controller) -> None:
        """Set a plugin's address, time-out and client; nothing is sent yet.

        A client that fits stays, so that a call that is under way while the plugin is restarted can succeed.

        Raises:
            EngineError: the address cannot be one.
        """
        path = socket_path(self.config.exec_root, p.get_id(), p.get_socket())
        wanted = (f"unix://{path}", float(c.timeout_in_secs))
        if p.client is not None and wanted == (p.addr, p.timeout):
            return
        addr, timeout = wanted
        p.set_timeout(timeout)
        p.set_addr(addr)
        if p.protocol() == PROTOCOL_SCHEME_HTTP_V1:
            # Only here, since an engine without plugins starts sooner without what calls them.
            from runtime.pkg.plugins.client import new_client_with_timeout  # noqa: PLC0415

            p.set_p_client(new_client_with_timeout(addr, None, timeout, name=p.name))

    def restore_plugin(self, p: Plugin, c: Controller) -> None:
        """Take over a plugin that is to run.

        Raises:
            EngineError: it cannot be.

        Go: plugin/manager.go::Manager.restorePlugin
        """
        if p.is_enabled():
            self.restore(p, c)

    def restore(self, p: Plugin, c: Controller) -> None:
        """With live restore keep a plugin that runs and start one that does not; else stop it if it runs.

        Raises:
            EngineError: it cannot be taken over or started.
            OSError: likewise.

        Go: plugin/manager_linux.go::Manager.restore
        Differs:
            behaviour exit: the exit channel that `reload` made stays, so that an exit meanwhile is not
                missed.
        """
        if self.executor is None:
            return
        with p.turn:
            c.restart = (
                self.config.live_restore_enabled
            )  # before it is watched, so that its end is not missed
            self.take(p, c)
            alive = self._restore(p, c, self.executor)
            if self.config.live_restore_enabled:
                if not alive:
                    self.enable(p, c, force=True)
                    return
                self.plugin_post_start(p, c, keep_trying=True)
            elif alive:
                self.shutdown_plugin(p, c)

    def _restore(self, p: Plugin, c: Controller, executor: Executor) -> bool:
        stdout, stderr = make_logger_streams(p.get_id(), c.last_lines)
        c.running = True
        alive = False
        try:
            alive = executor.restore(p.get_id(), stdout, stderr)
        finally:
            c.running = c.running and alive
        return alive

    def disable(self, p: Plugin, c: Controller | None, *, force: bool) -> None:
        """Stop a plugin.

        Raises:
            Disabled: it is disabled already.
            InUse: someone uses it, and `force` is not set.
            EngineError: its config.json cannot be written.

        Go: plugin/manager_linux.go::Manager.disable
        Differs:
            order SetState: before the stop, so that no look-up takes a plugin that is about to go.
            extra force: whether to do so although someone uses it.
        """
        with p.turn:
            if not p.is_enabled():
                raise Disabled(p.name).with_text("plugin is already disabled")
            self.config.store.retire(p, force=force)
            self.stop(p, c)
            defs.save(self.config.root, p)

    def stop(self, p: Plugin, c: Controller | None) -> None:
        """Stop a plugin for good, whether it runs or waits to be restarted."""
        if c is None:
            return
        c.restart = False
        c.give_up()
        self.shutdown_plugin(p, c)

    def shutdown_plugin(self, p: Plugin, c: Controller) -> None:
        """Make a plugin end, if it runs.

        Differs:
            param executor: the manager's own.
        """
        if self.executor is not None:
            shutdown_plugin(p, c, self.executor, self.config.timings, self.config.clock)

    def handle_exit_event(self, plugin_id: str, end: str = "") -> None:
        """Clean up after a plugin that has ended, and start it again if it was to run.

        Raises:
            PluginNotFound: there is no such plugin.
            EngineError: `error cleaning up plugin mounts`.

        Go: plugin/manager.go::Manager.HandleExitEvent
        Differs:
            behaviour controller: a plugin that was never started has none; moby crashes.
            call EnsureRemoveAll: unmounts what is mounted in EXEC/ID and tries again while it is busy; moby's
                `os.RemoveAll` gives up.
            behaviour restart: after 1 s, doubling to 1 min while it keeps crashing; moby restarts at once,
                for ever.
            extra end: how it ended, which is logged with its last output; moby logs neither.
            calls Store.SetState, shutdownPlugin: a plugin that cannot be started again is disabled; moby
                leaves it enabled without a process.
            behaviour twice: a second event for the same exit does nothing.
            order unmount: before the exit is made known, so that it cannot hit what is mounted for the next
                start.
        """
        p = self.config.store.get_v2_plugin(plugin_id)
        c = self.controller(p)
        if c is None or not c.running:
            return
        self._remove_exec_directory(p)
        restart = c.restart and not self.closing.is_set()
        try:
            if not restart:
                self._unmount_below(below(self.config.root, p.get_id()))
        finally:
            c.running = False
            c.end = end
            c.exit_chan.set()
        if restart:
            log.warning(
                "plugin ended unexpectedly and is started again",
                extra={"id": plugin_id, "plugin": p.name, "end": end, "output": str(c.last_lines)},
            )
            c.count_crash(self.config.clock.now(), self.config.timings)
            workers.run(self.config.workers, partial(self.restart, p, c))

    def restart(self, p: Plugin, c: Controller) -> None:
        """Start a plugin that crashed again, after a wait that grows, until it runs or is given up."""
        while not self.config.clock.wait(c.given_up, self._restart_wait(c)):
            with p.turn:
                if not self._is_to_restart(p, c) or self._restarted(p, c):
                    return
                c.crashes += 1

    def shutdown(self) -> None:
        """Stop all plugins side by side; with live restore let those that are enabled run on.

        Go: plugin/manager_linux.go::Manager.Shutdown
        Differs:
            behaviour parallel: a plugin that does not end delays only itself, up to 20 s in all.
            behaviour starting: one that is just being started is stopped too.
        """
        self.closing.set()
        stops = [
            workers.run(self.config.workers, partial(self._shutdown_one, p, c))
            for p in self.config.store.get_all().values()
            if (c := self.controller(p)) is not None
        ]
        wait(stops)
        try:
            mount.recursive_unmount(Path(os.path.realpath(self.config.root)))
        except OSError as error:
            log.warning("error cleaning up plugin mounts", extra={"error": str(error)})
        executor: object = self.executor
        if isinstance(executor, Closes):
            executor.close()

    def _shutdown_one(self, p: Plugin, c: Controller) -> None:
        c.give_up()
        if self.config.live_restore_enabled and p.is_enabled():
            log.debug("Plugin active when liveRestore is set, skipping shutdown")
            return
        c.restart = False
        with p.turn:
            self.shutdown_plugin(p, c)

    def _restarted(self, p: Plugin, c: Controller) -> bool:
        """Try to start a plugin again; whether there is nothing more to do, for whatever reason."""
        try:
            self.enable(p, c, force=True)
        except GoneBeforeListening as error:
            failure(log, "failed to enable plugin", error, id=p.get_id())
        except (EngineError, OSError) as error:
            failure(log, "failed to enable plugin", error, id=p.get_id())
            if c.restart and self._keeps_failing(c):
                self.give_up(p, c)
            return not c.restart
        return True

    def _keeps_failing(self, c: Controller) -> bool:
        """Whether every start has failed for as long as moby waits for a plugin to listen."""
        since = c.failing_since
        return since is not None and self.config.clock.now() - since >= self.config.timings.listening

    def _restart_wait(self, c: Controller) -> float:
        """Seconds until the next start, which is the last one when moby's wait is over."""
        wait = self.config.timings.restart_wait(c.crashes)
        if c.failing_since is None:
            return wait
        left = c.failing_since + self.config.timings.listening - self.config.clock.now()
        return min(wait, max(left, 0.0))

    def _is_to_restart(self, p: Plugin, c: Controller) -> bool:
        return c.restart and not self.closing.is_set() and self.controller(p) is c

    def _create(self, p: Plugin, c: Controller, spec: Spec) -> None:
        if self.executor is None:
            raise EngineError("plugins are not supported on this platform")
        if self.closing.is_set():
            raise EngineError("the engine is shutting down")
        c.last_lines = LastLines()
        stdout, stderr = make_logger_streams(p.get_id(), c.last_lines)
        c.started = self.config.clock.now()
        if c.failing_since is None:
            c.failing_since = c.started
        c.running = True
        self.executor.create(p.get_id(), spec, stdout, stderr)

    def _remove_exec_directory(self, p: Plugin) -> None:
        try:
            ensure_remove_all(below(self.config.exec_root, p.get_id()))
        except OSError as error:
            failure(log, "Could not remove plugin bundle dir", error, id=p.get_id())

    def _unmount_below(self, directory: Path) -> None:
        try:
            mount.recursive_unmount(directory)
        except OSError as error:
            raise EngineError(f"error cleaning up plugin mounts: {error}", error) from error


def _last_words(c: Controller) -> str:
    output = str(c.last_lines)
    return f"{c.end or 'exit code unknown'}; " + (
        f"last output: {output}" if output else "it printed nothing"
    )
