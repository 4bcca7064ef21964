/* Runs programs in Python, which it loads with the first message. */
import { loadPyodide } from "./run/pyodide.mjs";

const BURST = 200, EACH_MS = 10; // messages at once, and how often another one may follow
let python = null, room = BURST, since = 0, waiting = "";

async function load(module) {
  postMessage({ kind: "loading" });
  const read = async (name) => {
    const answer = await fetch(new URL(name, import.meta.url));
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    return answer.arrayBuffer();
  };
  const [started, ...archives] = await Promise.all([
    loadPyodide({ stdout: write, stderr: write }), read("run/packages.zip"), read("run/project.zip"),
  ]);
  for (const archive of archives) started.unpackArchive(archive, "zip", { extractDir: "/project" });
  started.setStdout({ write: (bytes) => write(bytes), isatty: false });
  started.runPython("import sys; sys.path.insert(0, '/project')");
  return started.pyimport(module);
}

const decoder = new TextDecoder();

/** Pass output on: line by line, but not more messages than the page can show. */
function write(output) {
  waiting += typeof output === "string" ? `${output}\n` : decoder.decode(output, { stream: true });
  const now = performance.now();
  room = Math.min(BURST, room + (now - since) / EACH_MS);
  since = now;
  if (room >= 1) flush();
  return output.length;
}

function flush() {
  if (waiting) postMessage({ kind: "output", text: waiting });
  waiting = "";
  room -= 1;
}

addEventListener("message", async ({ data: { module, name, source } }) => {
  try {
    python ??= await load(module);
    postMessage({ kind: "running" });
    const result = python.run(name, source);
    flush();
    postMessage({ kind: "done", result });
  } catch (error) {
    postMessage({ kind: "failed", text: String(error.message ?? error).trim().split("\n").at(-1) });
  }
});
