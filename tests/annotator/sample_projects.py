"""Three small Go projects with five tags each, and documents that cite them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import small_repository

TAGS = ("v1.0.0", "v1.1.0", "v1.2.0", "v2.0.0", "v2.1.0")


class SampleProject(NamedTuple):
    """A Go project.

    Attributes:
        name: Its name, `owner/name` at `https://example.org/`.
        versions: Its files at each tag.
        documents: Documents beside it that cite it as it was at v1.0.0.
    """

    name: str
    versions: Mapping[str, Mapping[str, str]]
    documents: Mapping[str, str]

    @property
    def address(self) -> str:
        return f"https://example.org/{self.name}"

    def build(self, folder: Path) -> dict[str, str]:
        """Make a repository without a work tree; return its commits by tag."""
        return small_repository.build(folder, self.versions)

    def check_out(self, folder: Path, tag: str = TAGS[-1]) -> dict[str, str]:
        """Make a repository whose work tree is a tag, with all later commits in its tags alone."""
        commits = self.build(folder)
        subprocess.run(["git", "-C", str(folder), "reset", "--quiet", "--hard", tag], check=True)
        return commits


def _versions(*changes: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    """Return the files at each tag; None removes a file."""
    files: dict[str, str] = {}
    versions = {}
    for tag, change in zip(TAGS, changes, strict=True):
        files = {path: text for path, text in (files | change).items() if text is not None}
        versions[tag] = files
    return versions


# ── its documents are in its own repository ───────────────────────────────────────────────────────
_GLAZE = """\
package glaze

// Mix stirs a glaze of several oxides.
func Mix(oxides []string) string {
	mixed := ""
	for _, oxide := range oxides {
		mixed += oxide
	}
	return mixed
}

// Thin adds water.
func Thin(glaze string, water int) string {
	for range water {
		glaze += "~"
	}
	return glaze
}
"""
_GUIDE = """\
# Guide

`Fire` is at `kiln.go:4`, and cooling begins in `kiln.go:13`.
Shelves: `kiln.go::Shelf.Put#L25`. Glazes are mixed in `glaze/glaze.go::Mix`.

<!-- annotator: ignore-start -->
Once it was in `kiln.go:40`.
<!-- annotator: ignore-end -->
"""
_HOTTER = small_repository.SHIFTED.replace("limit := 1300", "limit := 1250")
_NO_PUT = _HOTTER[: _HOTTER.index("// Put adds")] + "var errTooHot error\n"

KILN = SampleProject(
    "pottery/kiln",
    _versions(
        {
            "go.mod": "module example.org/pottery/kiln\n",
            "kiln.go": small_repository.KILN,
            "glaze/glaze.go": _GLAZE,
            "docs/guide.md": _GUIDE,
            "README.md": "# Kiln\n\nStart at `kiln.go::Fire`.\n",
        },
        {"kiln.go": small_repository.SHIFTED},  # Fire in line 8, Cool 17, Shelf 23, Shelf.Put 29
        {"kiln.go": _HOTTER},  # the text of Fire changes
        {"glaze/glaze.go": None, "internal/glaze/glaze.go": _GLAZE},
        {"kiln.go": _NO_PUT},
    ),
    {"docs/guide.md": _GUIDE},
)

# ── its documents are elsewhere ───────────────────────────────────────────────────────────────────
_QUEUE = """\
package queue

import "errors"

var errFull = errors.New("the queue is full")

// Queue holds letters in the order in which they came.
type Queue struct {
	letters []string
	most    int
}

// Push adds a letter.
func (q *Queue) Push(letter string) error {
	if len(q.letters) == q.most {
		return errFull
	}
	q.letters = append(q.letters, letter)
	return nil
}

// Pop takes the oldest letter.
func (q *Queue) Pop() string {
	letter := q.letters[0]
	q.letters = q.letters[1:]
	return letter
}
"""
_RENAMED_POP = _QUEUE.replace("// Pop takes", "// Next takes").replace(") Pop()", ") Next()")
POST = SampleProject(
    "office/post",
    _versions(
        {"go.mod": "module example.org/office/post\n", "queue/queue.go": _QUEUE},
        {"sort/sort.go": "package sort\n\n// By sorts.\nfunc By(key string) string {\n\treturn key\n}\n"},
        {"queue/queue.go": _QUEUE.replace("the queue is full", "full")},
        {"queue/queue.go": _RENAMED_POP},
        {"queue/queue.go": "// Package queue holds letters.\n//\n// In order.\n" + _RENAMED_POP},
    ),
    {
        "architecture.rst": "Letters\n=======\n\n``Push`` is in ``queue/queue.go:14``.\n\n"
        ".. annotator: ignore\n\nNot ``queue/queue.go:99``.\n",
        "pinned.md": "[Pop](https://example.org/office/post/blob/v1.0.0/queue/queue.go#L23).\n",
    },
)

# ── two modules in one repository ─────────────────────────────────────────────────────────────────
_WHEEL = """\
package wheel

const spokes = 8

// Turn turns the wheel.
func Turn(times int) int {
	turned := 0
	for range times {
		turned += spokes
	}
	return turned
}
"""
_STONE = """\
package stone

// Grind makes flour.
func Grind(grain string) string {
	return grain + " flour"
}
"""
MILL = SampleProject(
    "river/mill",
    _versions(
        {
            "wheel/go.mod": "module example.org/river/mill/wheel\n",
            "stone/go.mod": "module example.org/river/mill/stone\n",
            "wheel/wheel.go": _WHEEL,
            "stone/stone.go": _STONE,
        },
        {"stone/stone.go": _STONE.replace("Grind makes", "Grind slowly makes")},  # a comment alone
        {"wheel/wheel.go": _WHEEL.replace("const spokes = 8", "const spokes = 12")},
        {"wheel/wheel.go": None, "wheel/turning.go": _WHEEL.replace("const spokes = 8", "const spokes = 12")},
        {"stone/stone.go": _STONE.replace(" flour", " fine flour")},
    ),
    {"docs/how.adoc": "= How\n\n`Turn` is in wheel/wheel.go:6, and `Grind` in stone/stone.go:4.\n"},
)

PROJECTS = (KILN, POST, MILL)
