"""Starts, stops and creates managed plugins.

Go: plugin/manager_linux.go
"""

from __future__ import annotations

import logging
import os
import posixpath
import signal
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import wait
from contextlib import suppress
from functools import partial
from pathlib import Path

from runtime import workers
from runtime.api.types.plugin import Plugin as ApiPlugin
from runtime.api.types.plugin import PluginConfig, PluginFile, PluginPrivilege
from runtime.daemon import initlayer
from runtime.errdefs import EngineError, InvalidParameter, NotFound
from runtime.golang import encoding_json
from runtime.golang.strconv import cause
from runtime.golang.time import Clock
from runtime.oci import Spec
from runtime.pkg import mount
from runtime.pkg.ioutils import PRIVATE, sync_file_system
from runtime.pkg.plugins.client import new_client_with_timeout
from runtime.pkg.plugins.plugins import PROTOCOL_SCHEME_HTTP_V1
from runtime.pkg.plugins.transport import connect_unix
from runtime.pkg.pubsub import Publisher
from runtime.pkg.stringid import below, generate_random_id
from runtime.pkg.system import ensure_remove_all
from runtime.plugin.blobstore import BasicBlobStore
from runtime.plugin.defs import (
    ROOTFS_FILE_NAME,
    Controller,
    CreateOpt,
    Executor,
    LastLines,
    ManagerConfig,
    Stopped,
    Timings,
    compute_privileges,
    make_logger_streams,
    validate_privileges,
)
from runtime.plugin.errors import Disabled, Enabled, describe, failure
from runtime.plugin.events import Event
from runtime.plugin.v2.plugin import PROPAGATED_MOUNT, Plugin

log = logging.getLogger(__name__)


class EndedBeforeListening(EngineError):
    """The plugin ended before it listened on its socket, and will be started again."""


class ManagerLinux(ABC):
    """The part of the manager that starts, stops and creates plugins.

    Attributes:
        config: The manager's settings.
        mu: Protects `c_map`.
        c_map: The controllers of the plugins that were ever started.
        mu_gc: Held while new blobs have no plugin yet, and while blobs are removed.
        blob_store: Holds configs and layers.
        publisher: Publishes the events of plugins.
        executor: Runs plugins; None where none is ever started.
        closing: Set once the engine shuts down.

    Go: plugin/manager.go::Manager
    """

    config: ManagerConfig
    mu: threading.RLock
    c_map: dict[Plugin, Controller]
    mu_gc: threading.RLock
    blob_store: BasicBlobStore
    publisher: Publisher[Event]
    executor: Executor | None
    closing: threading.Event

    @abstractmethod
    def save(self, p: Plugin) -> None:
        """Write a plugin's config.json.

        Go: plugin/manager.go::Manager.save
        """
        ...

    def _enable(self, p: Plugin, c: Controller, *, force: bool) -> None:
        """Start a plugin and wait until it listens.

        Raises:
            Enabled: it is enabled and `force` is not set.
            EngineError: it cannot be started, or does not listen.
            OSError: its directories cannot be created.

        Go: plugin/manager_linux.go::Manager.enable
        Differs:
            order GetID: first, for the path of the root file system; moby reads the field.
            order turn: one operation on a plugin at a time.
            call EnsureRemoveAll: removes EXEC/ID of an earlier run, with its dead socket.
            behaviour propagated: logs that the mount cannot be shared without root, as there is no container.
            behaviour shutdown: starts nothing once the engine shuts down.
        """
        with p.turn:
            with p.mu:
                p.rootfs = str(below(self.config.root, p.id) / ROOTFS_FILE_NAME)
            if p.enabled and not force:
                raise Enabled(p.name).with_text("plugin already enabled")
            ensure_remove_all(below(self.config.exec_root, p.id))
            spec = p.init_spec(self.config.exec_root)
            c.restart = True
            c.exit_chan = threading.Event()
            self.set_controller(p, c)

            propagated = self._share_propagated_mount(p)
            initlayer.setup(Path(p.rootfs))

            try:
                self._create(p, c, spec)
            except (EngineError, OSError):
                c.running = False
                if propagated is not None:
                    try:
                        mount.unmount(propagated)
                    except OSError as error:
                        log.warning("Could not unmount %s: %s", propagated, cause(error))
                self._remove_exec_directory(p)
                raise
            self._plugin_post_start(p, c, restarting=force)

    def _share_propagated_mount(self, p: Plugin) -> Path | None:
        """Create and share the plugin's propagated mount, if it has one, and return its path."""
        if not p.plugin_obj.config.propagated_mount:
            return None
        directory = Path(p.rootfs).parent / PROPAGATED_MOUNT
        make_propagated_mount(directory)
        try:
            mount.make_r_shared(directory)
        except PermissionError as error:
            # Without root there is no container that could see the mounts.
            log.debug("the propagated mount is not shared: %s", cause(error), extra={"id": p.id})
        except OSError as error:
            text = f"error setting up propagated mount dir: {cause(error)}"
            raise EngineError(text, error) from error
        return directory

    def _create(self, p: Plugin, c: Controller, spec: Spec) -> None:
        if self.executor is None:
            raise EngineError("plugins are not supported on this platform")
        if self.closing.is_set():
            raise EngineError("the engine is shutting down")
        c.last_lines = LastLines()
        stdout, stderr = make_logger_streams(p.id, c.last_lines)
        c.started = self.config.clock.now()
        if c.failing_since is None:
            c.failing_since = c.started
        c.running = True
        self.executor.create(p.id, spec, stdout, stderr)

    def _plugin_post_start(self, p: Plugin, c: Controller, *, restarting: bool) -> None:
        """Wait until a started plugin listens, then mark it as enabled and call the handlers.

        `restarting` is set if the engine starts the plugin, not a user.

        Raises:
            EngineError: it does not listen; it is disabled and stopped then.
            EndedBeforeListening: it ended, and `restarting` is set.

        Go: plugin/manager_linux.go::Manager.pluginPostStart
        Differs:
            behaviour dial: every 50 ms within moby's 12.5 s, in which moby dials four times.
            behaviour exit: fails at once if the plugin ends, with its exit code and last output; a plugin
                that the engine restarts is started again until 12.5 s after the first failed start.
            call RecursiveUnmount: removes mounts that an exit left for the next start.
        """
        try:
            self.connect(p, c)
        except EngineError:
            c.restart = False
            self.shutdown_plugin(p, c)
            raise
        path = socket_path(self.config.exec_root, p.id, p.socket)
        stopped = c.stopped()
        error = wait_until_listening(path, stopped, self.config.timings, self.config.clock)
        if error is not None:
            log.debug("error net dialing plugin: %s", error, extra={"id": p.id})
            if c.exit_chan.is_set():
                error = EngineError(
                    f"the plugin ended before it listened on {path}: {c.end or 'exit code unknown'}; "
                    + (f"last output: {c.last_lines}" if str(c.last_lines) else "it printed nothing"),
                    error,
                )
            # It ended, so `handle_exit_event` has begun the next restart.
            if stopped.is_set() and restarting and not c.given_up.is_set() and not self._keeps_failing(c):
                raise EndedBeforeListening(str(error), error)
            # The engine shuts down and lets its plugins run on.
            if self.closing.is_set() and self.config.live_restore_enabled:
                raise error
            self._disable_failed(p, c)
            raise error
        c.failing_since = None
        self.config.store.set_state(p, state=True)
        c.started = self.config.clock.now()  # from now on the time counts as a steady run
        self.config.store.call_handler(p)
        self.save(p)

    def connect(self, p: Plugin, c: Controller) -> None:
        """Set a plugin's address, time-out and client; nothing is sent yet.

        A client with the same address and time-out stays, so that a call during a restart can succeed.

        Raises:
            EngineError: the address is not valid.
        """
        addr = f"unix://{socket_path(self.config.exec_root, p.id, p.socket)}"
        timeout = float(c.timeout_in_secs)
        if p.client is not None and (addr, timeout) == (p.addr, p.timeout):
            return
        p.timeout = timeout
        p.addr = addr
        if p.protocol == PROTOCOL_SCHEME_HTTP_V1:
            p.set_p_client(new_client_with_timeout(addr, None, timeout, name=p.name))

    def _disable_failed(self, p: Plugin, c: Controller) -> None:
        """Disable a plugin that cannot be started."""
        if self.executor is None:
            return
        c.restart = False
        self.config.store.set_state(p, state=False)
        self.shutdown_plugin(p, c)
        # Calls that wait for the plugin fail now.
        p.set_p_client(None)
        try:
            # An exit before a restart leaves the mounts for the next start.
            mount.recursive_unmount(below(self.config.root, p.id))
        except OSError as error:
            failure(log, "error cleaning up plugin mounts", error, id=p.id)

    def _keeps_failing(self, c: Controller) -> bool:
        """Return whether all starts of the last `timings.listening` seconds have failed."""
        since = c.failing_since
        return since is not None and self.config.clock.now() - since >= self.config.timings.listening

    def restore(self, p: Plugin, c: Controller) -> None:
        """Keep a running plugin or start it, with live restore; without, stop it.

        Raises:
            EngineError, OSError: it cannot be taken over or started.

        Differs:
            behaviour exit: keeps the exit channel of `reload`, so that no exit is missed.
        """
        if self.executor is None:
            return
        with p.turn:
            # Set before the plugin is watched, so that no exit is missed.
            c.restart = self.config.live_restore_enabled
            self.set_controller(p, c)
            stdout, stderr = make_logger_streams(p.id, c.last_lines)
            c.running = True
            alive = False
            try:
                alive = self.executor.restore(p.id, stdout, stderr)
            finally:
                c.running = c.running and alive
            if self.config.live_restore_enabled:
                if not alive:
                    self._enable(p, c, force=True)
                    return
                self._plugin_post_start(p, c, restarting=True)
            elif alive:
                self.shutdown_plugin(p, c)

    def shutdown_plugin(self, p: Plugin, c: Controller) -> None:
        """Send SIGTERM and wait for the end, then SIGKILL and wait again.

        Go: plugin/manager_linux.go::shutdownPlugin
        Differs:
            behaviour gone: does nothing if the plugin does not run.
        """
        if self.executor is None or not c.running:
            return
        timings, clock = self.config.timings, self.config.clock
        self._signal(p, self.executor, signal.SIGTERM)
        if clock.wait(c.exit_chan, timings.terminate):
            log.debug("Clean shutdown of plugin", extra={"id": p.id})
            return
        log.debug("Force shutdown plugin", extra={"id": p.id})
        self._signal(p, self.executor, signal.SIGKILL)
        ended = clock.wait(c.exit_chan, timings.kill)
        log.debug("SIGKILL plugin shutdown" if ended else "Force shutdown plugin FAILED", extra={"id": p.id})

    @staticmethod
    def _signal(p: Plugin, executor: Executor, number: signal.Signals) -> None:
        try:
            executor.signal(p.id, number)
        except NotFound as error:
            log.debug("%s not sent: %s", number.name, error, extra={"id": p.id})
        except (EngineError, OSError) as error:
            text = f"Sending {number.name} to plugin failed with error: {describe(error)}"
            failure(log, text, error, id=p.id)

    def _disable(self, p: Plugin, c: Controller | None, *, force: bool) -> None:
        """Stop a plugin.

        Raises:
            Disabled: it is disabled already.
            InUse: it is in use, and `force` is not set.
            EngineError: its config.json cannot be written.

        Go: plugin/manager_linux.go::Manager.disable
        Differs:
            order SetState: before the stop, so that no look-up returns a plugin that is being stopped.
        """
        with p.turn:
            if not p.enabled:
                raise Disabled(p.name).with_text("plugin is already disabled")
            self.config.store.retire(p, force=force)
            self.stop(p, c)
            self.save(p)

    def stop(self, p: Plugin, c: Controller | None) -> None:
        """Stop a plugin that runs or waits for a restart."""
        if c is None:
            return
        c.restart = False
        c.give_up()
        self.shutdown_plugin(p, c)

    def shutdown(self) -> None:
        """Stop all plugins side by side, but with live restore let enabled ones run on.

        Subscriptions to events end, and clients are closed.

        Differs:
            behaviour parallel: 20 s at most; moby stops one plugin after the other.
            behaviour starting: stops plugins that are being started, too.
        """
        self.closing.set()
        plugins = self.config.store.get_all().values()
        wait(
            [
                workers.run(self.config.workers, partial(self._shutdown_one, p, c))
                for p in plugins
                if (c := self.controller(p)) is not None
            ]
        )
        try:
            mount.recursive_unmount(Path(os.path.realpath(self.config.root)))
        except OSError as error:
            log.warning("error cleaning up plugin mounts", extra={"error": describe(error)})
        if self.executor is not None:
            self.executor.close()
        for p in plugins:
            p.set_p_client(None)
        self.publisher.close()

    def _shutdown_one(self, p: Plugin, c: Controller) -> None:
        c.give_up()
        if self.config.live_restore_enabled and p.enabled:
            log.debug("Plugin active when liveRestore is set, skipping shutdown")
            return
        c.restart = False
        with p.turn:
            self.shutdown_plugin(p, c)

    def setup_new_plugin(
        self, config_digest: str, _blobsums: Sequence[str], privileges: Sequence[PluginPrivilege] | None
    ) -> PluginConfig:
        """Read the config from its blob and check that the user accepted its privileges.

        Args:
            config_digest: The digest of the config's blob.
            privileges: The privileges that the user accepted; None if they need not be checked.

        Raises:
            EngineError: `failed to parse config`, `invalid config json` or `incorrect privileges`.

        """
        with self.blob_store.get(config_digest) as blob:
            data = blob.read(encoding_json.SIZE_LIMIT + 1)
        try:
            config = parse_config(data)
        except EngineError as error:
            if isinstance(error.cause, encoding_json.TrailingData):
                raise EngineError("invalid config json", error.cause) from error
            raise
        if privileges is not None:
            validate_privileges(compute_privileges(config), privileges)
        return config

    def create_plugin(
        self,
        name: str,
        config_digest: str,
        blobsums: Sequence[str],
        root_fs_dir: Path,
        privileges: Sequence[PluginPrivilege] | None,
        *opts: CreateOpt,
    ) -> Plugin:
        """Create a plugin whose blobs are stored and whose root file system is unpacked.

        Raises:
            InvalidParameter: another plugin has the name.
            EngineError: the config is not valid, its privileges are not accepted, or the disk fails.

        Differs:
            error Add: raised; moby ignores it.
        """
        try:
            self.config.store.validate_name(name)
        except EngineError as error:
            raise InvalidParameter(error) from error
        config = self.setup_new_plugin(config_digest, blobsums, privileges)
        obj = ApiPlugin(name=name, id=generate_random_id(), config=config)
        p = Plugin(PluginFile(obj, config=config_digest, blobsums=list(blobsums)))
        p.init_empty_settings()
        for opt in opts:
            opt(p)

        directory = self.config.root / p.id
        try:
            directory.mkdir(mode=PRIVATE)
        except OSError as error:
            raise EngineError(f"failed to mkdir {directory}: {cause(error)}", error) from error
        try:
            try:
                root_fs_dir.rename(directory / ROOTFS_FILE_NAME)
            except OSError as error:
                raise EngineError(f"failed to rename rootfs: {cause(error)}", error) from error
            try:
                # Sync all files of the plugin before config.json refers to them.
                sync_file_system(directory)
            except OSError as error:
                raise EngineError(f"failed to write {directory} to disk: {cause(error)}", error) from error
            self.save(p)
            self.config.store.add(p)
        except BaseException:
            with suppress(OSError):
                ensure_remove_all(directory)
            raise
        return p

    def controller(self, p: Plugin) -> Controller | None:
        """Return the controller of a plugin, or None if it was never started."""
        with self.mu:
            return self.c_map.get(p)

    def set_controller(self, p: Plugin, c: Controller | None) -> None:
        """Set the controller of a plugin; its former controller gives up."""
        with self.mu:
            before = self.c_map.pop(p, None)
            if c is not None:
                self.c_map[p] = c
        if before is not None and before is not c:
            before.give_up()

    def _remove_exec_directory(self, p: Plugin) -> None:
        try:
            ensure_remove_all(below(self.config.exec_root, p.id))
        except OSError as error:
            failure(log, "Could not remove plugin bundle dir", error, id=p.id)


def make_propagated_mount(directory: Path) -> None:
    """Create the directory through which a plugin shares mounts with the engine; log a failure."""
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        text = f"failed to create PropagatedMount directory at {directory}: {cause(error)}"
        failure(log, text, error)


def socket_path(exec_root: Path, plugin_id: str, name: str) -> Path:
    """Return EXEC/ID/NAME; a name such as `../x` stays below EXEC/ID."""
    return exec_root / plugin_id / posixpath.normpath(f"/{name}").lstrip("/")


def wait_until_listening(path: Path, stopped: Stopped, timings: Timings, clock: Clock) -> EngineError | None:
    """Dial until the plugin listens; return the last error if it does not in time, or ends."""
    end = clock.now() + timings.listening
    while True:
        last = stopped.is_set() or clock.now() >= end
        error = _dial(path, timings.next_dial)
        if error is None or last:
            return error
        clock.wait(stopped.exit_chan, timings.probe)


def _dial(path: Path, seconds: float) -> EngineError | None:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connect_unix(connection, str(path))
    except OSError as error:
        # The path in the system's own error text may be one of /proc/self/fd.
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        return EngineError(f"dial unix {path}: connect: {reason}", error)
    return None


def parse_config(config_json: bytes) -> PluginConfig:
    """Parse a plugin author's config.

    Raises:
        EngineError: `failed to parse config`.
    """
    try:
        return encoding_json.decode(config_json, PluginConfig, limit=encoding_json.SIZE_LIMIT)
    except EngineError as error:
        raise error.with_text("failed to parse config") from error
