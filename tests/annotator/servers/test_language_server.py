"""`annotator lsp` as an editor talks to it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PERMALINK = "https://github.com/example/kiln/blob/v1.0.0/kiln/kiln.go#L4"
WRONG = "Heats: `kiln/kiln.go:4`.\n\nNot there: `kiln/kiln.go:99`.\n"


def test_editor_is_told_what_is_offered(new_editor):
    capabilities = new_editor.begin()

    for name in ("hoverProvider", "definitionProvider", "codeActionProvider", "codeLensProvider"):
        assert capabilities[name]
    assert "annotator.carryFile" in capabilities["executeCommandProvider"]["commands"]
    assert new_editor.close() == (0, "")


def test_diagnostics_follow_what_is_typed(editor):
    (found,) = editor.open("a1.md", WRONG)
    assert found["code"] == "past-end"
    assert found["severity"] == 1
    assert found["range"] == {"start": {"line": 2, "character": 12}, "end": {"line": 2, "character": 27}}
    assert editor.change("a1.md", 2, WRONG.replace("99", "13")) == []
    assert len(editor.change("a1.md", 3, WRONG)) == 1

    editor.shut("a1.md")


def test_places_count_in_utf16(editor):
    (found,) = editor.open("a2.md", "\N{FIRE}\N{FIRE}: `kiln/kiln.go:99` is gone.\n")

    assert found["range"]["start"]["character"] == 7
    place = editor.at("a2.md", 0, 7)
    assert editor.request("textDocument/hover", **place)["result"]["range"] == found["range"]


def test_options_of_the_editor_win(new_editor):
    new_editor.begin(tag="v1.1.0")

    (found,) = new_editor.open("a.md", "Heats: `kiln/kiln.go:4`.\n")

    assert found["message"] == "moved: Fire (func) stands in kiln/kiln.go in line 8, not in line 4"


def test_file_is_carried_by_command(new_editor):
    new_editor.begin(tag="v1.1.0")
    new_editor.open("a.md", f"See <{PERMALINK}>.\n")
    place = new_editor.at("a.md", 0, 10)
    span = {"start": place["position"], "end": place["position"]}
    actions = new_editor.request(
        "textDocument/codeAction", textDocument=place["textDocument"], range=span, context={"diagnostics": []}
    )["result"]
    (command,) = [each["command"] for each in actions if "command" in each]

    number = new_editor.send(
        "workspace/executeCommand", command=command["command"], arguments=command["arguments"]
    )
    request = new_editor.wait(lambda message: message.get("method") == "workspace/applyEdit")
    new_editor.answer(request, {"applied": True})
    assert (
        new_editor.wait(lambda message: message.get("id") == number and "method" not in message)["result"]
        is None
    )

    (edits,) = request["params"]["edit"]["changes"].values()
    assert [each["newText"] for each in edits] == ["1.0/kiln/kiln.go#L8"]


def test_code_lens_lists_citations(editor):
    (editor.folder / "b3.md").write_text("See `kiln/kiln.go::Fire`.\n")
    editor.open("a3.md", "See `kiln/kiln.go::Fire`.\n")
    found = editor.request("textDocument/definition", **editor.at("a3.md", 0, 8))["result"]
    item = {"uri": found["uri"], "languageId": "go", "version": 1, "text": "package kiln\n\nfunc Fire() {}\n"}
    editor.notify("textDocument/didOpen", textDocument=item)

    (lens,) = editor.request("textDocument/codeLens", textDocument={"uri": found["uri"]})["result"]

    assert lens["command"]["title"] == "cited in 1 document"
    assert lens["command"]["command"] == "annotator.showReferences"
    assert lens["command"]["arguments"][2][0]["uri"] == editor.uri("b3.md")


def test_completion_replaces_what_is_typed(editor):
    editor.open("a4.md", "See `kiln/kiln.go::Fi\n")

    (item,) = editor.request("textDocument/completion", **editor.at("a4.md", 0, 21))["result"]["items"]

    assert item["textEdit"]["newText"] == "kiln/kiln.go::Fire"
    assert item["textEdit"]["range"]["start"]["character"] == 5


# ── Hostile input ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "uri",
    ["file:///etc/passwd", "http://example.org/a.md", "untitled:a.md", "file:///%00", "file:", "a.md", ""],
)
def test_document_elsewhere_gets_no_answer(editor, uri):
    item = {"uri": uri, "languageId": "markdown", "version": 1, "text": WRONG}
    editor.notify("textDocument/didOpen", textDocument=item)
    place = {"textDocument": {"uri": uri}, "position": {"line": 2, "character": 14}}

    assert editor.request("textDocument/hover", **place)["result"] is None
    assert editor.request("textDocument/definition", **place)["result"] is None
    assert editor.open("a5.md", WRONG)  # it goes on


def test_document_that_was_not_opened_is_not_read(editor):
    (editor.folder / "a6.md").write_text(WRONG)

    assert editor.request("textDocument/hover", **editor.at("a6.md", 2, 14))["result"] is None


MALFORMED = [
    b"no JSON", b"[]", b"{}",
    b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": 3}}',
    b'{"jsonrpc": "2.0", "id": 77, "method": "textDocument/hover", "params": {"position": "here"}}',
    b'{"jsonrpc": "2.0", "id": 77, "method": "no/such", "params": null}',
    (b'{"jsonrpc": "2.0", "id": 77, "method": "textDocument/hover", "params": {"textDocument": '
    b'{"uri": "file:///a.md"}, "position": {"line": -5, "character": 1000000000000}}}'),
]  # fmt: skip


def test_malformed_message_does_not_end_the_server(new_editor):
    new_editor.begin()
    for body in MALFORMED:
        new_editor.write(body)

    assert new_editor.open("a.md", WRONG)
    code, errors = new_editor.close()
    assert code == 0
    assert "Traceback" not in errors


def test_place_beyond_the_document_has_no_answer(editor):
    editor.open("a7.md", WRONG)

    for line, character in ((1000, 0), (2, 1000)):
        assert editor.request("textDocument/hover", **editor.at("a7.md", line, character))["result"] is None


def test_unknown_command_argument_is_an_error(editor):
    for arguments in ([], ["file:///etc/passwd"], [3]):
        answer = editor.request(
            "workspace/executeCommand", command="annotator.carryFile", arguments=arguments
        )
        assert "error" in answer


def test_source_that_is_not_there_is_said_in_one_diagnostic(new_editor):
    new_editor.begin(source="/nowhere/at/all")

    (found,) = new_editor.open("a.md", WRONG)

    assert found["code"] == "not-checked"
    assert found["message"].startswith("/nowhere/at/all does not exist")


def test_text_of_no_project_gets_no_mark(new_editor):
    (new_editor.folder / "annotator.toml").unlink()
    new_editor.begin(source="")
    item = {"uri": new_editor.uri("a.md"), "languageId": "x", "version": 1, "text": WRONG}
    new_editor.notify("textDocument/didOpen", textDocument=item)

    said = new_editor.wait(lambda message: message.get("method") == "window/logMessage")

    assert "annotator.toml" in said["params"]["message"]
    new_editor.shut("a.md")  # whose empty list is the first of diagnostics


def test_huge_document_is_said_in_one_diagnostic(editor):
    (found,) = editor.open("a9.md", "x " * 2_500_000)

    assert "characters are not checked" in found["message"]


def test_other_commands_do_not_load_what_servers_need():
    program = "import sys, annotator.cli, annotator.commands.verify; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout

    assert not {"pygls", "lsprotocol", "cattrs", "mcp", "pydantic"} & set(loaded.split())


def test_server_ends_when_the_editor_is_gone(new_editor):
    new_editor.begin()

    new_editor.process.stdin.close()

    assert new_editor.process.wait(30) == 0
