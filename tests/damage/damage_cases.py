"""The tampered data roots: what is done to each, and what must hold of an engine that starts on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from damage_root import LOCAL, LOG_PLUGIN_ID, PLUGIN, PLUGIN_ID
from tampering import (
    Tamper,
    config,
    content,
    copied,
    cut,
    endless_device,
    executed,
    fifo,
    folder,
    folder_of_bytes,
    gone,
    huge,
    link,
    many,
    mode,
    moved,
    moved_out,
    nested,
    owner,
    patched,
    socket_there,
    zeroed,
)

DB = "volumes/metadata.db"
OURS = "volumes/metadata.sqlite3"
OPTS = "volumes/fullvol/opts.json"
DATA = "volumes/plainvol/_data"
PLUG = f"plugins/{PLUGIN_ID}"
LOGS = f"plugins/{LOG_PLUGIN_ID}"
FILE = f"{PLUG}/config.json"
TMP = "plugins/tmp"
OTHER_ID = "a" * 64
BLOBS = "plugins/storage/blobs"
BLOBS_TMP = "plugins/storage/blobs/tmp"

HANGS = "#!/bin/sh\nexec sleep 1000\n"
CRASHES = "#!/bin/sh\nexit 1\n"


@dataclass(frozen=True, slots=True)
class Case:
    """A way to tamper with a root, and what must hold.

    Args:
        name: Its name; those of `boot-cases.json` have the names that they have there.
        tamper: What is done, step by step.
        lost: The volumes that are not listed any more.
        extra: Those that are listed besides, with their drivers.
        bare: Those whose labels and options are lost.
        warned: What a warning of the list of volumes says, each.
        logged: What the log says, each.
        plugins: The plugins that are listed otherwise; None for one that is not.
        documented: What may be other than before, by its path's beginning: see `Differs` of what does it.
        used: Whether our engine has used the root before.
        stalls: Whether something does not answer, so that waits end sooner than one would have them end.
        needs_root: Whether only root can tamper so.
        unprivileged: Whether the engine runs as somebody who is not root; then the plugin is disabled.
        without_plugin: Whether the plugin is disabled, so that the case is quick.
    """

    name: str
    tamper: tuple[Tamper, ...]
    lost: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    bare: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    logged: tuple[str, ...] = ()
    plugins: Mapping[str, bool | None] = field(default_factory=dict)
    documented: tuple[str, ...] = ()
    used: bool = False
    stalls: bool = False
    needs_root: bool = False
    unprivileged: bool = False
    without_plugin: bool = False

    @property
    def plugin_runs(self) -> bool:
        """Whether the plugin is enabled before anything is tampered with."""
        return not (self.unprivileged or self.without_plugin)

    @property
    def records_are_lost(self) -> bool:
        """Whether nothing is known of volumes but what their drivers say."""
        return self.bare == LOCAL or set(LOCAL) <= set(self.lost)


NO_PLUGIN = {PLUGIN: None}
DISABLED = {PLUGIN: False}
NOT_FOUND = (f"list {PLUGIN}: volume driver not found: {PLUGIN}",)
UNLISTED = ("a/b", "x")
"""What only the plugin knows of; mv2 is recorded too."""


def _dead(name: str, *tamper: Tamper, plugins: Mapping[str, bool | None], **more: object) -> Case:
    """A root whose plugin cannot be asked: its recorded volume is listed from its record, and told of."""
    return Case(name, tamper, lost=UNLISTED, plugins=plugins, **{"warned": (PLUGIN,), **more})  # type: ignore[arg-type]


KNOWN: tuple[Case, ...] = (
    Case("baseline", ()),
    Case("backingfs-gone", (gone("volumes/backingFsBlockDev"),)),
    Case("db-empty", (content(DB, b""),), bare=LOCAL, logged=("have no record",)),
    Case("db-garbage", (content(DB, b"garbage" * 5000),), bare=LOCAL, warned=("metadata.db cannot be read",)),
    Case("db-gone", (gone(DB),), bare=LOCAL, logged=("have no record",)),
    Case(
        "db-record-other-driver",
        (patched(DB, b'"plainvol","Driver":"local"', b'"plainvol","Driver":"lokal"'),),
        warned=("list lokal: volume driver not found: lokal",),
        logged=("lokal",),
    ),
    _dead("plug-badifacetype", config(FILE, plugin__Config__Interface__Types=["volume"]), plugins={}),
    Case("plug-blobs-gone", (gone(BLOBS),)),
    _dead("plug-config-emptyobj", content(FILE, "{}"), plugins=NO_PLUGIN, logged=("error loading plugin",)),
    _dead(
        "plug-config-malformed",
        content(FILE, '{"plugin":{'),
        plugins=NO_PLUGIN,
        logged=("error loading plugin",),
    ),
    _dead("plug-disabled-in-config", config(FILE, plugin__Enabled=False), plugins=DISABLED),
    Case("plug-file-not-dir", (content(f"plugins/{OTHER_ID}", "a file"),), logged=("error loading plugin",)),
    Case("plug-hex-no-config", (folder(f"plugins/{OTHER_ID}", "f"),), logged=("missing plugin config",)),
    Case("plug-nonhex-dir", (folder("plugins/not-an-id", "f"),)),
    Case(
        "plug-propagated-gone",
        (gone(f"{PLUG}/propagated-mount"),),
        lost=(*UNLISTED, "mv2"),
        warned=("volume mv2",),
        documented=(f"{PLUG}/rootfs/mnt/volumes",),
    ),
    Case(
        "plug-removing-leftover",
        (folder(f"plugins/{OTHER_ID}-removing", "f"),),
        documented=(f"plugins/{OTHER_ID}-",),
    ),
    _dead(
        "plug-rootfs-gone",
        gone(f"{PLUG}/rootfs"),
        plugins={PLUGIN: False},
        logged=("failed to enable plugin",),
        stalls=True,
    ),
    Case("plug-storage-gone", (gone("plugins/storage"),)),
    Case(
        "plug-tmp-leftover",
        (folder("plugins/tmp/.rootfs123", "f"),),
        documented=("plugins/tmp/.rootfs123",),
    ),
    Case("plug-unknown-key", (config(FILE, Future={"a": [1]}),)),
    Case(
        "vol-bad-name",
        (folder("volumes/-bad name/_data", "f"), folder("volumes/y/_data", "f")),
        extra={"-bad name": "local", "y": "local"},
    ),
    Case(
        "vol-dir-not-in-db-no-data",
        (folder("volumes/adopted"),),
        extra={"adopted": "local"},
        warned=("volume adopted: its directory _data is missing",),
    ),
    Case("vol-dir-not-in-db", (folder("volumes/adopted/_data", "f"),), extra={"adopted": "local"}),
    Case("vol-no-_data", (gone(DATA),), warned=("volume plainvol: its directory _data is missing",)),
    Case("vol-opts-emptyobj", (content(OPTS, "{}"),)),
    Case("vol-opts-gone", (gone(OPTS),)),
    Case("vol-opts-malformed", (content(OPTS, '{"MountType":"tmp'),), warned=("volume: fullvol",)),
    Case("vol-opts-on-plain", (content("volumes/plainvol/opts.json", '{"MountType":"tmpfs"}'),)),
    Case("vol-regular-file", (content("volumes/stray", "a file"),)),
    Case("volumes-dir-gone", (gone("volumes"),), lost=LOCAL),
)
"""Those of which is known what dockerd did; `Case` says what ours must do."""

DATABASE: tuple[Case, ...] = (
    Case("db-truncated", (cut(DB, 20_000),)),
    Case("db-cut-to-one-page", (cut(DB, 4096),), bare=LOCAL, warned=("metadata.db",)),
    Case("db-cut-to-nine-bytes", (cut(DB, 9),), bare=LOCAL, warned=("metadata.db cannot be read",)),
    Case("db-first-page-zero", (zeroed(DB, 0),)),
    Case("db-second-page-zero", (zeroed(DB, 4096),), lost=("mv2",)),
    Case("db-both-first-pages-zero", (zeroed(DB, 0, 8192),), bare=LOCAL, warned=("cannot be read",)),
    Case("db-all-zero", (zeroed(DB, 0, 32768),), bare=LOCAL, warned=("cannot be read",)),
    Case("db-data-pages-zero", (zeroed(DB, 8192, 24576),), bare=LOCAL, warned=("metadata.db",)),
    Case(
        "db-wrong-magic",
        (patched(DB, b"\xed\xda\x0c\xed", b"\xed\xda\x0c\xee"),),
        bare=LOCAL,
        warned=("cannot be read",),
    ),
    Case("db-directory", (folder(DB, "f"),), bare=LOCAL, warned=("metadata.db cannot be read",)),
    Case("db-fifo", (fifo(DB),), bare=LOCAL, warned=("metadata.db cannot be read",)),
    Case("db-socket", (socket_there(DB),), bare=LOCAL, warned=("metadata.db cannot be read",)),
    Case("db-endless-device", (endless_device(DB),), bare=LOCAL, warned=("cannot be read",), needs_root=True),
    Case("db-dangling-link", (link(DB, "nowhere"),), bare=LOCAL, warned=("metadata.db cannot be read",)),
    Case("db-link-loop", (link(DB, "metadata.db"),), bare=LOCAL, warned=("metadata.db cannot be read",)),
    Case("db-huge", (huge(DB),), bare=LOCAL, warned=("metadata.db cannot be read",)),
    Case(
        "db-record-malformed",
        (patched(DB, b'{"Name":"plainvol"', b'{"Name":"plainvol('),),
        warned=("plainvol",),
    ),
    Case(
        "db-record-wrong-type",
        (patched(DB, b'"a":"1"', b'"a": 12'),),
        bare=("labelvol",),
        warned=("labelvol",),
    ),
    Case(
        "db-four-drivers-gone",
        (patched(DB, b'"Driver":"local"', b'"Driver":"lokal"'),),
        bare=("emptymaps", "fullvol", "labelvol", "nfsvol"),
        warned=("list lokal: volume driver not found: lokal",),
    ),
    Case("db-driver-empty", (patched(DB, b'"plainvol","Driver":"local"', b'"plainvol","Driver":"",      '),)),
    Case(
        "db-name-not-text",
        (patched(DB, b"plainvol{", b"plain\xff\xfel{"),),
        warned=("does not have it",),
    ),
    Case(
        "db-unreadable", (mode(DB, 0),), bare=LOCAL, warned=("metadata.db cannot be read",), unprivileged=True
    ),
    Case(
        "sqlite-garbage",
        (content(OURS, b"garbage" * 999),),
        used=True,
        bare=(),
        documented=(OURS,),
        warned=("put aside",),
    ),
    Case("sqlite-directory", (folder(OURS, "f"),), documented=(OURS,), warned=("put aside",)),
    Case("sqlite-empty", (content(OURS, b""),), used=True, documented=(OURS,)),
    Case("sqlite-truncated", (cut(OURS, 5000),), used=True, documented=(OURS,), warned=("put aside",)),
    Case("sqlite-fifo", (fifo(OURS),), documented=(OURS,), warned=("put aside",)),
    Case("sqlite-socket", (socket_there(OURS),), documented=(OURS,), warned=("put aside",)),
    Case(
        "sqlite-endless-device",
        (endless_device(OURS),),
        documented=(OURS,),
        warned=("put aside",),
        needs_root=True,
    ),
    Case("sqlite-dangling-link", (link(OURS, "nowhere/nothing"),), documented=(OURS,), warned=("put aside",)),
    Case("sqlite-link-loop", (link(OURS, "metadata.sqlite3"),), documented=(OURS,), warned=("put aside",)),
    Case("sqlite-wal-garbage", (content(f"{OURS}-wal", b"garbage" * 999),), used=True, documented=(OURS,)),
    Case(
        "sqlite-wal-directory",
        (folder(f"{OURS}-wal", "f"),),
        used=True,
        documented=(OURS,),
        warned=("put aside",),
    ),
    Case("sqlite-shm-garbage", (content(f"{OURS}-shm", b"garbage" * 999),), used=True, documented=(OURS,)),
    Case(
        "sqlite-journal-garbage",
        (content(f"{OURS}-journal", b"garbage" * 999),),
        used=True,
        documented=(OURS,),
    ),
    Case(
        "sqlite-other-volumes-table",
        (executed(OURS, "drop table volumes", "create table volumes (other text)"),),
        used=True,
        documented=(OURS,),
        warned=("put aside",),
    ),
    Case(
        "sqlite-other-facts-table",
        (executed(OURS, "drop table facts", "create table facts (other text)"),),
        used=True,
        documented=(OURS,),
        warned=("put aside",),
    ),
    Case(
        "sqlite-values-of-wrong-types",
        (executed(OURS, "insert into volumes values (x'ff', 5), ('n', 'no json'), ('w', '{}')"),),
        used=True,
        documented=(OURS,),
        warned=("volume",),
    ),
)
"""The files of records: dockerd's and ours."""

BROKEN_OPTS = {"warned": ("volume: fullvol",)}

VOLUMES: tuple[Case, ...] = (
    *(
        Case(f"vol-opts-{name}", (content(OPTS, text),), **BROKEN_OPTS)  # type: ignore[arg-type]
        for name, text in {
            "array": "[]",
            "string": '"tmpfs"',
            "number": '{"MountType":5}',
            "binary": b"\xff\xfe\0\0",
            "zeroes": bytes(94),
            "deep": '{"MountType":' + "[" * 100_000,
            "twice": '{"MountType":"tmpfs"}{}',
        }.items()
    ),
    Case("vol-opts-null", (content(OPTS, "null"),)),
    Case("vol-opts-empty", (content(OPTS, ""),), warned=("opts.json is missing or has no options",)),
    Case("vol-opts-unknown-key", (content(OPTS, '{"MountType":"tmpfs","Future":{}}'),)),
    Case("vol-opts-directory", (folder(OPTS, "f"),), **BROKEN_OPTS),  # type: ignore[arg-type]
    Case("vol-opts-fifo", (fifo(OPTS),), **BROKEN_OPTS),  # type: ignore[arg-type]
    Case("vol-opts-socket", (socket_there(OPTS),), **BROKEN_OPTS),  # type: ignore[arg-type]
    Case("vol-opts-endless-device", (endless_device(OPTS),), needs_root=True, **BROKEN_OPTS),  # type: ignore[arg-type]
    Case("vol-opts-huge", (huge(OPTS),), **BROKEN_OPTS),  # type: ignore[arg-type]
    Case("vol-opts-dangling-link", (link(OPTS, "nowhere"),), **BROKEN_OPTS),  # type: ignore[arg-type]
    Case("vol-opts-link-outside", (link(OPTS, "OUTSIDE/precious"),), **BROKEN_OPTS),  # type: ignore[arg-type]
    Case("vol-opts-unreadable", (mode(OPTS, 0),), unprivileged=True, **BROKEN_OPTS),  # type: ignore[arg-type]
    Case("vol-opts-half-written", (content("volumes/fullvol/.opts.json", '{"Mou'),)),
    Case("vol-data-file", (content(DATA, "a file"),), warned=("volume plainvol",)),
    Case("vol-data-fifo", (fifo(DATA),), warned=("volume plainvol",)),
    Case("vol-data-link-outside", (link(DATA, "OUTSIDE"),), warned=("volume plainvol",)),
    Case("vol-data-link-to-other-volume", (link(DATA, "../labelvol/_data"),), warned=("volume plainvol",)),
    Case("vol-data-dangling-link", (link(DATA, "nowhere"),), warned=("volume plainvol",)),
    Case("vol-data-link-loop", (link(DATA, "_data"),), warned=("volume plainvol",)),
    Case("vol-data-closed", (mode(DATA, 0),), unprivileged=True),
    Case("vol-data-of-other-owner", (owner(DATA, 12345),), needs_root=True),
    Case("vol-data-nested", (nested(DATA, 60),)),
    Case(
        "vol-file-not-dir",
        (content("volumes/plainvol", "a file"),),
        lost=("plainvol",),
        warned=("volume plainvol",),
    ),
    Case("vol-dir-gone", (gone("volumes/plainvol"),), lost=("plainvol",), warned=("volume plainvol",)),
    Case("vol-dir-closed", (mode("volumes/plainvol", 0),), warned=("volume plainvol",), unprivileged=True),
    Case("vol-dir-empty", (folder("volumes/plainvol"),), warned=("its directory _data is missing",)),
    Case("vol-link-outside", (link("volumes/linked", "OUTSIDE"),)),
    Case("vol-dangling-link", (link("volumes/linked", "nowhere"),)),
    Case("vol-link-loop", (link("volumes/linked", "linked"),)),
    Case(
        "vol-moved-out-and-linked",
        (moved_out("volumes/plainvol"),),
        lost=("plainvol",),
        warned=("volume plainvol",),
    ),
    Case("vol-fifo", (fifo("volumes/pipe"),)),
    Case("vol-socket", (socket_there("volumes/sock"),)),
    Case("vol-name-not-utf8", (folder_of_bytes("volumes", b"odd\xff"),), warned=("is not UTF-8",)),
    Case("vol-name-newline", (folder("volumes/a\nb/_data"),), extra={"a\nb": "local"}),
    Case("vol-name-255", (folder(f"volumes/{'n' * 255}/_data"),), extra={"n" * 255: "local"}),
    Case("vol-name-hidden", (folder("volumes/.hidden/_data", "f"),), extra={".hidden": "local"}),
    Case("vol-name-like-creating", (folder("volumes/.+foreign/_data", "f"),), warned=(".+foreign",)),
    Case("vol-name-like-removing", (folder("volumes/.-foreign/_data", "f"),), warned=(".-foreign",)),
    Case("vol-name-like-trash", (folder("volumes/.~foreign/_data", "f"),), warned=(".~foreign",)),
    Case(
        "vol-lost-and-found",
        (folder("volumes/lost+found"),),
        extra={"lost+found": "local"},
        warned=("lost+found",),
    ),
    Case(
        "vol-many-unknown",
        (many("volumes", 500, "more"),),
        extra={f"more{each}": "local" for each in range(500)},
    ),
    Case("backingfs-file", (content("volumes/backingFsBlockDev", "a file"),)),
    Case("backingfs-dangling-link", (link("volumes/backingFsBlockDev", "nowhere"),)),
    Case("volumes-file", (content("volumes", "a file"),), lost=LOCAL, warned=("volumes",)),
    Case("volumes-fifo", (fifo("volumes"),), lost=LOCAL, warned=("volumes",)),
    Case("volumes-dangling-link", (link("volumes", "nowhere"),), lost=LOCAL, warned=("volumes",)),
    Case("volumes-link-loop", (link("volumes", "volumes"),), lost=LOCAL, warned=("volumes",)),
    Case("volumes-moved-out-and-linked", (moved_out("volumes"),), documented=("volumes",)),
    Case("volumes-empty", (folder("volumes"),), lost=LOCAL),
    Case("volumes-closed", (mode("volumes", 0),), lost=LOCAL, warned=("volumes",), unprivileged=True),
    Case("volumes-read-only", (mode("volumes", 0o555),), warned=("volumes",), unprivileged=True),
    Case("volumes-of-other-owner", (owner("volumes", 12345),), needs_root=True),
)
"""The folder of volumes, and what is in it."""

SKIPPED = {"plugins": NO_PLUGIN, "logged": ("error loading plugin",)}
FAILED = {"plugins": {PLUGIN: False}, "logged": ("failed to enable plugin",), "stalls": True}

PLUGINS: tuple[Case, ...] = (
    *(
        _dead(f"plug-config-{name}", content(FILE, text), **SKIPPED)  # type: ignore[arg-type]
        for name, text in {
            "empty": "",
            "null": "null",
            "array": "[]",
            "string": '"plugin"',
            "binary": b"\xff\xfe\0\0",
            "zeroes": bytes(1633),
            "deep": '{"plugin":' + "[" * 100_000,
            "no-plugin": '{"Rootfs":"/"}',
            "plugin-null": '{"plugin":null}',
            "wrong-types": '{"plugin":{"Id":5,"Enabled":"yes"}}',
        }.items()
    ),
    _dead("plug-config-directory", folder(FILE, "f"), **SKIPPED),
    _dead("plug-config-fifo", fifo(FILE), **SKIPPED),
    _dead("plug-config-socket", socket_there(FILE), **SKIPPED),
    _dead("plug-config-endless-device", endless_device(FILE), needs_root=True, **SKIPPED),
    _dead("plug-config-huge", huge(FILE), **SKIPPED),
    _dead("plug-config-dangling-link", link(FILE, "nowhere"), **SKIPPED),
    _dead("plug-config-link-outside", link(FILE, "OUTSIDE/precious"), **SKIPPED),
    _dead("plug-config-of-another-id", config(FILE, plugin__Id=OTHER_ID), **SKIPPED),
    _dead("plug-config-unreadable", mode(FILE, 0), unprivileged=True, **SKIPPED),
    _dead("plug-config-gone", gone(FILE), plugins=NO_PLUGIN, logged=("missing plugin config",)),
    _dead("plug-dir-gone", gone(PLUG), plugins=NO_PLUGIN),
    _dead("plug-dir-moved-out-and-linked", moved_out(PLUG), **SKIPPED),
    _dead("plug-dir-closed", mode(PLUG, 0), unprivileged=True, **SKIPPED),
    Case("plug-dir-link-loop", (link(f"plugins/{OTHER_ID}", OTHER_ID),), logged=("error loading plugin",)),
    Case("plug-dir-dangling-link", (link(f"plugins/{OTHER_ID}", "nowhere"),), logged=("plugin",)),
    Case("plug-dir-fifo", (fifo(f"plugins/{OTHER_ID}"),), logged=("error loading plugin",)),
    Case("plug-dir-twice", (copied(PLUG, f"plugins/{OTHER_ID}"),), logged=("error loading plugin",)),
    Case(
        "plug-name-twice",
        (copied(PLUG, f"plugins/{OTHER_ID}"), config(f"plugins/{OTHER_ID}/config.json", plugin__Id=OTHER_ID)),
        documented=(f"plugins/{OTHER_ID}/config.json",),
    ),
    Case("plug-dir-name-not-utf8", (folder_of_bytes("plugins", b"odd\xff"),)),
    Case("plug-dir-upper-case", (folder(f"plugins/{'A' * 64}", "f"),)),
    Case(
        "plug-removing-leftover-of-a-plugin-that-is-there",
        (folder(f"{PLUG}-removing", "f"),),
        documented=(f"{PLUG}-removing",),
    ),
    Case(
        "plug-removing-link",
        (link(f"plugins/{OTHER_ID}-removing", "OUTSIDE"),),
        documented=(f"plugins/{OTHER_ID}-",),
    ),
    _dead("plug-rootfs-file", content(f"{PLUG}/rootfs", "a file"), **FAILED),
    _dead("plug-rootfs-link-outside", link(f"{PLUG}/rootfs", "OUTSIDE"), **FAILED),
    _dead("plug-rootfs-dangling-link", link(f"{PLUG}/rootfs", "nowhere"), **FAILED),
    _dead("plug-program-gone", gone(f"{PLUG}/rootfs/testvol"), **FAILED),
    _dead(
        "plug-program-garbage",
        content(f"{PLUG}/rootfs/testvol", b"\x7fELFgarbage"),
        mode(f"{PLUG}/rootfs/testvol", 0o755),
        **FAILED,
    ),
    _dead("plug-program-not-executable", mode(f"{PLUG}/rootfs/testvol", 0o644), **FAILED),
    _dead(
        "plug-program-crashes",
        content(f"{PLUG}/rootfs/testvol", CRASHES),
        mode(f"{PLUG}/rootfs/testvol", 0o755),
        plugins={},
        stalls=True,
    ),
    _dead(
        "plug-program-hangs",
        content(f"{PLUG}/rootfs/testvol", HANGS),
        mode(f"{PLUG}/rootfs/testvol", 0o755),
        plugins={},
        stalls=True,
    ),
    _dead(
        "plug-program-never-answers",
        patched(f"{PLUG}/rootfs/testvol", b"threading.Thread(", b"print or dict("),
        plugins={},
        stalls=True,
    ),
    _dead(
        "plug-program-answers-garbage",
        patched(f"{PLUG}/rootfs/testvol", b"reply = json.dumps(", b"reply = repr("),
        plugins={},
        stalls=True,
    ),
    _dead("plug-no-entrypoint", config(FILE, plugin__Config__Entrypoint=None), **FAILED),
    _dead(
        "plug-socket-leads-out",
        config(FILE, plugin__Config__Interface__Socket="../../../x.sock"),
        plugins={},
        stalls=True,
        logged=("plugin",),
    ),
    _dead("plug-interface-null", config(FILE, plugin__Config__Interface=None), plugins={}, stalls=True),
    Case("plug-settings-null", (config(FILE, plugin__Settings=None),)),
    Case("plug-rootfs-path-elsewhere", (config(FILE, Rootfs="/nowhere"),), documented=(FILE,)),
    Case(
        "plug-propagated-file",
        (content(f"{PLUG}/propagated-mount", "a file"),),
        lost=(*UNLISTED, "mv2"),
        logged=("PropagatedMount",),
        warned=("mv2",),
        stalls=True,
    ),
    Case(
        "plug-propagated-dangling-link",
        (link(f"{PLUG}/propagated-mount", "nowhere"),),
        lost=UNLISTED,
        plugins={PLUGIN: False},
        logged=("PropagatedMount", "failed to enable plugin"),
        warned=(PLUGIN,),
        stalls=True,
    ),
    Case(
        "plug-state-malformed",
        (content(f"{PLUG}/propagated-mount/state.json", "["),),
        lost=(*UNLISTED, "mv2"),
        warned=("volume mv2",),
    ),
    Case("plug-log-rootfs-gone", (gone(f"{LOGS}/rootfs"),)),
    Case("plug-log-moved", (moved(LOGS, "plugins/elsewhere"),), plugins={"log/plug:latest": None}),
    Case("plug-storage-file", (content("plugins/storage", "a file"),), logged=("storage",)),
    Case("plug-storage-dangling-link", (link("plugins/storage", "nowhere"),), logged=("storage",)),
    Case("plug-blobs-file", (content(BLOBS, "a file"),), logged=("storage",)),
    Case("plug-blobs-tmp-file", (content(BLOBS_TMP, "a file"),), logged=("storage",)),
    Case("plug-blobs-closed", (mode(BLOBS, 0),), unprivileged=True, logged=("storage",)),
    Case("plug-sha256-file", (content(f"{BLOBS}/sha256", "a file"),)),
    Case("plug-tmp-file", (content(TMP, "a file"),), logged=("tmp",)),
    Case("plug-tmp-gone", (gone(TMP),)),
    Case("plug-tmp-link-outside", (link(TMP, "OUTSIDE"),)),
    Case("plug-tmp-dangling-link", (link(TMP, "nowhere"),), logged=("tmp",)),
    Case("plug-ingest-leftover", (content("plugins/storage/ingest/x/data", "half"),)),
    Case(
        "plugins-gone",
        (gone("plugins"),),
        lost=UNLISTED,
        warned=NOT_FOUND,
        plugins={PLUGIN: None, "log/plug:latest": None},
    ),
    *(
        Case(
            f"plugins-{name}",
            (tamper,),
            lost=UNLISTED,
            warned=NOT_FOUND,
            logged=("plugins",),
            plugins={PLUGIN: None, "log/plug:latest": None},
        )
        for name, tamper in {
            "file": content("plugins", "a file"),
            "fifo": fifo("plugins"),
            "dangling-link": link("plugins", "nowhere"),
            "link-loop": link("plugins", "plugins"),
        }.items()
    ),
    Case(
        "plugins-closed",
        (mode("plugins", 0),),
        lost=UNLISTED,
        warned=NOT_FOUND,
        logged=("plugins",),
        plugins={PLUGIN: None, "log/plug:latest": None},
        unprivileged=True,
    ),
    Case("plugins-read-only", (mode("plugins", 0o500),), unprivileged=True),
    Case("plugins-moved-out-and-linked", (moved_out("plugins"),), documented=("plugins",)),
)
"""The folder of managed plugins, and what is in it."""

QUICK = tuple(replace(case, without_plugin=True) for case in (*DATABASE, *VOLUMES))

CASES = (*KNOWN, *QUICK, *PLUGINS)
