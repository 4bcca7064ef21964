"""The plugin manager: loads, restores and restarts managed plugins.

`Executor`, `ManagerConfig` and `Controller` are in `defs.py`, and so are the output of plugins and their
privileges.

Go: plugin/manager.go
"""

from __future__ import annotations

import errno
import logging
import os
import threading
from concurrent.futures import wait
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from runtime import workers
from runtime.api.types.plugin import PluginConfig, PluginFile
from runtime.errdefs import EngineError
from runtime.golang import encoding_json
from runtime.golang.strconv import cause, quote
from runtime.pkg import mount
from runtime.pkg.ioutils import atomic_write_file, make_private, open_regular
from runtime.pkg.pubsub import Publisher
from runtime.pkg.stringid import VALID_FULL_ID, below
from runtime.pkg.system import ensure_remove_all
from runtime.plugin.backend import REMOVING, ManagerBackend
from runtime.plugin.blobstore import BasicBlobStore
from runtime.plugin.defs import CONFIG_FILE_NAME, ROOTFS_FILE_NAME, Controller, ManagerConfig
from runtime.plugin.errors import describe, failure
from runtime.plugin.events import Event
from runtime.plugin.manager_linux import EndedBeforeListening, ManagerLinux, make_propagated_mount
from runtime.plugin.v2.plugin import PROPAGATED_MOUNT, Plugin, from_disk

log = logging.getLogger(__name__)

_CONFIG_MODE = 0o600

_LEFTOVERS = (("tmp", ".rootfs*"), ("storage/blobs/tmp", ".insertion*"))
"""Directories of the root, and patterns of temporary files of a creation that was killed."""


class Manager(ManagerBackend, ManagerLinux):
    """The plugin subsystem; safe to use from several threads.

    `ManagerBackend` has the methods for the API, `ManagerLinux` those that start and stop plugins.
    """

    def __init__(self, config: ManagerConfig) -> None:
        """Make the directories and the executor, then load and start the plugins.

        Returns after `config.timings.start` seconds at the latest; slow plugins go on starting.

        Raises:
            EngineError: `failed to mkdir PATH` of the directory for sockets.
            Exception: Raised by `config.create_executor`.

        Go: plugin/manager.go::NewManager
        Differs:
            behaviour damage: if the directory of plugins cannot be created or read, the engine logs that and
                starts without plugins; moby does not start.
            call EnsureRemoveAll: removes temporary files of creations that were killed.
            call Manager.Shutdown: stops the plugins if the start is interrupted.
            order NewPublisher: before the plugins are loaded, since `shutdown` closes it.
        """
        self.config = config
        self.mu = threading.RLock()
        self.mu_gc = threading.RLock()
        self.c_map: dict[Plugin, Controller] = {}
        self.closing = threading.Event()
        self.publisher: Publisher[Event] = Publisher(0.0, 0)
        make_private(config.exec_root)
        for directory in (config.root, self.tmp_dir):
            try:
                make_private(directory)
            except EngineError as error:
                log.error("%s", error)  # noqa: TRY400 - the disk is at fault
        self.executor = config.create_executor(self)
        self.blob_store = BasicBlobStore(config.root / "storage" / "blobs")
        self._remove_leftovers()
        try:
            self.reload()
        except EngineError as error:
            failure(log, f"failed to restore plugins: {error}", error)
        except BaseException:
            self.shutdown()
            raise

    @property
    def tmp_dir(self) -> Path:
        return self.config.root / "tmp"

    def handle_exit_event(self, plugin_id: str, end: str = "") -> None:
        """Clean up after a plugin that has ended, and restart it if it crashed; the executor calls this.

        Raises:
            PluginNotFound: there is no such plugin.
            EngineError: `error cleaning up plugin mounts`.

        Differs:
            behaviour controller: a plugin that was never started has none; moby crashes.
            call EnsureRemoveAll: unmounts mounts in EXEC/ID and retries; moby's `os.RemoveAll` gives up.
            behaviour restart: after 1 s, doubling to 1 min while it keeps crashing; moby restarts at once,
                for ever.
            calls Store.SetState, shutdownPlugin, SetPClient: disable a plugin that cannot be restarted; moby
                leaves it enabled without a process.
            behaviour twice: a second event for the same exit is ignored.
            order unmount: before the exit is published, so that mounts of the next start stay.
        """
        p = self.config.store.get_v2_plugin(plugin_id)
        c = self.controller(p)
        if c is None or not c.running:
            return
        self._remove_exec_directory(p)
        restart = c.restart and not self.closing.is_set()
        try:
            if not restart:
                mount.recursive_unmount(below(self.config.root, p.id))
        except OSError as error:
            raise EngineError(f"error cleaning up plugin mounts: {describe(error)}", error) from error
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
            workers.run(self.config.workers, partial(self._restart, p, c))

    def _restart(self, p: Plugin, c: Controller) -> None:
        """Restart a crashed plugin, with growing waits, until it runs or is given up."""
        while not self.config.clock.wait(c.given_up, self._restart_wait(c)):
            with p.turn:
                if not self._is_to_restart(p, c):
                    return
                try:
                    self._enable(p, c, force=True)
                except (EngineError, OSError) as error:
                    failure(log, "failed to enable plugin", error, id=p.id)
                    if isinstance(error, EndedBeforeListening):
                        return  # `handle_exit_event` has begun the next restart
                    if self._is_to_restart(p, c) and self._keeps_failing(c):
                        self._disable_failed(p, c)
                    if not self._is_to_restart(p, c):
                        return
                else:
                    return
                c.crashes += 1

    def _is_to_restart(self, p: Plugin, c: Controller) -> bool:
        return c.restart and not self.closing.is_set() and self.controller(p) is c

    def _restart_wait(self, c: Controller) -> float:
        """Return the seconds until the next start; the last start is when `timings.listening` is over."""
        seconds = self.config.timings.restart_wait(c.crashes)
        if c.failing_since is None:
            return seconds
        left = c.failing_since + self.config.timings.listening - self.config.clock.now()
        return min(seconds, max(left, 0.0))

    def _remove_leftovers(self) -> None:
        for directory, pattern in _LEFTOVERS:
            path = self.config.root / directory
            try:
                leftovers = [] if path.is_symlink() else list(path.glob(pattern))
            except OSError as error:
                log.warning("cannot look for leftovers in %s: %s", path, describe(error))
                continue
            for leftover in leftovers:
                workers.run(self.config.workers, partial(_remove_leftover, leftover))

    def reload(self) -> None:
        """Load every plugin of the root, then restore or start the enabled ones side by side.

        Raises:
            EngineError: `failed to read PATH`.

        Differs:
            behaviour wait: returns after `timings.start`; slow plugins go on starting. moby waits for all.
            behaviour removing: `ID-removing` is removed from the root; moby looks in the working directory.
            behaviour client: an enabled plugin gets its client first, so that early calls wait for it; in
                moby `pluginPostStart` makes it.
            calls SetPClient, NewClientWithTimeout: make that client.
            calls Store.SetState, shutdownPlugin, RecursiveUnmount: disable a plugin that cannot be started;
                moby leaves it enabled without a process.
            call Get: reads the author's config from its blob; users' settings have changed config.json.
        """
        config = self.config
        try:
            entries = sorted(config.root.iterdir())
        except OSError as error:
            raise EngineError(f"failed to read {config.root}: {cause(error)}", error) from error
        plugins: dict[str, Plugin] = {}
        for entry in entries:
            if VALID_FULL_ID.fullmatch(entry.name):
                try:
                    p = self.load_plugin(config.root, entry.name)
                except EngineError as error:
                    handle_load_error(error, entry.name)
                    continue
                self._restore_config(p)
                p.written = p.to_file()
                plugins[p.id] = p
            elif VALID_FULL_ID.fullmatch(entry.name.removesuffix(REMOVING)):
                workers.run(config.workers, partial(_remove_leftover, entry))

        config.store.set_all(plugins)

        reloads = []
        for p in plugins.values():
            c = Controller()
            self.set_controller(p, c)
            if p.enabled:
                try:
                    self.connect(p, c)
                except EngineError as error:
                    failure(log, "Failed to restore plugin", error, id=p.id)
            reloads.append(workers.run(config.workers, partial(self._reload_plugin, p, c)))
        wait(reloads, config.timings.start)

    def _reload_plugin(self, p: Plugin, c: Controller) -> None:
        """Restore one plugin and start it if it is enabled; log a failure."""
        try:
            self._restore_plugin(p, c)
        except (EngineError, OSError) as error:
            failure(log, "Failed to restore plugin", error, id=p.id)
            if not isinstance(error, EndedBeforeListening) and not self.closing.is_set():
                self._disable_failed(p, c)
            return
        with p.turn:
            if p.rootfs:
                p.rootfs = str(self.config.root / p.id / ROOTFS_FILE_NAME)
            _prepare_propagated_mount(p)
            try:
                self.save(p)
            except EngineError as error:
                failure(log, "cannot save plugin", error, id=p.id)
            if self.config.live_restore_enabled or not p.enabled:
                return
            # Without live restore `_restore_plugin` has stopped it.
            try:
                self._enable(p, c, force=True)
            except (EngineError, OSError) as error:
                failure(log, "failed to enable plugin", error, id=p.id)
                if not isinstance(error, EndedBeforeListening):
                    self._disable_failed(p, c)
                    p.set_p_client(None)  # calls that wait for it fail

    def _restore_plugin(self, p: Plugin, c: Controller) -> None:
        """Restore a plugin if it is enabled.

        Go: plugin/manager.go::Manager.restorePlugin
        """
        if p.enabled:
            self.restore(p, c)

    def _restore_config(self, p: Plugin) -> None:
        """Replace the config of config.json with the author's, if its blob exists."""
        try:
            with self.blob_store.get(p.config) as blob:
                data = blob.read(encoding_json.SIZE_LIMIT + 1)
            p.restore_config(encoding_json.decode(data, PluginConfig, limit=encoding_json.SIZE_LIMIT))
        except (EngineError, OSError) as error:
            log.debug("no config blob: %s", describe(error), extra={"id": p.id})

    def get(self, id_or_name: str) -> Plugin:
        """Return the plugin with this name, id or prefix of an id."""
        return self.config.store.get_v2_plugin(id_or_name)

    @staticmethod
    def load_plugin(root: Path, plugin_id: str) -> Plugin:
        """Load the plugin in ROOT/ID.

        Raises:
            EngineError: `error reading PATH` or `error decoding PATH`.

        Differs:
            error id: a config.json with another id is refused; moby loads it and can never save it.
            error link: links and special files are refused; moby follows links, and waits for a pipe.
            error size: a config.json of more than 4 MiB is refused.
            behaviour settings: mounts and devices are read from the config too, where moby sets some.
        """
        path = below(root, plugin_id) / CONFIG_FILE_NAME
        try:
            data = _read(path)
        except OSError as error:
            raise EngineError(f"error reading {path}: {cause(error)}", error) from error
        try:
            document = encoding_json.parse(data, limit=encoding_json.SIZE_LIMIT)
            file = encoding_json.convert(document, PluginFile)
        except EngineError as error:
            raise EngineError(f"error decoding {path}: {error}", error) from error
        if file.plugin_obj.id != plugin_id:
            raise EngineError(
                f"error decoding {path}: it belongs to the plugin with the id {quote(file.plugin_obj.id)}"
            )
        settings = from_disk(file.plugin_obj.config, file.plugin_obj.settings)
        return Plugin(replace(file, plugin_obj=replace(file.plugin_obj, settings=settings)), document)

    def save(self, p: Plugin) -> None:
        """Write a plugin's config.json.

        Raises:
            EngineError: `failed to write atomically plugin json`; the file is as before.

        Differs:
            behaviour same: an unchanged file is not written; moby writes it at each start.
            behaviour unknown: keys of another version stay; moby drops them.
            behaviour lock: one save of a plugin at a time, so that an older state never replaces a newer one.
        """
        path = below(self.config.root, p.id) / CONFIG_FILE_NAME
        with p.turn:
            file = p.to_file()
            if file == p.written:
                return
            try:
                data = encoding_json.encode(file, p.read)
                if not _holds(path, data):
                    atomic_write_file(path, data, _CONFIG_MODE)
            except OSError as error:
                text = f"failed to write atomically plugin json: {describe(error)}"
                raise EngineError(text, error) from error
            p.written = file

    def gc(self) -> None:
        """Remove blobs that no plugin refers to.

        Differs:
            behaviour unread: keeps all blobs while a plugin cannot be loaded; moby removes its blobs.
        """
        with self.mu_gc:
            plugins = self.config.store.get_all()
            names = (path.parent.name for path in self.config.root.glob(f"*/{CONFIG_FILE_NAME}"))
            if unread := sorted(n for n in names if VALID_FULL_ID.fullmatch(n) and n not in plugins):
                log.warning("no blobs are removed while there are plugins that cannot be read: %s", unread)
                return
            whitelist: set[str] = set()
            for p in plugins.values():
                whitelist.add(p.config)
                whitelist.update(p.blobsums or ())
            self.blob_store.gc(whitelist)


def handle_load_error(error: EngineError, plugin_id: str) -> None:
    """Log that a plugin cannot be loaded."""
    fields = {"id": plugin_id, "error": str(error)}
    if isinstance(error.cause, FileNotFoundError):
        log.warning(
            "missing plugin config, skipping: this may be caused due to a failed remove "
            "and requires manual cleanup.",
            extra=fields,
        )
        return
    log.error("error loading plugin, skipping", extra=fields)


def _prepare_propagated_mount(p: Plugin) -> None:
    """Create the propagated mount of a volume or graph driver, or move it from its place in older engines."""
    inside = p.plugin_obj.config.propagated_mount
    needs_it = any(
        kind.capability in ("volumedriver", "graphdriver")
        and kind.prefix == "docker"
        and kind.version.startswith("1.")
        for kind in p.types
    )
    if not (needs_it and inside and p.rootfs):
        return
    directory = Path(p.rootfs).parent / PROPAGATED_MOUNT
    if not directory.exists():
        rootfs = Path(p.rootfs).resolve()
        old = rootfs / os.path.normpath(f"/{inside}").lstrip("/")
        # Move only a directory below the root file system, and never through a link.
        if old != rootfs and old.is_dir() and old.resolve() == old:
            try:
                old.rename(directory)
            except OSError as error:
                failure(log, "error migrating propagated mount storage", error, dir=str(directory))
    make_propagated_mount(directory)


def _remove_leftover(path: Path) -> None:
    try:
        ensure_remove_all(path)
    except OSError as error:
        log.warning(
            "error while attempting to clean up previously removed plugin",
            extra={"id": path.name, "error": describe(error)},
        )


def _holds(path: Path, data: bytes) -> bool:
    try:
        return _read(path) == data
    except OSError:
        return False


def _read(path: Path) -> bytes:
    if path.parent.is_symlink():
        raise OSError(errno.ELOOP, "the directory is a link", str(path.parent))
    with open_regular(path) as file:
        return file.read(encoding_json.SIZE_LIMIT + 1)
