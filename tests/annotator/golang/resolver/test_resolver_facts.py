"""Reading and binding against facts from a type-checked parse of a real tree."""

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from annotator.golang import declarations
from annotator.golang.resolver import Resolver
from annotator.model.go import Declaration, GoFile

pytestmark = pytest.mark.slow

MODULES = ("github.com/docker/docker",)
FUNCTIONS = frozenset({"func", "method", "closure"})
# What binding says beyond the facts' calls, each looked at by hand.
INSPECTED = {
    (
        "daemon.NewDaemon",
        "daemon.NewDaemon.createPluginExec",
    ): "a closure handed on by its name: a use, no call",
}

Edge = tuple[str, str]


class Archive:
    """The Go files of a repository at a tag, as a binder's source."""

    def __init__(self, repository: str, tag: str) -> None:
        command = ["git", "-C", repository, "archive", tag]
        packed = subprocess.run(command, check=True, capture_output=True).stdout
        self.folders: dict[str, dict[str, bytes]] = {}
        self.read: dict[str, GoFile] = {}
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.name.endswith(".go") else None
                if content is not None:
                    folder = str(PurePosixPath(member.name).parent).removeprefix(".")
                    self.folders.setdefault(folder, {})[member.name] = content.read()

    def package(self, folder: str) -> Mapping[str, bytes]:
        return self.folders.get(folder, {})

    def document(self, path: str) -> GoFile:
        if path not in self.read:
            folder = str(PurePosixPath(path).parent).removeprefix(".")
            self.read[path] = declarations.read_go_file(self.folders[folder][path])
        return self.read[path]

    def declaration(self, fact: dict[str, Any]) -> Declaration | None:
        path = fact["path"]
        todo = list(self.document(path).declarations)
        for found in todo:
            if identity(path, found.symbol) == fact["id"]:
                return found
            todo += found.members
        return None


def identity(path: str, symbol: str) -> str:
    return f"{PurePosixPath(path).parent}.{symbol}"


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    path = os.environ.get("MOBY_FACTS")
    if path is None:
        pytest.skip("MOBY_FACTS names no file of facts")
    loaded: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def archive(facts: dict[str, Any]) -> Archive:
    source = os.environ.get("MOBY_SOURCE")
    if source is None:
        pytest.skip("MOBY_SOURCE names no git repository of moby")
    return Archive(source, facts["moby_tag"])


@pytest.fixture(scope="module")
def edges(facts: dict[str, Any], archive: Archive) -> set[Edge]:
    """Everything that binding links within the facts' symbols."""
    binder = Resolver(archive, MODULES)
    found: set[Edge] = set()
    for fact in facts["symbols"]:
        declaration = archive.declaration(fact)
        if declaration is not None:
            found |= {
                (fact["id"], identity(use.path, use.symbol))
                for use in binder.uses(fact["path"])
                if declaration.span.start <= use.start < declaration.span.end
            }
    return found


def test_every_declaration_of_the_facts_is_read_at_its_lines(facts: dict[str, Any], archive: Archive) -> None:
    wrong = []
    for fact in facts["symbols"]:
        found = archive.declaration(fact)
        said = (found.kind, found.line, found.span.end_line) if found is not None else None
        if said != (fact["kind"], fact["start_line"], fact["end_line"]):
            wrong.append((fact["id"], said))
    assert wrong == []


def test_no_call_is_bound_that_the_facts_do_not_have(facts: dict[str, Any], edges: set[Edge]) -> None:
    kinds = {fact["id"]: fact["kind"] for fact in facts["symbols"]}
    known = {(fact["id"], called) for fact in facts["symbols"] for called in fact.get("calls", ())}
    calls = {edge for edge in edges if kinds.get(edge[1]) in FUNCTIONS and edge[0] != edge[1]}
    assert calls - known <= set(INSPECTED)


def test_no_interface_method_is_bound_that_the_facts_do_not_have(
    facts: dict[str, Any], edges: set[Edge]
) -> None:
    interfaces = {fact["id"] for fact in facts["symbols"] if fact["kind"] == "interface"}
    known = {(fact["id"], called) for fact in facts["symbols"] for called in fact.get("calls", ())}
    through = {edge for edge in edges if edge[1].rpartition(".")[0] in interfaces}
    assert through - known == set()


def test_every_call_of_the_facts_is_bound(facts: dict[str, Any], edges: set[Edge]) -> None:
    calls = {(fact["id"], called) for fact in facts["symbols"] for called in fact.get("calls", ())}
    assert calls - edges == set()


def test_every_use_of_a_type_in_the_facts_is_bound(facts: dict[str, Any], edges: set[Edge]) -> None:
    uses = {(fact["id"], used) for fact in facts["symbols"] for used in fact.get("uses", ())}
    assert uses - edges == set()
