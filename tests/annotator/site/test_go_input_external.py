"""Where packages outside the repository are documented."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import pytest

from annotator.golang import declarations
from annotator.golang.resolver import Resolver
from annotator.model.go import GoFile
from annotator.site import go_input

ERRORS = "vendor/github.com/pkg/errors/errors.go"


class Files:
    """Files by path, read as a tree of a repository reads them."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = {path: text.encode() for path, text in files.items()}

    def has(self, path: str) -> bool:
        return path in self.files

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self.files[path] for path in paths}

    def package(self, folder: str) -> Mapping[str, bytes]:
        inside = [path for path in self.files if str(PurePosixPath(path).parent) == (folder or ".")]
        return {path: self.files[path] for path in inside if path.endswith(".go")}

    def document(self, path: str) -> GoFile:
        return declarations.read_go_file(self.files[path])


def url(files: Mapping[str, str], package: str, symbol: str = "X", system: str = "") -> str:
    return go_input.read_external_packages(Files(files)).url(package, symbol, system)


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("Dockerfile", "FROM golang:1.10.8 AS base\n", "1.10.8"),
        ("Dockerfile", "ARG BASE\nARG GO_VERSION=1.19.7\nFROM golang:${GO_VERSION}\n", "1.19.7"),
        ("Dockerfile", "FROM debian:jessie\nENV GO_VERSION 1.7.5\n", "1.7.5"),
        ("Dockerfile", "FROM --platform=$BUILDPLATFORM golang:1.21\n", "1.21.0"),
        ("Dockerfile", "FROM golang:1.13.0\n", "1.13"),
        ("go.mod", "module x\n\ngo 1.24\n", "1.24.0"),
        ("go.mod", "module x\n\ngo 1.22\n\ntoolchain go1.23.4\n", "1.23.4"),
    ],
)
def test_standard_library_is_linked_at_gos_version(name: str, text: str, version: str) -> None:
    assert url({name: text}, "io/ioutil", "ReadDir") == f"https://pkg.go.dev/io/ioutil@go{version}#ReadDir"


def test_without_a_known_version_nothing_is_linked() -> None:
    assert url({}, "sync", "Mutex") == url({}, ERRORS, "Wrap") == ""
    assert url({"vendor.conf": "github.com/other/one v1.0.0\n"}, ERRORS, "Wrap") == ""


@pytest.mark.parametrize(
    ("name", "line", "address"),
    [
        ("vendor.conf", "github.com/pkg/errors v0.8.0", "github.com/pkg/errors@v0.8.0"),
        ("vendor.conf", "github.com/pkg/errors 839d9e913e # v0.8.0", "github.com/pkg/errors@839d9e913e"),
        ("vendor.conf", "github.com/pkg/errors v2.1.0", "github.com/pkg/errors@v2.1.0+incompatible"),
        (
            "vendor.conf",
            "github.com/pkg/errors 839d9e https://github.com/us/errors.git",
            "github.com/us/errors@839d9e",
        ),
        ("vendor/modules.txt", "# github.com/pkg/errors v0.9.1\n## explicit", "github.com/pkg/errors@v0.9.1"),
        ("vendor/modules.txt", "# github.com/pkg v1.2.3", "github.com/pkg@v1.2.3/errors"),
        (
            "vendor/modules.txt",
            "# github.com/pkg/errors v0.9.1 => github.com/us/errors v0.0.0-1",
            "github.com/us/errors@v0.0.0-1",
        ),
        (
            "go.mod",
            "require (\n\tgithub.com/pkg/errors v0.9.1 // indirect\n)",
            "github.com/pkg/errors@v0.9.1",
        ),
    ],
)
def test_vendored_symbol_is_linked_at_the_listed_version(name: str, line: str, address: str) -> None:
    assert url({name: f"{line}\n"}, ERRORS, "Frame.Format") == f"https://pkg.go.dev/{address}#Frame.Format"


def test_vendored_list_wins_over_what_go_mod_requires() -> None:
    files = {
        "vendor/modules.txt": "# github.com/pkg/errors v0.9.1\n",
        "go.mod": "module x\nrequire github.com/pkg/errors v0.8.0\n",
    }
    assert "@v0.9.1#" in url(files, ERRORS)


def test_symbol_of_another_system_is_linked_there() -> None:
    address = url({"Dockerfile": "FROM golang:1.10.8\n"}, "syscall", "Handle", "windows")
    assert address == "https://pkg.go.dev/syscall@go1.10.8?GOOS=windows#Handle"


def test_standard_names_are_found_only_where_they_mean_a_package() -> None:
    source = """package main

import (
	"C"
	"io/ioutil"
	"os"
	st "sync"

	"example.org/shop/gone"
)

var mutex st.Mutex

func f(os struct{ Exit int }) {
	ioutil.ReadDir("/")
	_ = os.Exit
	gone.Away()
	C.puts()
}
"""
    resolver = Resolver(Files({"main.go": source}), ("example.org/shop",))

    uses = resolver.standard_uses("main.go")
    assert [(use.path, use.symbol, use.line, use.call) for use in uses] == [
        ("sync", "Mutex", 12, False),
        ("io/ioutil", "ReadDir", 15, True),
    ]
