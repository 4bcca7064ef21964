"""Translates a plugin's paths in its container into paths on the host."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from pathlib import Path

from runtime.oci import Spec
from runtime.plugin.v2.plugin_linux import DEFAULT_PLUGIN_RUNTIME_DESTINATION

_LINKS_LIMIT = 40


class HostPaths:
    """Translates paths in a spec's container into paths on the host.

    Args:
        spec: The spec.
        sockets: Another path of the directory for the plugin's socket, if its own is too long for sockets.
    """

    def __init__(self, spec: Spec, sockets: Path | None = None) -> None:
        self.rootfs = Path(spec.root.path)
        binds = [(m.destination.rstrip("/"), m.source) for m in spec.mounts if "bind" in (m.type, *m.options)]
        binds += [(m.destination.rstrip("/"), m.source) for m in spec.mounts if "rbind" in m.options]
        if sockets is not None:
            # The last bind there is the engine's; one of the plugin's own is hidden below it.
            binds = [bind for bind in binds if bind[0] != DEFAULT_PLUGIN_RUNTIME_DESTINATION]
            binds.append((DEFAULT_PLUGIN_RUNTIME_DESTINATION, str(sockets)))
        self._binds = sorted({bind for bind in binds if bind[0]}, key=lambda bind: len(bind[0]), reverse=True)

    def below_bind(self, path: str) -> str | None:
        """Return the path on the host that is mounted there, or None."""
        for destination, source in self._binds:
            if path == destination or path.startswith(f"{destination}/"):
                return source.rstrip("/") + path[len(destination) :] or "/"
        return None

    def resolve(self, path: str) -> str:
        """Return the path on the host; links never lead out of the root file system, except into mounts."""
        rest = posixpath.normpath(f"/{path}").strip("/").split("/")
        place: list[str] = []
        links = 0
        while rest:
            part = rest.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                place = place[:-1]
                continue
            place.append(part)
            inside = "/" + "/".join(place)
            if self.below_bind(inside) is not None:
                return self._in_mount(posixpath.join(inside, *rest))
            if (target := self._link(inside)) is not None and links < _LINKS_LIMIT:
                links += 1
                place = [] if target.startswith("/") else place[:-1]
                rest = [*target.split("/"), *rest]
        return str(self.rootfs.joinpath(*place))

    def argument(self, text: str) -> str:
        """Translate an argument or the value of a variable.

        A path below a mount, or of something in the root file system, becomes the host's; also behind
        `unix://`, or behind the first `=`. All else stays.
        """
        if text.startswith("unix://"):
            return f"unix://{self.argument(text[len('unix://') :])}"
        if not text.startswith("/"):
            name, equals, value = text.partition("=")
            return f"{name}={self.argument(value)}" if equals and value.startswith(("/", "unix://")) else text
        mounted = self.below_bind(posixpath.normpath(text))
        if mounted is not None:
            return mounted
        inside = self.resolve(text)
        return inside if os.path.lexists(inside) and inside != str(self.rootfs) else text

    def executable(self, name: str, search: Sequence[str]) -> str | None:
        """Return the path on the host of a program, which is named with or without a path."""
        candidates = [name] if "/" in name else [posixpath.join(directory, name) for directory in search]
        found = (self.resolve(candidate) for candidate in candidates)
        return next((path for path in found if os.access(path, os.X_OK) and not Path(path).is_dir()), None)

    def _in_mount(self, path: str) -> str:
        """Links in a mount are not looked at, nor after a path has climbed out of it again."""
        clean = posixpath.normpath(path)
        return self.below_bind(clean) or f"{self.rootfs}{clean}"

    def _link(self, inside: str) -> str | None:
        try:
            return str(Path(f"{self.rootfs}{inside}").readlink())
        except OSError:
            return None
