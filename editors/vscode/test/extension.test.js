// The extension with the real language server, and a stub in place of VS Code.
// ANNOTATOR_COMMAND: the server's command as JSON; ANNOTATOR_PROJECT: a folder with settings.
"use strict";
const assert = require("node:assert");
const path = require("node:path");
const { after, before, test } = require("node:test");
const stub = require("./stub");
const extension = require("../out/extension");
const { URI } = require("vscode-uri");

const project = process.env.ANNOTATOR_PROJECT;
const context = { subscriptions: [] };
const file = URI.file(path.join(project, "a.md"));
const document = stub.document(file, "markdown", "Heats: `kiln/kiln.go:4`.\n\nGone: `kiln/kiln.go:99`.\n");
const token = new stub.vscode.CancellationTokenSource().token;

function found() {
  return new Promise((resolve) => {
    const look = () => {
      const all = stub.diagnostics.get(file.toString());
      if (all?.length) resolve(all);
      else stub.events.once("diagnostics", look);
    };
    look();
  });
}

before(async () => {
  stub.state.folders = [{ uri: URI.file(project), name: "project", index: 0 }];
  stub.state.settings = { command: JSON.parse(process.env.ANNOTATOR_COMMAND), tag: "v1.1.0" };
  stub.state.documents = [document];
  await extension.activate(context);
});

after(async () => {
  await extension.deactivate();
});

test("diagnostics of an open document appear", async () => {
  assert.deepStrictEqual(stub.messages, []);
  const all = await found();

  assert.deepStrictEqual(all.map((each) => [each.range.start.line, each.code, each.source]), [
    [0, "moved", "annotator"],
    [2, "past-end", "annotator"],
  ]);
});

test("hover shows the declaration", async () => {
  await found();

  const hover = await stub.providers.Hover.provideHover(document, new stub.vscode.Position(0, 10), token);

  assert.match(hover.contents[0].value, /func Fire\(temp int\) error/);
});

test("definition leads to a read-only copy", async () => {
  await found();

  const place = await stub.providers.Definition.provideDefinition(document, new stub.vscode.Position(0, 10), token);

  assert.match(place.uri.fsPath, /documents.*kiln\.go$/);
  assert.strictEqual(place.range.start.line, 7);
});

test("code lens lists citations in types of VS Code", async () => {
  const at = { line: 3, character: 0 };
  const range = { start: at, end: { line: 3, character: 9 } };

  await stub.vscode.commands.executeCommand("annotator.showReferences", file.toString(), at, [
    { uri: file.toString(), range },
  ]);

  const [, uri, position, locations] = stub.executed.find(([name]) => name === "editor.action.showReferences");
  assert.strictEqual(uri.toString(), file.toString());
  assert.ok(position instanceof stub.vscode.Position);
  assert.ok(locations[0] instanceof stub.vscode.Location);
  assert.strictEqual(locations[0].range.end.character, 9);
});

test("server's own commands can be run", () => {
  assert.ok(stub.commands.has("annotator.carryFile"));
});

test("command that is not there is said with the way out", async () => {
  await extension.deactivate();
  stub.state.settings = { command: ["/nowhere/annotator", "lsp"] };

  await extension.activate({ subscriptions: [] });

  assert.match(stub.messages.at(-1), /pipx install 'moby-annotated\[lsp\]'/);
});
