// A stand-in for the module `vscode`, as far as the language client needs it: events, providers, diagnostics, commands.
"use strict";
const Module = require("node:module");
const { EventEmitter: Emitter } = require("node:events");
const { URI } = require("vscode-uri");

class Disposable {
  constructor(dispose = () => {}) {
    this.dispose = dispose;
  }
  static from(...all) {
    return new Disposable(() => all.forEach((each) => each.dispose()));
  }
}

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}

class Range {
  constructor(start, end, endLine, endCharacter) {
    const isPlain = typeof start === "number";
    this.start = isPlain ? new Position(start, end) : start;
    this.end = isPlain ? new Position(endLine, endCharacter) : end;
  }
}

class Location {
  constructor(uri, range) {
    Object.assign(this, { uri, range });
  }
}

class Diagnostic {
  constructor(range, message, severity) {
    Object.assign(this, { range, message, severity });
  }
}

class MarkdownString {
  constructor(value = "") {
    this.value = value;
  }
  appendMarkdown(value) {
    this.value += value;
    return this;
  }
}

class Hover {
  constructor(contents, range) {
    Object.assign(this, { contents: [contents].flat(), range });
  }
}

class CodeActionKind {
  constructor(value) {
    this.value = value;
  }
  append(part) {
    return new CodeActionKind(this.value ? `${this.value}.${part}` : part);
  }
  static Empty = new CodeActionKind("");
  static QuickFix = new CodeActionKind("quickfix");
}

class CancellationTokenSource {
  constructor() {
    this.token = { isCancellationRequested: false, onCancellationRequested: () => new Disposable() };
  }
  cancel() {}
  dispose() {}
}

class EventEmitter {
  constructor() {
    this.emitter = new Emitter();
    this.event = on(this.emitter, "fire");
  }
  fire(value) {
    this.emitter.emit("fire", value);
  }
  dispose() {}
}

/** An event of VS Code: a function that takes a listener. */
function on(emitter, name) {
  return (listener, self) => {
    const bound = self ? listener.bind(self) : listener;
    emitter.on(name, bound);
    return new Disposable(() => emitter.off(name, bound));
  };
}

const events = new Emitter();
const providers = {}; // by what they provide: Hover, Definition, ...
const commands = new Map();
const executed = [];
const diagnostics = new Map();
const messages = [];
const state = { documents: [], folders: [], settings: {} };

/** An object that has the given members; any other one is an event or a function that does nothing. */
function lenient(members) {
  return new Proxy(members, {
    get: (target, name) => {
      if (name in target || typeof name === "symbol") return target[name];
      if (/^on(Did|Will)/.test(name)) return on(events, name);
      if (/^register(\w+)Provider$/.test(name)) {
        const kind = name.slice("register".length, -"Provider".length);
        return (_selector, provider) => {
          providers[kind] = provider;
          return new Disposable();
        };
      }
      return () => new Disposable();
    },
  });
}

const quiet = lenient({ dispose() {} });
const vscode = {
  version: "1.82.0",
  Uri: URI,
  Disposable, Position, Range, Location, Diagnostic, MarkdownString, Hover, CodeActionKind, EventEmitter,
  CancellationTokenSource,
  workspace: lenient({
    get textDocuments() {
      return state.documents;
    },
    get workspaceFolders() {
      return state.folders;
    },
    getWorkspaceFolder: () => state.folders[0],
    getConfiguration: () => ({ get: (name, otherwise) => state.settings[name] ?? otherwise }),
    applyEdit: async () => true,
    fs: {},
    notebookDocuments: [],
    createFileSystemWatcher: () => quiet,
  }),
  languages: lenient({
    match: (selector, document) => ([selector].flat().some((each) => each.language === document.languageId) ? 1 : 0),
    createDiagnosticCollection: () => ({
      set: (uri, found) => {
        diagnostics.set(uri.toString(), found ?? []);
        events.emit("diagnostics");
      },
      delete: (uri) => diagnostics.delete(uri.toString()),
      clear: () => diagnostics.clear(),
      dispose() {},
    }),
  }),
  window: lenient({
    createOutputChannel: () => quiet,
    showErrorMessage: async (message) => void messages.push(message),
    visibleTextEditors: [],
    tabGroups: lenient({ all: [] }),
  }),
  commands: lenient({
    registerCommand: (name, run) => {
      commands.set(name, run);
      return new Disposable(() => commands.delete(name));
    },
    executeCommand: async (name, ...given) => {
      executed.push([name, ...given]);
      return commands.get(name)?.(...given);
    },
  }),
  env: lenient({ appName: "stub", language: "en" }),
  extensions: lenient({ getExtension: () => undefined }),
  notebooks: lenient({}),
};

// Classes and enumerations that are only named: each is a class of its own.
const stub = new Proxy(vscode, {
  get: (target, name) => {
    if (!(name in target) && typeof name === "string") target[name] = class {};
    return target[name];
  },
});

const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? stub : load(name, ...rest));

/** A document that is open. */
function document(uri, languageId, text) {
  return { uri, languageId, version: 1, getText: () => text, isClosed: false, fileName: uri.fsPath };
}

module.exports = { vscode: stub, events, providers, commands, executed, diagnostics, messages, state, document };
