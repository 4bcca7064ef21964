"""Making a plugin from a tar or a directory that holds config.json and rootfs."""

from __future__ import annotations

import gzip
import hashlib
import logging
import posixpath
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol

from msgspec.structs import replace

from runtime import workers
from runtime.api import ENGINE_VERSION
from runtime.api.types.plugin import Plugin as ApiPlugin
from runtime.api.types.plugin import (
    PluginConfig,
    PluginConfigRootfs,
    PluginCreateOptions,
    PluginDisableConfig,
    PluginEnableConfig,
    PluginFile,
    PluginPrivilege,
    PluginRmConfig,
)
from runtime.errdefs import EngineError, InvalidParameter
from runtime.golang import encoding_json
from runtime.pkg.ioutils import PRIVATE, sync_file_system
from runtime.pkg.pubsub import Publisher, Subscriber
from runtime.pkg.stringid import generate_random_id
from runtime.pkg.system import ensure_remove_all
from runtime.plugin import defs
from runtime.plugin.archive import split_config_root_fs_from_tar
from runtime.plugin.blobstore import BasicBlobStore, Insertion
from runtime.plugin.defs import (
    AuthzMiddleware,
    Controller,
    CreateOpt,
    ManagerConfig,
    compute_privileges,
    remove_files,
    unread,
    validate_privileges,
)
from runtime.plugin.errors import Enabled, InUse, InvalidFilter, PluginNotFound, failure
from runtime.plugin.events import Event, EventCreate, EventDisable, EventEnable, EventRemove, topic
from runtime.plugin.manager_linux import Lifecycle
from runtime.plugin.store import Store
from runtime.plugin.v2.plugin import Plugin, api_plugin
from runtime.vendor import reference

log = logging.getLogger(__name__)

_COMPRESSION = 6
"""Go's default level; Python's own is 9, which takes four times as long."""


class Creation:
    """Makes plugins below a root.

    Args:
        store: Where they become known.
        root: Where they live.
        blob_store: Where their config and layers are kept.
        mu: Held while blobs are kept that no plugin refers to yet; whoever removes blobs holds it too.
    """

    def __init__(self, store: Store, root: Path, blob_store: BasicBlobStore, mu: threading.RLock) -> None:
        self.store = store
        self.root = root
        self.blob_store = blob_store
        self.mu = mu

    def create_from_context(self, tar: IO[bytes], options: PluginCreateOptions) -> Plugin:
        """Make a plugin from an uncompressed tar.

        Raises:
            NameTaken: another plugin has the name.
            EngineError: the name, the tar or its config.json is no good; nothing is left behind then.

        Go: plugin/backend_linux.go::Manager.CreateFromContext
        Differs:
            call EnsureRemoveAll: removes a tree of any depth; moby calls RemoveAll of Go's library.
            result Plugin: the manager, which announces it, is given the new plugin.
            calls Publish, LogPluginEvent, GC: `Backend.create_from_context` tells of the plugin, or has the
                blobs of one that was not made removed.
            call tmpDir: a method of the manager; here `tmp` is written out where the folder is made.
            order New: the blob is made first, since the tar is split, unpacked and written to it in one pass;
                moby reads it through a pipe that begins to flow later.
            call InvalidParameter: raised by the API's reader of JSON; `golang_json` keeps its words and not
                the kind.
            order PluginReference: set before the plugin is saved; moby saves it at the next change only.
        """
        name = _full_name(options.repo_name)
        self.store.validate_name(name)
        aside = self._make_aside()
        try:
            with self.blob_store.new() as layer_blob, closing(_Layer(layer_blob)) as layer:
                config_json = split_config_root_fs_from_tar(tar, aside, layer)
                diff_id = layer.finish()
                if config_json is None:
                    raise EngineError("config not found")
                config = _parse(config_json)
                validate_config(config)
                with self.mu:
                    blobsum = layer_blob.commit()
                    rootfs = PluginConfigRootfs(diff_ids=[diff_id], type="layers")
                    config = replace(config, rootfs=rootfs, docker_version=ENGINE_VERSION)
                    digest = self._keep_config(config)
                    refer = _with_reference(name)
                    return self.create_plugin(name, digest, [blobsum], aside, None, refer)
        finally:
            _discard(aside)

    def create_from_directory(self, directory: Path, options: PluginCreateOptions) -> Plugin:
        """Make a plugin from a directory.

        Raises:
            NameTaken: another plugin has the name.
            EngineError: as for a tar, or the directory cannot be read.
        """
        with tempfile.TemporaryFile(dir=self.root / "tmp") as tar:
            try:
                with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
                    for name in (defs.CONFIG_FILE_NAME, defs.ROOTFS_FILE_NAME):
                        if (directory / name).exists():
                            archive.add(directory / name, name)
            except OSError as error:
                raise EngineError(f"failed to read {directory}: {error}", error) from error
            tar.seek(0)
            return self.create_from_context(tar, options)

    def create_plugin(
        self,
        name: str,
        config_digest: str,
        blobsums: Sequence[str],
        root_fs_dir: Path,
        privileges: Sequence[PluginPrivilege] | None,
        *opts: CreateOpt,
    ) -> Plugin:
        """Make a plugin whose blobs are kept and whose root file system is unpacked already.

        Raises:
            InvalidParameter: another plugin has the name.
            EngineError: the config is no good, the user did not accept its privileges, or the disk refuses.

        Go: plugin/manager_linux.go::Manager.createPlugin
        Differs:
            call EnsureRemoveAll: removes a tree of any depth; moby calls RemoveAll of Go's library.
            error Add: a failure is an error, and not ignored.
        """
        try:
            self.store.validate_name(name)
        except EngineError as error:
            raise InvalidParameter(error) from error
        config = self.setup_new_plugin(config_digest, blobsums, privileges)
        obj = ApiPlugin(name=name, id=generate_random_id(), config=config)
        plugin = Plugin(PluginFile(obj, config=config_digest, blobsums=list(blobsums)))
        plugin.init_empty_settings()
        for opt in opts:
            opt(plugin)
        self._settle(plugin, root_fs_dir)
        return plugin

    def setup_new_plugin(
        self, config_digest: str, _blobsums: Sequence[str], privileges: Sequence[PluginPrivilege] | None
    ) -> PluginConfig:
        """The config in a blob, if the user accepted its privileges; None for a user who needs not be asked.

        Raises:
            EngineError: `failed to parse config`, `invalid config json` or `incorrect privileges`.

        Go: plugin/manager_linux.go::Manager.setupNewPlugin
        Differs:
            call InvalidParameter: raised by the API's reader of JSON; `golang_json` keeps its words and not
                the kind.
            behaviour blobsums: not looked at, there as here, hence the underscore.
        """
        with self.blob_store.get(config_digest) as blob:
            data = blob.read(encoding_json.SIZE_LIMIT + 1)
        try:
            config = _parse(data)
        except EngineError as error:
            if isinstance(error.cause, encoding_json.TrailingData):
                raise EngineError("invalid config json", error.cause) from error
            raise
        required = compute_privileges(config)
        if privileges is not None:
            validate_privileges(required, privileges)
        return config

    def _make_aside(self) -> Path:
        try:
            return Path(tempfile.mkdtemp(prefix=".rootfs", dir=self.root / "tmp"))
        except OSError as error:
            raise EngineError(f"failed to create temp directory: {error}", error) from error

    def _keep_config(self, config: PluginConfig) -> str:
        with self.blob_store.new() as blob:
            try:
                blob.write(encoding_json.encode(config) + b"\n")
            except OSError as error:
                raise EngineError(f"error encoding json config: {error}", error) from error
            return blob.commit()

    def _settle(self, plugin: Plugin, root_fs_dir: Path) -> None:
        directory = self.root / plugin.get_id()
        try:
            directory.mkdir(mode=PRIVATE)
        except OSError as error:
            raise EngineError(f"failed to mkdir {directory}: {error}", error) from error
        try:
            _rename(root_fs_dir, directory / defs.ROOTFS_FILE_NAME)
            _bring_to_disk(directory)
            defs.save(self.root, plugin)
            self.store.add(plugin)
        except BaseException:
            _discard(directory)
            raise


def _discard(directory: Path) -> None:
    """Remove what a failed creation left; what cannot be removed stays."""
    with suppress(OSError):
        ensure_remove_all(directory)


def validate_config(config: PluginConfig) -> None:
    """Check what a plugin's author wrote down.

    Raises:
        InvalidParameter: it is no good.

    Go: plugin/backend_linux.go::Manager.validateConfig
    Differs:
        call InvalidParameter: the socket's name must not lead out of the plugin's directory; moby's function
            has nothing in it.
    """
    if ".." in posixpath.normpath(config.interface.socket).split("/"):
        raise InvalidParameter(
            f"invalid socket {config.interface.socket!r}: it leads out of the plugin's directory"
        )


class _Layer:
    """Compresses a tar into a blob while it is written, and takes the digest of what is not compressed."""

    def __init__(self, blob: Insertion) -> None:
        self._digest = hashlib.sha256()
        self._compressed = gzip.GzipFile(fileobj=blob, mode="wb", compresslevel=_COMPRESSION, mtime=0)

    def write(self, data: bytes, /) -> int:
        """Take some bytes."""
        self._digest.update(data)
        return self._compressed.write(data)

    def close(self) -> None:
        """Write no more; of a layer that is not finished nothing is kept."""
        with suppress(OSError):
            self._compressed.close()

    def finish(self) -> str:
        """The digest of the tar, once all of it is written.

        Raises:
            EngineError: the rest of it cannot be written.
        """
        try:
            self._compressed.close()
        except OSError as error:
            raise EngineError(f"error closing gzip writer: {error}", error) from error
        return f"sha256:{self._digest.hexdigest()}"


def _full_name(repo_name: str) -> str:
    try:
        ref = reference.parse_normalized_named(repo_name)
    except EngineError as error:
        raise error.with_text(f"failed to parse reference {repo_name}") from error
    if ref.canonical:
        raise EngineError("canonical references are not permitted")
    return reference.familiar_string(reference.tag_name_only(ref))


def _parse(config_json: bytes) -> PluginConfig:
    try:
        return encoding_json.decode(encoding_json.parse(config_json), PluginConfig)
    except EngineError as error:
        raise error.with_text("failed to parse config") from error


def _with_reference(name: str) -> Callable[[Plugin], None]:
    def refer(plugin: Plugin) -> None:
        plugin.plugin_obj = replace(plugin.plugin_obj, plugin_reference=name)

    return refer


def _rename(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        raise EngineError(f"failed to rename rootfs: {error}", error) from error


def _bring_to_disk(directory: Path) -> None:
    """All files of a plugin at once, before it is written that they are there."""
    try:
        sync_file_system(directory)
    except OSError as error:
        raise EngineError(f"failed to bring {directory} to disk: {error}", error) from error


AUTHZ_API_IMPLEMENTS = "authz"
"""The capability of plugins that authorize requests.

Go: pkg/authorization/api.go::AuthZApiImplements
"""


def leave(middleware: AuthzMiddleware | None, plugin: Plugin) -> None:
    """Take a plugin out of the chain, if it authorizes requests."""
    if middleware is None:
        return
    if any(kind.capability == AUTHZ_API_IMPLEMENTS for kind in plugin.get_types()):
        middleware.remove_plugin(plugin.name)


ACCEPTED_PLUGIN_FILTER_TAGS = frozenset({"enabled", "capability"})
"""What a list of plugins can be filtered by.

Go: plugin/backend_linux.go::acceptedPluginFilterTags
"""


class Filters(Protocol):
    """What a list is filtered by: keys with values."""

    def validate(self, accepted: frozenset[str], /) -> None:
        """Check that there are no other keys.

        Go: api/types/filters/parse.go::Args.Validate
        """
        ...

    def contains(self, field: str, /) -> bool:
        """Whether a key is given.

        Go: api/types/filters/parse.go::Args.Contains
        """
        ...

    def get(self, key: str, /) -> Sequence[str]:
        """The values of a key.

        Go: api/types/filters/parse.go::Args.Get
        """
        ...

    def exact_match(self, key: str, source: str, /) -> bool:
        """Whether a value is among those of a key, or the key is not given.

        Go: api/types/filters/parse.go::Args.ExactMatch
        """
        ...

    def match(self, field: str, source: str, /) -> bool:
        """Whether a value fits one of the patterns of a key, or the key is not given.

        Go: api/types/filters/parse.go::Args.Match
        """
        ...


def fits(filters: Filters) -> Callable[[ApiPlugin], bool]:
    """What tells whether a plugin fits the filters `enabled` and `capability`.

    Raises:
        InvalidFilter: `enabled` is neither `true` nor `false`.
        EngineError: a filter is not known.
    """
    filters.validate(ACCEPTED_PLUGIN_FILTER_TAGS)
    enabled = _enabled(filters)
    return lambda plugin: enabled in (None, plugin.enabled) and _has_capability(plugin, filters)


def _enabled(filters: Filters) -> bool | None:
    if not filters.contains("enabled"):
        return None
    if filters.exact_match("enabled", "true"):
        return True
    if filters.exact_match("enabled", "false"):
        return False
    raise InvalidFilter("enabled", filters.get("enabled"))


def _has_capability(plugin: ApiPlugin, filters: Filters) -> bool:
    if not filters.contains("capability"):
        return True
    return any(filters.match("capability", kind.capability) for kind in plugin.config.interface.types or ())


ENABLE = PluginEnableConfig()
DISABLE = PluginDisableConfig()
REMOVE = PluginRmConfig()
"""What is done if nobody says otherwise: no time-out for calls, and no force."""


class Backend:
    """The half of a plugin manager that the API talks to; `manager.Manager` makes its parts.

    Args:
        config: What the manager was given.
        lifecycle: Starts and stops plugins.
        creation: Makes plugins.
        blob_store: Where configs and layers are kept.
        mu_gc: Held while blobs are kept that no plugin refers to yet, and while blobs are removed.
        publisher: Tells of what happens to plugins.
    """

    config: ManagerConfig
    lifecycle: Lifecycle
    creation: Creation
    blob_store: BasicBlobStore
    mu_gc: threading.RLock
    publisher: Publisher[Event]

    def get(self, id_or_name: str) -> Plugin:
        """The plugin with this name, id or prefix of an id.

        Raises:
            PluginNotFound: there is none.
            Ambiguous: the prefix is that of several.

        Go: plugin/manager.go::Manager.Get
        """
        return self.config.store.get_v2_plugin(id_or_name)

    def disable(self, ref_or_id: str, config: PluginDisableConfig = DISABLE) -> None:
        """Stop a plugin; nobody can use it then.

        Raises:
            PluginNotFound: there is no such plugin.
            InUse: someone uses it, and it is not forced.
            Disabled: it is disabled already.

        Go: plugin/backend_linux.go::Manager.Disable
        Differs:
            behaviour count: checked again in the step that marks the plugin, so that no user comes in
                between.
        """
        with self._operation(ref_or_id) as p:
            if not config.force_disable and p.get_ref_count() > 0:
                raise InUse(p.name)
            leave(self.config.authz_middleware, p)
            self.lifecycle.disable(p, self.lifecycle.controller(p), force=config.force_disable)
            self._tell(EventDisable(api_plugin(p)), p, ref_or_id, "disable")

    def enable(self, ref_or_id: str, config: PluginEnableConfig = ENABLE) -> None:
        """Start a plugin and wait until it listens.

        Raises:
            PluginNotFound: there is no such plugin.
            Enabled: it is enabled already.
            EngineError: it cannot be started, or does not listen.

        Go: plugin/backend_linux.go::Manager.Enable
        Differs:
            order GetID: it is looked first whether the plugin is still known once its turn has come; moby
                lets two operations on one plugin mix.
        """
        with self._operation(ref_or_id) as p:
            self.lifecycle.enable(p, Controller(config.timeout), force=False)
            self._tell(EventEnable(api_plugin(p)), p, ref_or_id, "enable")

    def inspect(self, ref_or_id: str) -> ApiPlugin:
        """A plugin as the API shows it.

        Raises:
            PluginNotFound: there is no such plugin.

        Go: plugin/backend_linux.go::Manager.Inspect
        """
        return api_plugin(self.config.store.get_v2_plugin(ref_or_id))

    def remove(self, name: str, config: PluginRmConfig = REMOVE) -> None:
        """Remove a plugin and all its files.

        Raises:
            PluginNotFound: there is no such plugin.
            InUse: someone uses it, and it is not forced.
            Enabled: it is enabled, and it is not forced.
            EngineError: its files cannot be removed.

        Go: plugin/backend_linux.go::Manager.Remove
        Differs:
            behaviour authz: it leaves the chain, as when it is disabled.
            call shutdownPlugin: also if it is disabled, since it may wait to be restarted after a crash.
            call EnsureRemoveAll: removes EXEC/ID too, which moby leaves.
            call SetPClient: closes the client's connections.
        """
        with self._operation(name) as p:
            if not config.force_remove:
                _check_removable(p)
            leave(self.config.authz_middleware, p)
            if p.is_enabled():
                self._disable_for_removal(p)
            self.lifecycle.stop(p, self.lifecycle.controller(p))
            try:
                remove_files(self.config.root, self.config.exec_root, p.get_id())
                self.config.store.remove(p)
            finally:
                self._gc_later()
            self.lifecycle.take(p, None)
            p.set_p_client(None)
            self.config.log_plugin_event(p.get_id(), name, "remove")
            self.publisher.publish(EventRemove(api_plugin(p)))

    def set(self, name: str, args: Iterable[str]) -> None:
        """Change settings of a plugin, all of them or none.

        Raises:
            PluginNotFound: there is no such plugin.
            EngineError: it is enabled, or a setting is no good, or the disk refuses.

        Go: plugin/backend_linux.go::Manager.Set
        Differs:
            behaviour save: the settings are as before when they cannot be written.
        """
        with self._operation(name) as p:
            before = p.plugin_obj
            p.set(args)
            try:
                defs.save(self.config.root, p)
            except EngineError:
                with p.mu:
                    p.plugin_obj = before
                raise

    def create_from_context(self, tar: IO[bytes], options: PluginCreateOptions) -> Plugin:
        """Make a plugin from an uncompressed tar with config.json and rootfs.

        Raises:
            NameTaken: another plugin has the name.
            EngineError: the name, the tar or its config.json is no good.
        """
        return self._create(lambda: self.creation.create_from_context(tar, options))

    def create_from_directory(self, directory: Path, options: PluginCreateOptions) -> Plugin:
        """Make a plugin from a directory with config.json and rootfs.

        Raises:
            NameTaken: another plugin has the name.
            EngineError: the name, the directory or its config.json is no good.
        """
        return self._create(lambda: self.creation.create_from_directory(directory, options))

    def gc(self) -> None:
        """Remove blobs that no plugin refers to.

        Go: plugin/manager.go::Manager.GC
        Differs:
            behaviour unread: while a plugin cannot be read no blob is removed, since it may be that plugin's;
                moby removes it.
        """
        with self.mu_gc:
            if left_over := unread(self.config.root, self.config.store.get_all()):
                log.warning("no blobs are removed while there are plugins that cannot be read: %s", left_over)
                return
            whitelist: set[str] = set()
            for p in self.config.store.get_all().values():
                whitelist.add(p.config)
                whitelist.update(p.blobsums or ())
            self.blob_store.gc(whitelist)

    def subscribe_events(
        self, buffer: int, *watch_events: Event
    ) -> tuple[Subscriber[Event], Callable[[], None]]:
        """A queue of what happens to plugins, or of what fits one of some patterns, and how to end it.

        Go: plugin/events.go::Manager.SubscribeEvents
        Differs:
            error unexpected-type-passed: the queue's type says what is in it; moby's channel takes anything.
        """
        subscriber = self.publisher.subscribe_topic_with_buffer(topic(watch_events), buffer)
        return subscriber, lambda: self.publisher.evict(subscriber)

    def list(self, plugin_filters: Filters | None = None) -> Sequence[ApiPlugin]:
        """The plugins that fit the filters `enabled` and `capability`.

        Raises:
            InvalidFilter: `enabled` is neither `true` nor `false`.
            EngineError: a filter is not known.

        Go: plugin/backend_linux.go::Manager.List
        Differs:
            behaviour capability: one that fits is enough; moby asks all of them to, so that a plugin with
                none always fits and one with two never.
            order plugins: by name; moby's is random.
            call GetTypes: the capabilities are read from the frozen value.
        """
        found = sorted(map(api_plugin, self.config.store.get_all().values()), key=lambda plugin: plugin.name)
        if plugin_filters is None:
            return found
        return list(filter(fits(plugin_filters), found))

    @contextmanager
    def _operation(self, ref_or_id: str) -> Iterator[Plugin]:
        """The plugin that is meant, while no other operation on it goes on.

        Raises:
            PluginNotFound: there is no such plugin.
            EngineError: also for what the system refuses meanwhile.
        """
        p = self.config.store.get_v2_plugin(ref_or_id)
        with p.turn:
            if not self.config.store.has(p):
                raise PluginNotFound(ref_or_id)
            try:
                yield p
            except OSError as error:
                raise EngineError(error) from error

    def _tell(self, event: Event, p: Plugin, name: str, action: str) -> None:
        self.publisher.publish(event)
        self.config.log_plugin_event(p.get_id(), name, action)

    def _disable_for_removal(self, p: Plugin) -> None:
        try:
            self.lifecycle.disable(p, self.lifecycle.controller(p), force=True)
        except EngineError as error:
            failure(log, f"failed to disable plugin '{p.name}': {error}", error, id=p.get_id())

    def _create(self, create: Callable[[], Plugin]) -> Plugin:
        try:
            p = create()
        except BaseException:
            self._gc_later()
            raise
        self.publisher.publish(EventCreate(api_plugin(p)))
        self.config.log_plugin_event(p.get_id(), p.name, "create")
        return p

    def _gc_later(self) -> None:
        workers.run(self.config.workers, self.gc)


def _check_removable(p: Plugin) -> None:
    if p.get_ref_count() > 0:
        raise InUse(p.name)
    if p.is_enabled():
        raise Enabled(p.name)
