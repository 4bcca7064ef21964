"""Where a plugin that runs as a plain process finds what it knows by its path in a container."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime import oci
from runtime.plugin.executor.paths import HostPaths


@pytest.fixture
def paths(tmp_path: Path) -> HostPaths:
    rootfs = tmp_path / "rootfs"
    (rootfs / "usr" / "bin").mkdir(parents=True)
    (rootfs / "usr" / "bin" / "tool").touch(mode=0o755)
    (rootfs / "bin").symlink_to("usr/bin")
    (rootfs / "absolute").symlink_to("/usr/bin/tool")
    (rootfs / "loop").symlink_to("loop")
    (rootfs / "through").symlink_to("/srv/../through")
    (rootfs / "out").symlink_to("../../../../etc")
    (rootfs / "data.txt").touch()
    spec = oci.default_spec()
    spec.root = oci.Root(str(rootfs))
    spec.mounts += [
        oci.Mount("/run/docker/plugins", "bind", "/exec/id", ["rbind"]),
        oci.Mount("/run/docker/plugins/deep", "bind", "/deeper", ["rbind"]),
        oci.Mount("/srv", "", "/host/srv", ["rbind"]),
        oci.Mount("/scratch", "tmpfs", "tmpfs", []),
    ]
    return HostPaths(spec)


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("/bin/tool", "ROOTFS/usr/bin/tool"),
        ("/absolute", "ROOTFS/usr/bin/tool"),
        ("/out/passwd", "ROOTFS/etc/passwd"),
        ("/../../etc/passwd", "ROOTFS/etc/passwd"),
        ("/loop/x", "ROOTFS/loop/x"),
        ("/run/docker/plugins/x.sock", "/exec/id/x.sock"),
        ("/run/docker/plugins/deep/x", "/deeper/x"),
        ("/srv/x", "/host/srv/x"),
        ("/through", "ROOTFS/through"),
        ("/srv/../data.txt", "ROOTFS/data.txt"),
        ("/scratch/x", "ROOTFS/scratch/x"),
        ("/", "ROOTFS"),
    ],
)
def test_a_path_in_the_container_is_found_on_the_host(paths: HostPaths, inside: str, found: str) -> None:
    assert paths.resolve(inside) == found.replace("ROOTFS", str(paths.rootfs))


@pytest.mark.parametrize(
    ("argument", "given"),
    [
        ("/run/docker/plugins/x.sock", "/exec/id/x.sock"),
        ("--socket=/run/docker/plugins/x.sock", "--socket=/exec/id/x.sock"),
        ("unix:///run/docker/plugins/x.sock", "unix:///exec/id/x.sock"),
        ("addr=unix:///run/docker/plugins/x.sock", "addr=unix:///exec/id/x.sock"),
        ("/data.txt", "ROOTFS/data.txt"),
        ("/no/such/thing", "/no/such/thing"),
        ("/run/docker/pluginsx", "/run/docker/pluginsx"),
        ("/", "/"),
        ("-v", "-v"),
        ("a=b", "a=b"),
        ("relative/path", "relative/path"),
        ("", ""),
    ],
)
def test_an_argument_that_names_something_of_the_container_is_translated(
    paths: HostPaths, argument: str, given: str
) -> None:
    assert paths.argument(argument) == given.replace("ROOTFS", str(paths.rootfs))


def test_a_program_is_found_by_path_and_by_name(paths: HostPaths) -> None:
    tool = str(paths.rootfs / "usr" / "bin" / "tool")
    assert paths.executable("/bin/tool", []) == tool
    assert paths.executable("tool", ["/sbin", "/bin"]) == tool
    assert paths.executable("tool", ["/sbin"]) is None
    assert paths.executable("/data.txt", []) is None
    assert paths.executable("/usr/bin", []) is None
