/* Programs that run in the page: a worker loads Python with the first click, and runs what the editor holds. */
"use strict";

for (const panel of document.querySelectorAll(".run")) {
  const part = (name) => panel.querySelector(`.run-${name}`);
  const [editor, output, left, state] = ["editor", "output", "left", "state"].map(part);
  const MOST = 200_000; // characters of output that are shown
  let worker = null, running = false, shown = 0;

  function tell(text) { state.textContent = text; }

  function add(text) {
    if (shown > MOST) return;
    const first = shown === 0;
    shown += text.length;
    output.tabIndex = 0;
    output.append(text.slice(0, MOST));
    if (first) output.scrollIntoView({ block: "nearest" });
    if (shown > MOST) output.append(`\n${say("… more than can be shown")}\n`);
    output.scrollTop = output.scrollHeight;
  }

  function element(name, text = "", parent = null, className = "") {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) made.className = className;
    parent?.append(made);
    return made;
  }

  function code(text, label, parent) {
    const shown = element("pre", "", parent);
    element("code", text, shown);
    shown.tabIndex = 0;
    shown.setAttribute("role", "group");
    shown.setAttribute("aria-label", label);
  }

  function folded(summary, parent, open = false) {
    const made = element("details", "", parent);
    made.open = open;
    element("code", summary, element("summary", "", made));
    return made;
  }

  function showMessages(messages) {
    if (!messages.length) return;
    element("h3", say("Messages between the engine and plugins"), left);
    const list = element("ol", "", left, "run-messages");
    for (const { plugin, method, request, reply } of messages) {
      const one = folded(`${plugin} ${method}`, element("li", "", list));
      code(request.trim() || say("(nothing)"), say("Request {method}", {method}), one);
      code(reply.trim(), say("Reply to {method}", {method}), one);
    }
  }

  function showFiles(files) {
    if (!files.length) return;
    element("h3", say("Files that it left"), left);
    const folders = { "": element("div", "", left, "run-files") };
    for (const { path, kind, size, text } of files) {
      const cut = path.lastIndexOf("/");
      const above = path.slice(0, Math.max(cut, 0)), name = path.slice(cut + 1);
      const parent = folders[above] ??= folded(`${above}/`, folders[""], true);
      if (kind === "directory") folders[path] = folded(`${name}/`, parent, true);
      else if (text) code(text, path, folded(say("{name}  {size} bytes", { name, size }), parent));
      else element("p", kind === "socket" ? say("{name}  socket", { name }) : say("{name}  {size} bytes", { name, size }), parent, "run-file");
    }
  }

  function end(words, focus = true) {
    running = false;
    panel.classList.remove("run-busy");
    part("go").setAttribute("aria-disabled", "false");
    part("stop").setAttribute("aria-disabled", "true");
    tell(words);
    if (focus && document.activeElement === part("stop")) part("go").focus();
  }

  const told = {
    loading: () => tell(say("Python is loading …")),
    running: () => tell(say("It runs …")),
    output: ({ text }) => add(text),
    done({ result }) {
      const { files, messages, succeeded } = JSON.parse(result);
      end(succeeded ? say("It has ended.") : say("It has ended with an error."));
      panel.classList.toggle("run-failed", !succeeded);
      showMessages(messages);
      showFiles(files);
    },
    failed({ text }) {
      worker?.terminate();
      worker = null;
      end(say("Python could not be started: {reason}", { reason: text }));
    },
  };

  function run() {
    if (running) return;
    if (location.protocol === "file:") {
      tell(say("A browser runs no program of a page that was opened as a file. Type `python3 -m http.server -d FOLDER`, FOLDER being the site's folder `html`, and open http://127.0.0.1:8000"));
      return;
    }
    running = true;
    shown = 0;
    output.replaceChildren();
    left.replaceChildren();
    panel.classList.remove("run-failed");
    panel.classList.add("run-busy");
    part("go").setAttribute("aria-disabled", "true");
    part("stop").setAttribute("aria-disabled", "false");
    if (!worker) {
      worker = new Worker(new URL(panel.dataset.worker, location.href), { type: "module" });
      worker.addEventListener("message", ({ data }) => told[data.kind](data));
      worker.addEventListener("error", (event) => told.failed({ text: event.message || say("its files cannot be loaded") }));
      tell(say("Python is loading …"));
    } else tell(say("It runs …"));
    worker.postMessage({ module: panel.dataset.module, name: panel.dataset.name, source: editor.value });
  }

  function stop() {
    if (!running) return;
    worker.terminate();
    worker = null;
    end(say("Stopped. The next run starts Python again."));
  }

  part("go").addEventListener("click", run);
  part("stop").addEventListener("click", stop);
  part("reset").addEventListener("click", () => {
    editor.value = editor.defaultValue;
    tell(say("The program is as it was."));
  });
  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    } else if (event.key === "Enter" && !event.shiftKey && !event.altKey && !event.isComposing) {
      const line = editor.value.slice(0, editor.selectionStart).split("\n").at(-1);
      const indent = line.match(/^ */)[0] + (line.trimEnd().endsWith(":") ? "    " : "");
      event.preventDefault();
      // Unlike an assignment this can be undone; it is the only way that all browsers have.
      document.execCommand("insertText", false, `\n${indent}`);
    }
  });
  panel.hidden = false;
}
