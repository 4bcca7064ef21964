"""The operations on managed plugins that the API offers.

`split_config_root_fs_from_tar` is in `archive.py`, `compute_privileges` in `defs.py`.

Go: plugin/backend_linux.go
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import logging
import posixpath
import tarfile
import tempfile
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

from msgspec.structs import replace

from runtime import workers
from runtime.api import ENGINE_VERSION
from runtime.api.types.filters import Args
from runtime.api.types.plugin import Plugin as ApiPlugin
from runtime.api.types.plugin import (
    PluginConfig,
    PluginConfigRootfs,
    PluginCreateOptions,
    PluginDisableConfig,
    PluginEnableConfig,
    PluginRmConfig,
)
from runtime.errdefs import EngineError, InvalidParameter
from runtime.golang import encoding_json
from runtime.golang.strconv import cause, located, quote
from runtime.pkg import mount
from runtime.pkg.ioutils import sync_directory
from runtime.pkg.pubsub import Subscriber
from runtime.pkg.stringid import below
from runtime.pkg.system import ensure_remove_all
from runtime.plugin.archive import split_config_root_fs_from_tar
from runtime.plugin.blobstore import Insertion
from runtime.plugin.defs import CONFIG_FILE_NAME, ROOTFS_FILE_NAME, Controller
from runtime.plugin.errors import Enabled, InUse, InvalidFilter, PluginNotFound, describe, failure
from runtime.plugin.events import Event, EventCreate, EventDisable, EventEnable, EventRemove, topic
from runtime.plugin.manager_linux import ManagerLinux, parse_config
from runtime.plugin.v2.plugin import Plugin
from runtime.vendor import reference

log = logging.getLogger(__name__)

_COMPRESSION = 6
"""Go's default level; Python's default, 9, takes four times as long."""

AUTHZ_API_IMPLEMENTS = "authz"
"""The capability of plugins that authorize requests.

Go: pkg/authorization/api.go::AuthZApiImplements
"""

ACCEPTED_PLUGIN_FILTER_TAGS = frozenset({"enabled", "capability"})
"""The filters for lists of plugins.

Go: plugin/backend_linux.go::acceptedPluginFilterTags
"""

REMOVING = "-removing"
"""Suffix of a directory that is being removed."""

ENABLE = PluginEnableConfig()
DISABLE = PluginDisableConfig()
REMOVE = PluginRmConfig()


class ManagerBackend(ManagerLinux):
    """The part of the manager that the API calls.

    A plugin is named by its name, its id or a prefix of its id; PluginNotFound and Ambiguous are raised where
    that names none or several.

    Go: plugin/manager.go::Manager
    """

    @abstractmethod
    def gc(self) -> None:
        """Remove blobs that no plugin refers to.

        Go: plugin/manager.go::Manager.GC
        """
        ...

    @property
    @abstractmethod
    def tmp_dir(self) -> Path: ...

    def disable(self, ref_or_id: str, config: PluginDisableConfig = DISABLE) -> None:
        """Stop a plugin, and mark it as disabled.

        Raises:
            InUse: it is in use, and `force_disable` is not set.
            Disabled: it is disabled already.

        Differs:
            behaviour count: checked again under the lock that marks the plugin, so that no user slips in.
        """
        with self._operation(ref_or_id) as p:
            if not config.force_disable and p.ref_count > 0:
                raise InUse(p.name)
            self._leave_authz(p)
            self._disable(p, self.controller(p), force=config.force_disable)
            self.publisher.publish(EventDisable(p.plugin_obj))
            self.config.log_plugin_event(p.id, ref_or_id, "disable")

    def enable(self, ref_or_id: str, config: PluginEnableConfig = ENABLE) -> None:
        """Start a plugin and wait until it listens.

        Raises:
            Enabled: it is enabled already.
            EngineError: it cannot be started, or does not listen.

        Differs:
            order GetID: checks that the plugin still exists, after a wait for other operations on it.
        """
        with self._operation(ref_or_id) as p:
            self._enable(p, Controller(config.timeout), force=False)
            self.publisher.publish(EventEnable(p.plugin_obj))
            self.config.log_plugin_event(p.id, ref_or_id, "enable")

    def inspect(self, ref_or_id: str) -> ApiPlugin:
        """Return a plugin as the API shows it."""
        return self.config.store.get_v2_plugin(ref_or_id).plugin_obj

    def list(self, plugin_filters: Args | None = None) -> Sequence[ApiPlugin]:
        """Return the plugins that match the filters `enabled` and `capability`.

        Raises:
            InvalidFilter: `enabled` is neither `true` nor `false`, or there is no such filter.

        Differs:
            behaviour capability: one of the plugin's has to match; in moby all have to, so that a plugin
                without any always matches and one with two never.
            order plugins: by name; moby's is random.
        """
        plugins = [p.plugin_obj for p in self.config.store.get_all().values()]
        plugins.sort(key=lambda plugin: plugin.name)
        if plugin_filters is None:
            return plugins
        plugin_filters.validate(ACCEPTED_PLUGIN_FILTER_TAGS)
        if plugin_filters.contains("enabled"):
            if plugin_filters.exact_match("enabled", "true"):
                enabled = True
            elif plugin_filters.exact_match("enabled", "false"):
                enabled = False
            else:
                raise InvalidFilter("enabled", plugin_filters.get("enabled"))
            plugins = [plugin for plugin in plugins if plugin.enabled == enabled]
        if plugin_filters.contains("capability"):
            plugins = [
                plugin
                for plugin in plugins
                if any(
                    plugin_filters.match("capability", kind.capability)
                    for kind in plugin.config.interface.types or ()
                )
            ]
        return plugins

    def remove(self, name: str, config: PluginRmConfig = REMOVE) -> None:
        """Remove a plugin and all its files.

        Raises:
            InUse: it is in use, and `force_remove` is not set.
            Enabled: it is enabled, and `force_remove` is not set.
            EngineError: its files cannot be removed.

        Differs:
            behaviour authz: leaves the authorization chain, as when it is disabled.
            call shutdownPlugin: also for a disabled plugin, which may wait for a restart.
            call EnsureRemoveAll: removes EXEC/ID too, which moby leaves.
        """
        with self._operation(name) as p:
            if not config.force_remove:
                if p.ref_count > 0:
                    raise InUse(p.name)
                if p.enabled:
                    raise Enabled(p.name)
            self._leave_authz(p)
            if p.enabled:
                try:
                    self._disable(p, self.controller(p), force=True)
                except EngineError as error:
                    failure(log, f"failed to disable plugin '{p.name}': {error}", error, id=p.id)
            self.stop(p, self.controller(p))

            directory = below(self.config.root, p.id)
            try:
                try:
                    mount.recursive_unmount(directory)
                except OSError as error:
                    text = f"error unmounting plugin data: {describe(error)}"
                    raise EngineError(text, error) from error
                atomic_remove_all(directory)
                ensure_remove_all(below(self.config.exec_root, p.id))
                self.config.store.remove(p)
            finally:
                workers.run(self.config.workers, self.gc)
            self.set_controller(p, None)
            p.set_p_client(None)
            self.config.log_plugin_event(p.id, name, "remove")
            self.publisher.publish(EventRemove(p.plugin_obj))

    def set(self, name: str, args: Iterable[str]) -> None:
        """Change settings of a plugin, all of them or none.

        Raises:
            EngineError: it is enabled, a setting is not valid, or the disk fails.

        Differs:
            behaviour save: undone if the settings cannot be written.
        """
        with self._operation(name) as p:
            before = p.plugin_obj
            p.set(args)
            try:
                self.save(p)
            except EngineError:
                with p.mu:
                    p.plugin_obj = before
                raise

    def create_from_context(self, tar: IO[bytes], options: PluginCreateOptions) -> Plugin:
        """Create a plugin from an uncompressed tar with config.json and rootfs.

        Raises:
            NameTaken: another plugin has the name.
            EngineError: the name, the tar or its config.json is not valid; nothing is left behind.

        Differs:
            order New: before the tar is read, which is split, unpacked and written to the blob in one pass.
            order PluginReference: set before the plugin is saved; moby saves it at the next change only.
        """
        name = _full_name(options.repo_name)
        self.config.store.validate_name(name)
        try:
            tmp_root_fs_dir = Path(tempfile.mkdtemp(prefix=".rootfs", dir=self.tmp_dir))
        except OSError as error:
            raise EngineError(f"failed to create temp directory: {located(error)}", error) from error
        try:
            with self.blob_store.new() as root_fs_blob, closing(_Layer(root_fs_blob)) as layer:
                config_json = split_config_root_fs_from_tar(tar, tmp_root_fs_dir, layer)
                diff_id = layer.finish()
                config = _parse_and_validate(config_json)
                with self.mu_gc:
                    root_fs_blobsum = root_fs_blob.commit()
                    rootfs = PluginConfigRootfs(diff_ids=[diff_id], type="layers")
                    config = replace(config, rootfs=rootfs, docker_version=ENGINE_VERSION)
                    with self.blob_store.new() as config_blob:
                        try:
                            config_blob.write(encoding_json.encode(config) + b"\n")
                        except OSError as error:
                            text = f"error encoding json config: {describe(error)}"
                            raise EngineError(text, error) from error
                        config_blobsum = config_blob.commit()
                    refer = _with_reference(name)
                    p = self.create_plugin(
                        name, config_blobsum, [root_fs_blobsum], tmp_root_fs_dir, None, refer
                    )
        except BaseException:
            workers.run(self.config.workers, self.gc)
            raise
        finally:
            with suppress(OSError):
                ensure_remove_all(tmp_root_fs_dir)
        self.publisher.publish(EventCreate(p.plugin_obj))
        self.config.log_plugin_event(p.id, name, "create")
        return p

    def create_from_directory(self, directory: Path, options: PluginCreateOptions) -> Plugin:
        """Create a plugin from a directory with config.json and rootfs.

        Raises:
            NameTaken: another plugin has the name.
            EngineError: the name, the directory or its config.json is not valid.
        """
        with tempfile.TemporaryFile(dir=self.tmp_dir) as tar:
            try:
                with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
                    for name in (CONFIG_FILE_NAME, ROOTFS_FILE_NAME):
                        if (directory / name).exists():
                            archive.add(directory / name, name)
            except OSError as error:
                raise EngineError(f"failed to read {directory}: {located(error)}", error) from error
            tar.seek(0)
            return self.create_from_context(tar, options)

    def subscribe_events(
        self, buffer: int, *watch_events: Event
    ) -> tuple[Subscriber[Event], Callable[[], None]]:
        """Subscribe to events, of certain patterns or all; return the queue and a function that ends it.

        Go: plugin/events.go::Manager.SubscribeEvents
        """
        subscriber = self.publisher.subscribe_topic_with_buffer(topic(watch_events), buffer)
        return subscriber, lambda: self.publisher.evict(subscriber)

    @contextmanager
    def _operation(self, ref_or_id: str) -> Iterator[Plugin]:
        """Look a plugin up, and hold its turn for the block: one operation at a time.

        Raises:
            EngineError: instead of an OSError of the block.
        """
        p = self.config.store.get_v2_plugin(ref_or_id)
        with p.turn:
            if not self.config.store.has(p):
                raise PluginNotFound(ref_or_id)
            try:
                yield p
            except OSError as error:
                raise EngineError(located(error), error) from error

    def _leave_authz(self, p: Plugin) -> None:
        """Remove a plugin from the chain of authorization plugins."""
        middleware = self.config.authz_middleware
        if middleware is not None and any(kind.capability == AUTHZ_API_IMPLEMENTS for kind in p.types):
            middleware.remove_plugin(p.name)


class _Layer:
    """Compresses a tar into a blob, and hashes the uncompressed tar."""

    def __init__(self, blob: Insertion) -> None:
        self._digest = hashlib.sha256()
        self._compressed = gzip.GzipFile(fileobj=blob, mode="wb", compresslevel=_COMPRESSION, mtime=0)

    def write(self, data: bytes, /) -> int:
        self._digest.update(data)
        return self._compressed.write(data)

    def close(self) -> None:
        """Close the compressor."""
        with suppress(OSError):
            self._compressed.close()

    def finish(self) -> str:
        """Write the rest, and return the digest of the tar.

        Raises:
            EngineError: the rest cannot be written.
        """
        try:
            self._compressed.close()
        except OSError as error:
            raise EngineError(f"error closing gzip writer: {describe(error)}", error) from error
        return f"sha256:{self._digest.hexdigest()}"


def _full_name(repo_name: str) -> str:
    try:
        ref = reference.parse_normalized_named(repo_name)
    except EngineError as error:
        raise error.with_text(f"failed to parse reference {repo_name}") from error
    if ref.canonical:
        raise EngineError("canonical references are not permitted")
    return reference.familiar_string(reference.tag_name_only(ref))


def _with_reference(name: str) -> Callable[[Plugin], None]:
    def refer(plugin: Plugin) -> None:
        plugin.plugin_obj = replace(plugin.plugin_obj, plugin_reference=name)

    return refer


def _parse_and_validate(config_json: bytes | None) -> PluginConfig:
    if config_json is None:
        raise EngineError("config not found")
    config = parse_config(config_json)
    validate_config(config)
    return config


def validate_config(config: PluginConfig) -> None:
    """Check a plugin author's config.

    Raises:
        InvalidParameter: its socket's name leads out of the plugin's directory.

    Go: plugin/backend_linux.go::Manager.validateConfig
    Differs:
        call InvalidParameter: moby's function is empty.
    """
    if ".." in posixpath.normpath(config.interface.socket).split("/"):
        raise InvalidParameter(
            f"invalid socket {quote(config.interface.socket)}: it leads out of the plugin's directory"
        )


def atomic_remove_all(directory: Path) -> None:
    """Rename a directory, then remove it, and the remains of an earlier removal; links are not followed.

    Raises:
        EngineError: the directory cannot be renamed, or the remains cannot be removed.
        OSError: the directory cannot be removed; then its old name is restored.
    """
    renamed = directory.with_name(directory.name + REMOVING)
    try:
        directory.rename(renamed)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            text = f"failed to rename dir for atomic removal: {cause(error)}"
            raise EngineError(text, error) from error
        # A previous removal failed.
        try:
            ensure_remove_all(renamed)
        except OSError as left:
            text = f"rename target already exists and could not be removed: {describe(left)}"
            raise EngineError(text, left) from left
        if not directory.exists() and not directory.is_symlink():
            return
        try:
            directory.rename(renamed)
        except OSError as again:
            text = f"failed to rename dir for atomic removal: {cause(again)}"
            raise EngineError(text, again) from again
    try:
        sync_directory(directory.parent)
        ensure_remove_all(renamed)
    except OSError:
        with suppress(OSError):
            renamed.rename(directory)
        raise
