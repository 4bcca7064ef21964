"""Git repositories of a few Go files, for tests: each version in one call of git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

# Fire 4-10, Cool 13-16, Shelf 19-22, Shelf.Put 25-27, errTooHot 29
KILN = """\
package kiln

// Fire heats the kiln.
func Fire(temp int) error {
	limit := 1300
	if temp > limit {
		return errTooHot
	}
	return nil
}

// Cool waits until it is cold.
func Cool(hours int) int {
	rest := hours * 2
	return rest
}

// Shelf holds pots.
type Shelf struct {
	Width int
	Pots  []string
}

// Put adds a pot.
func (s *Shelf) Put(pot string) {
	s.Pots = append(s.Pots, pot)
}

var errTooHot error
"""

# Four lines above everything: Fire 8, Cool 17, Shelf 23, Shelf.Put 29
SHIFTED = KILN.replace("package kiln\n", "package kiln\n\nvar added = 1\n\nvar more = 2\n", 1)


class Link(str):
    """The target of a symbolic link, in place of a file's text."""

    __slots__ = ()


def build(folder: Path, versions: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Make a repository with a commit and a tag for each version; return the commits by tag."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    stream = b""
    for number, (tag, files) in enumerate(versions.items(), 1):
        stream += f"commit refs/heads/main\nmark :{number}\n".encode()
        stream += f"committer t <t@example.org> {1_700_000_000 + number} +0000\n".encode()
        stream += b"data 1\nx\ndeleteall\n"
        for path, text in files.items():
            data, mode = text.encode(), "120000" if isinstance(text, Link) else "100644"
            stream += f'M {mode} inline "{path}"\ndata {len(data)}\n'.encode() + data + b"\n"
        stream += f"reset refs/tags/{tag}\nfrom :{number}\n\n".encode()
    git = ["git", "-C", str(folder)]
    quiet = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run([*git, "fast-import", "--quiet"], input=stream, check=True, env=quiet)
    listed = subprocess.run(
        [*git, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/tags"],
        capture_output=True, text=True, check=True, env=quiet,
    ).stdout  # fmt: skip
    return dict(line.split() for line in listed.splitlines())
