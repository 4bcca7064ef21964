"""Making a plugin from a tar or a directory that holds config.json and rootfs."""

from __future__ import annotations

import gzip
import hashlib
import logging
import posixpath
import tarfile
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

from msgspec.structs import replace

from runtime.disk import PRIVATE, ensure_remove_all, sync_file_system
from runtime.errors import EngineError, InvalidParameter
from runtime.plugins import golang_json, records, reference
from runtime.plugins.api_types import (
    Plugin as ApiPlugin,
)
from runtime.plugins.api_types import (
    PluginConfig,
    PluginConfigRootfs,
    PluginCreateOptions,
    PluginFile,
    PluginPrivilege,
)
from runtime.plugins.archive import split_config_root_fs_from_tar
from runtime.plugins.blobs import BasicBlobStore, Insertion
from runtime.plugins.definitions import CreateOpt
from runtime.plugins.identity import generate_random_id
from runtime.plugins.plugin import Plugin
from runtime.plugins.privileges import compute_privileges, validate_privileges
from runtime.plugins.store import Store

log = logging.getLogger(__name__)

DOCKER_VERSION = "18.09.6"
"""What new plugins are said to be made with."""

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

        Go:
            plugin/backend_linux.go::Manager.CreateFromContext

        Differs:
            call EnsureRemoveAll: removes a tree of any depth; moby calls RemoveAll of Go's library.
            result Plugin: the manager, which announces it, is given the new plugin.
            call Publish,LogPluginEvent,GC: `Backend.create_from_context` tells of the plugin, or has the
                blobs of one that was not made removed.
            call tmpDir: a method of the manager; here `tmp` is written out where the folder is made.
            order New: the blob is made first, since the tar is split, unpacked and written to it in one
                pass; moby reads it through a pipe that begins to flow later.
            call InvalidParameter: raised by the API's reader of JSON; `golang_json` keeps its words and
                not the kind.
            order PluginReference: set before the plugin is saved; moby saves it at the next change only.

        Raises:
            NameTaken: another plugin has the name.
            EngineError: the name, the tar or its config.json is no good; nothing is left behind then.
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
                    config = replace(config, rootfs=rootfs, docker_version=DOCKER_VERSION)
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
                    for name in (records.CONFIG_FILE_NAME, records.ROOTFS_FILE_NAME):
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

        Go:
            plugin/manager_linux.go::Manager.createPlugin

        Differs:
            call EnsureRemoveAll: removes a tree of any depth; moby calls RemoveAll of Go's library.
            error Add: a failure is an error, and not ignored.

        Raises:
            InvalidParameter: another plugin has the name.
            EngineError: the config is no good, the user did not accept its privileges, or the disk refuses.
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

        Go:
            plugin/manager_linux.go::Manager.setupNewPlugin

        Differs:
            call InvalidParameter: raised by the API's reader of JSON; `golang_json` keeps its words and
                not the kind.
            behaviour blobsums: not looked at, there as here, hence the underscore.

        Raises:
            EngineError: `failed to parse config`, `invalid config json` or `incorrect privileges`.
        """
        with self.blob_store.get(config_digest) as blob:
            data = blob.read(golang_json.SIZE_LIMIT + 1)
        try:
            config = _parse(data)
        except EngineError as error:
            if isinstance(error.cause, golang_json.TrailingData):
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
                blob.write(golang_json.encode(config) + b"\n")
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
            _rename(root_fs_dir, directory / records.ROOTFS_FILE_NAME)
            _bring_to_disk(directory)
            records.save(self.root, plugin)
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

    Go:
        plugin/backend_linux.go::Manager.validateConfig

    Differs:
        call InvalidParameter: the socket's name must not lead out of the plugin's directory; moby's function
            has nothing in it.

    Raises:
        InvalidParameter: it is no good.
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
        return golang_json.decode(golang_json.parse(config_json), PluginConfig)
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
