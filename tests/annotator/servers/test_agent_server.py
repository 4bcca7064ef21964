"""What an agent is answered."""

from __future__ import annotations

from functools import cache

import jsonschema
import msgspec
import pytest

from annotator import config
from annotator.errors import AnnotatorError, InvalidInput
from annotator.project_source import SourceOptions
from annotator.servers import agent_server
from annotator.servers.agent_server import TOOLS, Agent

PERMALINK = "https://github.com/example/kiln/blob/v1.0.0/kiln/kiln.go#L4"


@cache
def validator(name):
    """Return what checks the answers of a tool."""
    return jsonschema.Draft202012Validator(agent_server.schema(TOOLS[name].answer))


class Asking:
    """Asks about a project; every answer is as its schema says and names the commits that were read."""

    def __init__(self, folder, source) -> None:
        self._agent = Agent(config.find(folder), SourceOptions(source, history=True))

    def __call__(self, name, /, **arguments: object) -> dict:
        found = agent_server.answer(self._agent, name, arguments)
        validator(name).validate(found)
        return found

    def close(self):
        self._agent.opened.close()


SETTINGS = 'repository = "https://github.com/example/kiln"\nbaseline = "v1.0.0"\n'


@pytest.fixture(scope="module")
def project(made_kiln, tmp_path_factory):
    """A project that tests do not change."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "annotator.toml").write_text(SETTINGS)
    (folder / "a.md").write_text("`Fire` is at `kiln/kiln.go::Fire#L4`.\n")
    (folder / "link.md").symlink_to("/etc/passwd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANNOTATOR_CACHE", str(made_kiln / "cache"))
        yield folder


@pytest.fixture(scope="module")
def ask(project, made_kiln):
    """Ask about that project."""
    asking = Asking(project, str(made_kiln / "source"))
    yield asking
    asking.close()


def place(found):
    """Return what identifies a place."""
    return found["path"], found["symbol"], found["line"], found["tag"]


# ── Tools ────────────────────────────────────────────────────────────────────────────────────────
def test_text_is_verified_at_a_tag(ask):
    found = ask("verify_text", text="Heats: `kiln/kiln.go:4`, gone: `kiln/kiln.go:99`.\n", tag="v1.1.0")

    assert (found["tag"], len(found["commit"])) == ("v1.1.0", 40)
    assert [each["verdict"] for each in found["references"]] == ["moved", "missing"]


def test_text_is_verified_as_written_at_a_tag(ask):
    found = ask("verify_text", text="Heats: `kiln/kiln.go:8`.\n", tag="v1.2.0", written_at="v1.1.0")

    assert [each["verdict"] for each in found["references"]] == ["verified"]


def test_symbol_is_located_by_path(ask):
    found = ask("locate_symbol", symbol="kiln/kiln.go::Shelf.Put", tag="v1.2.0")

    assert found["certain"]
    assert place(found["places"][0]) == ("kiln/shelf.go", "Shelf.Put", 10, "v1.2.0")
    assert found["places"][0]["signature"] == "func (s *Shelf) Put(pot string)"
    assert found["at"]["commit"] in found["places"][0]["permalink"]


@pytest.mark.parametrize("symbol", ["Fire", "Shelf.Put", "Put"])
def test_symbol_is_located_by_name(ask, symbol):
    found = ask("locate_symbol", symbol=symbol)

    assert found["certain"]
    assert found["places"][0]["symbol"].endswith(symbol)


def test_symbol_that_is_nowhere_is_not_certain(ask):
    found = ask("locate_symbol", symbol="Freeze")

    assert (found["certain"], found["places"], found["guesses"]) == (False, [], [])


@pytest.mark.parametrize(
    "reference", ["kiln/kiln.go::Fire", "kiln/kiln.go:4", "kiln/kiln.go::Fire#L4", PERMALINK]
)
def test_reference_is_carried(ask, reference):
    found = ask("carry_reference", reference=reference, old="v1.0.0", new="v1.2.0")

    assert found["certain"]
    assert place(found["before"]) == ("kiln/kiln.go", "Fire", 4, "v1.0.0")
    assert place(found["after"]) == ("kiln/kiln.go", "Fire", 8, "v1.2.0")
    assert found["text"] == "changed"
    assert [(each["kind"], each["change"], each["name"]) for each in found["details"]] == [
        ("call", "new", "log")
    ]
    assert [each["tag"] for each in found["steps"]] == ["v1.2.0"]


def test_reference_that_is_gone_is_not_certain(ask):
    found = ask("carry_reference", reference="kiln/kiln.go:99", old="v1.0.0", new="v1.1.0")

    assert (found["verdict"], found["certain"], found["after"]) == ("missing", False, None)


def test_article_is_dated(ask):
    found = ask("date_article", text="`Fire` is at `kiln/kiln.go::Fire#L8`, `kiln/kiln.go::Shelf#L23`.\n")

    assert [each["at"]["tag"] for each in found["best"]] == ["v1.1.0"]
    assert len(found["best"][0]["at"]["commit"]) == 40
    assert found["certain"]


def test_article_is_dated_by_its_path(ask):
    assert [each["at"]["tag"] for each in ask("date_article", path="a.md")["best"]] == ["v1.0.0"]


def test_changes_of_references_are_listed(ask):
    references = ["kiln/kiln.go::Fire", "kiln/kiln.go::Shelf", "kiln/kiln.go::Cool"]
    found = ask("list_changes", old="v1.0.0", new="v1.2.0", references=references, with_diff=True)

    told = [tuple(each[key] for key in ("symbol", "place", "text")) for each in found["changes"]]
    assert told == [
        ("kiln/kiln.go::Fire", "stayed", "changed"),
        ("kiln/kiln.go::Shelf", "moved", "same"),
        ("kiln/kiln.go::Cool", "stayed", "same"),
    ]
    assert "+\tlog(temp)" in found["changes"][0]["diff"]
    assert (found["old"]["tag"], found["new"]["tag"]) == ("v1.0.0", "v1.2.0")


def test_changes_of_cited_symbols_are_listed(kiln, source):
    settings = kiln / "annotator.toml"
    settings.write_text(f'{settings.read_text()}articles = ["docs/*.md"]\n')
    (kiln / "docs").mkdir()
    (kiln / "docs" / "a.md").write_text("See `kiln/kiln.go::Fire`, `kiln/kiln.go::Shelf`.\n")

    asking = Asking(kiln, source)
    found = asking("list_changes", old="v1.0.0", new="v1.2.0", limit=1)
    asking.close()

    assert (found["symbols"], len(found["changes"]), found["left_out"]) == (2, 1, 1)


# ── Hostile arguments ────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("verify_text", {}, "missing required field `text`"),
        ("verify_text", {"text": 3}, "Expected `str`"),
        ("verify_text", {"text": "", "path": "/etc/passwd"}, "unknown field `path`"),
        ("verify_text", {"text": "", "name": "../../etc/passwd"}, "name"),
        ("verify_text", {"text": "x" * 4_000_001}, "more than"),
        ("verify_text", {"text": "", "tag": "--upload-pack=x"}, "--upload-pack=x"),
        ("verify_text", {"text": "", "tag": "v9"}, "no tag"),
        ("locate_symbol", {"symbol": "a b; rm -rf"}, "no symbol"),
        ("locate_symbol", {"symbol": "../../etc/passwd::X"}, "passwd"),
        ("carry_reference", {"reference": "nothing", "new": "v1.1.0"}, "not one reference"),
        ("carry_reference", {"reference": "kiln.go:1 kiln.go:4", "new": "v1.1.0"}, "not one reference"),
        ("date_article", {}, "either `text` or `path`"),
        ("date_article", {"path": "/etc/passwd"}, "not a document of the project"),
        ("date_article", {"path": "../outside.md"}, "not a document of the project"),
        ("date_article", {"path": "link.md"}, "not a document of the project"),
        ("date_article", {"path": "a\0b"}, "no path"),
        ("date_article", {"path": "none.md"}, "none.md"),
        ("list_changes", {"old": "v1.0.0", "new": "v1.1.0", "limit": 10**9}, "limit"),
        ("run", {"command": "ls"}, "there is no tool 'run'"),
    ],
)  # fmt: skip
def test_hostile_arguments_are_one_sentence(ask, name, arguments, message):
    with pytest.raises(AnnotatorError) as raised:
        ask(name, **arguments)

    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_every_tool_is_described():
    for name, tool in TOOLS.items():
        found = agent_server.schema(tool.arguments)
        assert found["type"] == "object", name
        assert found["additionalProperties"] is False
        assert tool.arguments.__doc__
        jsonschema.Draft202012Validator.check_schema(found)
        jsonschema.Draft202012Validator.check_schema(agent_server.schema(tool.answer))
        assert msgspec.structs.fields(tool.arguments)


def test_unknown_tool_is_refused(ask):
    with pytest.raises(InvalidInput, match="there are verify_text"):
        agent_server.answer(None, "none", {})
