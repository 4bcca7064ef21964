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

FAILS_OR_STALLS = frozenset()
"""Where it does not start, or not soon."""
