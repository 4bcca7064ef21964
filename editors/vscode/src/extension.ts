// Starts `annotator lsp` and passes it the settings; everything else is the language server's.
import * as vscode from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions } from "vscode-languageclient/node";

const LANGUAGES = ["asciidoc", "html", "markdown", "plaintext", "python", "restructuredtext", "toml", "go"];

interface Place {
  line: number;
  character: number;
}

interface Citation {
  uri: string;
  range: { start: Place; end: Place };
}

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("annotator.showReferences", showReferences),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration("annotator")) {
        await stop();
        await start();
      }
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await stop();
}

async function start(): Promise<void> {
  const settings = vscode.workspace.getConfiguration("annotator");
  const [command, ...args] = settings.get<string[]>("command", ["annotator", "lsp"]);
  if (!command) {
    vscode.window.showErrorMessage("annotator.command is empty; give the command that starts the server.");
    return;
  }
  const cwd = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const server: ServerOptions = { command, args, options: cwd === undefined ? {} : { cwd } };
  const options: LanguageClientOptions = {
    documentSelector: LANGUAGES.map((language) => ({ scheme: "file", language })),
    initializationOptions: given({
      source: settings.get<string>("source"),
      tag: settings.get<string>("tag"),
      writtenAt: settings.get<string>("writtenAt"),
    }),
  };
  client = new LanguageClient("annotator", "Annotator", server, options);
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const reason = error instanceof Error ? error.message : String(error);
    vscode.window.showErrorMessage(
      `${command} does not start: ${reason}. Install it with: pipx install 'moby-annotated[lsp]'`,
    );
  }
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  await running?.stop();
}

/** The settings that are not empty. */
function given(settings: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter((entry): entry is [string, string] => !!entry[1]));
}

/** Lists the citations of a declaration, as its code lens says them in the protocol's own types. */
async function showReferences(uri: string, at: Place, citations: Citation[]): Promise<void> {
  const position = (place: Place) => new vscode.Position(place.line, place.character);
  const locations = citations.map(
    ({ uri: file, range }) =>
      new vscode.Location(vscode.Uri.parse(file), new vscode.Range(position(range.start), position(range.end))),
  );
  await vscode.commands.executeCommand("editor.action.showReferences", vscode.Uri.parse(uri), position(at), locations);
}
