"""What dockerd 20.10.24 did on such roots."""

from __future__ import annotations

from collections.abc import Mapping

RECORDED: Mapping[str, str] = {
    "backingfs-gone": "starts 0.78 s",
    "baseline": "starts 0.75 s",
    "db-empty": "starts 0.67 s",
    "db-garbage": "refuses after 1.68 s",
    "db-gone": "starts 0.66 s",
    "db-record-other-driver": "starts 15.79 s",
    "plug-badifacetype": "starts 0.70 s",
    "plug-blobs-gone": "starts 0.69 s",
    "plug-config-emptyobj": "starts 15.17 s",
    "plug-config-malformed": "starts 60.21 s",
    "plug-disabled-in-config": "starts 0.13 s",
    "plug-file-not-dir": "starts 0.83 s",
    "plug-hex-no-config": "starts 0.71 s",
    "plug-nonhex-dir": "starts 0.73 s",
    "plug-propagated-gone": "starts 0.69 s",
    "plug-removing-leftover": "starts 0.74 s",
    "plug-rootfs-gone": "panics after 0.20 s",
    "plug-storage-gone": "starts 0.67 s",
    "plug-tmp-leftover": "starts 0.71 s",
    "plug-unknown-key": "starts 0.68 s",
    "vol-bad-name": "starts 0.74 s",
    "vol-dir-not-in-db-no-data": "starts 0.66 s",
    "vol-dir-not-in-db": "starts 0.66 s",
    "vol-no-_data": "starts 0.66 s",
    "vol-opts-emptyobj": "starts 0.80 s",
    "vol-opts-gone": "starts 0.67 s",
    "vol-opts-malformed": "refuses after 1.66 s",
    "vol-opts-on-plain": "starts 0.75 s",
    "vol-regular-file": "starts 0.78 s",
    "volumes-dir-gone": "starts 0.74 s",
}
"""Recorded once, with a plugin that ran in a container: outcome, and seconds until then."""

OBSERVED: Mapping[str, str] = {
    "db-garbage": "refuses after 1.28 s",
    "db-record-other-driver": "starts 15.50 s",
    "plug-config-emptyobj": "starts 15.43 s",
    "plug-config-malformed": "starts 15.26 s",
    "plug-rootfs-gone": "panics after 0.31 s",
    "vol-opts-malformed": "refuses after 1.21 s",
    "db-cut-to-one-page": "refuses after 1.18 s",
    "db-cut-to-nine-bytes": "refuses after 1.17 s",
    "db-both-first-pages-zero": "refuses after 1.24 s",
    "db-all-zero": "refuses after 1.52 s",
    "db-data-pages-zero": "panics after 1.85 s",
    "db-wrong-magic": "refuses after 1.48 s",
    "db-directory": "refuses after 1.86 s",
    "db-fifo": "refuses after 1.52 s",
    "db-socket": "refuses after 1.50 s",
    "db-endless-device": "refuses after 1.45 s",
    "db-link-loop": "refuses after 1.45 s",
    "db-four-drivers-gone": "no answer within 20 s",
    "db-driver-empty": "panics after 1.91 s",
    "vol-opts-array": "refuses after 1.52 s",
    "vol-opts-string": "refuses after 1.81 s",
    "vol-opts-number": "refuses after 1.62 s",
    "vol-opts-binary": "refuses after 1.62 s",
    "vol-opts-zeroes": "refuses after 1.55 s",
    "vol-opts-deep": "refuses after 1.80 s",
    "vol-opts-twice": "refuses after 1.36 s",
    "vol-opts-empty": "refuses after 1.93 s",
    "vol-opts-fifo": "no answer within 20 s",
    "vol-opts-endless-device": "no answer within 20 s",
    "vol-opts-huge": "panics after 0.41 s",
    "vol-opts-link-outside": "refuses after 1.51 s",
    "volumes-file": "refuses after 1.14 s",
    "volumes-fifo": "refuses after 1.14 s",
    "volumes-dangling-link": "refuses after 1.14 s",
    "volumes-link-loop": "refuses after 1.14 s",
    "plug-config-empty": "starts 15.12 s",
    "plug-config-null": "starts 15.32 s",
    "plug-config-array": "starts 15.25 s",
    "plug-config-string": "starts 15.23 s",
    "plug-config-binary": "starts 15.22 s",
    "plug-config-zeroes": "starts 15.28 s",
    "plug-config-deep": "starts 15.31 s",
    "plug-config-no-plugin": "starts 15.40 s",
    "plug-config-plugin-null": "starts 15.23 s",
    "plug-config-wrong-types": "starts 15.26 s",
    "plug-config-directory": "starts 15.41 s",
    "plug-config-fifo": "no answer within 20 s",
    "plug-config-socket": "starts 15.27 s",
}
"""Seen once, with the plugin disabled: where it does not start at all, or not within three seconds."""

LONG = frozenset({name for name, outcome in OBSERVED.items() if outcome.startswith(("starts", "no answer"))})
"""Where it stalls; a quarter of a minute each."""

FAILS_OR_STALLS = frozenset(OBSERVED) - LONG | {
    "db-record-other-driver",
    "db-four-drivers-gone",
    "vol-opts-fifo",
    "plug-config-malformed",
}
"""Where it is run beside ours: where it fails, and four of those where it stalls."""
