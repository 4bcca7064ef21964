/* Plays recordings of the port on the page of the walk: the lines of Go and Python, the stack and the state of each step. */
"use strict";

(() => {
  const player = document.getElementById("player");
  if (!player) return;
  const folder = new URL("recordings/", siteRoot).href;
  // Parts of a step and of a function, as `trace_page.py` writes them.
  const KIND = 0, FUNCTION = 1, PY = 2, GO = 3, THREAD = 4, STACK = 5, CHANGES = 6, NOTES = 7;
  const NAME = 0, PY_PATH = 1, PY_CODE = 2, PY_LINK = 3, GO_NAME = 4, GO_PATH = 5, GO_CODE = 6, GO_LINK = 7, GO_LINE = 8;
  const SECOND = 1200; // milliseconds that a step is shown while it plays
  const LONG = 80; // characters of a text that the words about a step repeat
  const SHORT = 8; // things up to which a part of the state stays open
  const MARKS = {new: say("new"), changed: say("changed"), gone: say("gone")};

  let code = {}, run = null, at = 0, states = [], timer = 0;
  const loaded = new Map();
  window.annotatorCode = (found) => { code = found; };
  window.annotatorRecording = (found) => { loaded.set(found.name, found); };

  // As a script, since pages from the disk cannot fetch.
  const scripts = new Map();
  function load(name) {
    if (!scripts.has(name)) {
      scripts.set(name, new Promise((done, fail) => {
        const script = document.createElement("script");
        script.src = `${folder}${name}.js`;
        script.onload = done;
        script.onerror = () => { scripts.delete(name); fail(new Error(say("The recording cannot be loaded: {address}", {address: script.src}))); };
        document.head.append(script);
      }));
    }
    return scripts.get(name);
  }

  function make(tag, name, text, parent) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text) made.textContent = text;
    parent?.append(made);
    return made;
  }

  // The folded lists are for readers without JavaScript; their steps are here now.
  const lists = [...player.querySelectorAll(".player-list")];
  const names = lists.map((list) => list.dataset.recording);
  const bar = make("div", "player-bar");
  const picked = make("select", "player-pick", "", bar);
  picked.setAttribute("aria-label", say("Recording"));
  for (const list of lists) {
    const option = make("option", "", list.querySelector("summary").firstChild.textContent.trim(), picked);
    option.value = list.dataset.recording;
    list.remove();
  }
  const about = make("p", "player-about");
  const buttons = make("div", "player-buttons", "", bar);
  function button(text, title, act) {
    const made = make("button", "", text, buttons);
    made.type = "button";
    made.title = title;
    made.addEventListener("click", act);
    return made;
  }
  bar.append(about);
  const first = button(say("First"), say("First step (Home)"), () => go(0));
  const back = button(say("◀ Back"), say("Back (left arrow)"), () => go(at - 1));
  const playing = button(say("Play"), say("Play (space)"), () => play(!timer));
  playing.classList.add("player-play");
  const forward = button(say("Step ▶"), say("Step (right arrow)"), () => go(at + 1));
  const over = button(say("Over"), say("Over what is called here (shift and right arrow)"), () => go(beyond()));
  const change = button(say("Change ▶"), say("Next change of the state (c)"), () => go(changing()));
  const last = button(say("Last"), say("Last step (End)"), () => go(run.steps.length - 1));
  const slider = make("input", "player-slider", "", bar);
  slider.type = "range";
  slider.min = 1;
  slider.setAttribute("aria-label", say("Step"));
  slider.addEventListener("input", () => go(Number(slider.value) - 1));
  const lanes = make("div", "player-lanes", "", bar);
  lanes.setAttribute("aria-hidden", "true"); // the thread of a step is in the words about it
  const says = make("p", "player-says", "", bar);
  says.setAttribute("role", "status");
  const links = make("p", "player-links", "", bar);
  make("p", "player-keys", say("Keys: ← and → step, Shift → steps over what is called, c goes to the next change of the state, Space plays, Home and End go to the ends. Darker bars are steps that have changed the state; the deeper the call, the lower the bar."), player);

  const body = make("div", "player-body");
  function pane(language, title) {
    const source = make("div", `highlight source source-${language}`, "", body);
    const head = make("div", "source-bar", "", source);
    head.dataset.within = say("this function, no line of its own");
    const link = make("a", "source-path", "", head);
    const pre = make("pre", "", "", source);
    pre.tabIndex = 0;
    pre.setAttribute("role", "group");
    pre.setAttribute("aria-label", say("{language} of this step", {language: title}));
    return {source, link, code: make("code", "", "", pre), pre, shown: ""};
  }
  const go_pane = pane("go", "Go"), python_pane = pane("py", "Python");
  const side = make("div", "player-side", "", body);
  make("h2", "", say("Call stack"), side).id = "player-stack";
  const stack = make("ol", "player-stack", "", side);
  stack.setAttribute("aria-labelledby", "player-stack");
  make("h2", "", say("State"), side).id = "player-state";
  const state = make("div", "player-state", "", side);
  player.append(bar, body, player.querySelector(".player-keys"));
  player.classList.add("player-on");

  function show(pane, key, line, path, link) {
    const isNew = pane.shown !== key;
    if (isNew) {
      pane.code.innerHTML = code[key] ?? ""; // written by the annotator, which escapes all that it was given
      pane.shown = key;
      for (const one of pane.code.querySelectorAll("a")) one.tabIndex = -1;
    }
    pane.link.textContent = line ? `${path}:${line}` : path;
    if (link) pane.link.href = link;
    else pane.link.removeAttribute("href");
    pane.code.querySelector(".player-line")?.classList.remove("player-line");
    const number = line && pane.code.querySelector(`a[data-n="${line}"]`);
    const marked = number ? number.parentElement : null;
    marked?.classList.add("player-line");
    if (marked || isNew) pane.pre.scrollTop = marked ? Math.max(0, marked.offsetTop - pane.pre.clientHeight / 3) : 0;
  }

  function showCode(number, py, line) {
    const found = run.functions[number];
    show(python_pane, found[PY_CODE], py, found[PY_PATH], found[PY_LINK]);
    go_pane.source.classList.toggle("player-none", !found[GO_CODE]);
    if (found[GO_CODE]) show(go_pane, found[GO_CODE], line, found[GO_PATH], found[GO_LINK]);
    else show(go_pane, "", 0, say("not in this version"), "");
    // Without a line of its own the step is somewhere in the function.
    go_pane.source.classList.toggle("player-within", Boolean(found[GO_CODE]) && !line);
  }

  function fill(list, entries) {
    list.replaceChildren();
    entries.forEach(([number, py, line], depth) => {
      const item = make("li", "", "", list);
      const frame = make("button", "", named(number), item);
      frame.type = "button";
      make("span", "player-at", ` ${say("line {line}", {line: py})}`, frame);
      if (depth === entries.length - 1) frame.setAttribute("aria-current", "step");
      frame.addEventListener("click", () => {
        list.querySelector("[aria-current]")?.removeAttribute("aria-current");
        frame.setAttribute("aria-current", "step");
        showCode(number, py, line);
      });
    });
  }

  function apply(before, changes) {
    const now = {...before};
    for (const [heading, found] of Object.entries(changes)) {
      now[heading] = {...now[heading]};
      for (const [name, text] of Object.entries(found)) {
        if (text === null) delete now[heading][name];
        else now[heading][name] = text;
      }
    }
    return now;
  }

  function fillState(before, now, changes) {
    const was = new Map([...state.querySelectorAll("details")].map((one) => [one.dataset.heading, one.open]));
    state.replaceChildren();
    let top = null;
    for (const heading of run.headings) {
      const things = now[heading] ?? {}, changed = changes[heading] ?? {};
      const rows = Object.keys({...before[heading], ...things}).sort(byNumber);
      const details = make("details", "player-things", "", state);
      details.dataset.heading = heading;
      const summary = make("summary", "", heading, details);
      make("span", "player-count", ` ${Object.keys(things).length}`, summary);
      if (Object.keys(changed).length) make("span", "player-mark", MARKS.changed, summary);
      details.open = Boolean(Object.keys(changed).length) || (rows.length <= SHORT && (was.get(heading) ?? rows.length > 0));
      const list = make("dl", "", "", details);
      for (const name of rows) {
        const isChanged = Object.hasOwn(changed, name);
        const kind = isChanged ? kindOf(before, changed, heading, name) : "";
        const row = make("div", kind && `player-changed player-is-${kind}`, "", list);
        make("dt", "", name, row);
        const value = make("dd", "", "", row);
        if (kind === "gone") make("del", "", before[heading][name], value);
        else {
          if (kind === "changed") { make("del", "", before[heading][name], value); value.append(" "); }
          make(kind ? "ins" : "span", "", things[name], value);
        }
        if (kind) { make("span", "player-mark", MARKS[kind], value); top ??= row; }
      }
      if (!rows.length) make("p", "player-empty", say("nothing"), details);
    }
    if (top) state.scrollTop = Math.max(0, top.offsetTop - state.clientHeight / 3);
  }
  const byNumber = new Intl.Collator("en", {numeric: true}).compare;

  // Python's name, and Go's where it is another one.
  const plain = (name) => name.replaceAll("_", "").toLowerCase();
  function named(number) {
    const found = run.functions[number];
    return found[GO_NAME] && plain(found[GO_NAME]) !== plain(found[NAME]) ? say("{name} (Go: {original})", {name: found[NAME], original: found[GO_NAME]}) : found[NAME];
  }

  function kindOf(before, changed, heading, name) {
    return changed[name] === null ? "gone" : before[heading]?.[name] === undefined ? "new" : "changed";
  }

  function sentence(step) {
    const name = named(step[FUNCTION]), line = step[PY];
    const changed = Object.entries(step[CHANGES]).flatMap(([heading, found]) => Object.entries(found).map(([one, text]) => changedTo(heading, one, text)));
    const two = changed.slice(0, 2).join(say("; "));
    const changes = changed.length > 2 ? say("{changes}; and {count} more", {changes: two, count: changed.length - 2}) : two;
    const what = [say("{name} begins", {name}), say("{name} is about to run line {line}", {name, line}), say("{name} has run line {line}. {changes}", {name, line, changes})][step[KIND]];
    const values = {step: at + 1, all: run.steps.length, thread: label(step[THREAD]), what};
    return run.threads.length > 1 ? say("Step {step} of {all}, {thread}: {what}.", values) : say("Step {step} of {all}: {what}.", values);
  }
  function changedTo(heading, name, text) {
    if (text === null) return say("{heading}: {name} is gone", {heading, name});
    return say("{heading}: {name}, {text}", {heading, name, text: text.length > LONG ? `${text.slice(0, LONG)}…` : text});
  }
  const label = (thread) => (run.threads[thread] === "MainThread" ? say("main thread") : run.threads[thread]);

  function drawLanes() {
    lanes.replaceChildren();
    const count = run.steps.length;
    run.threads.forEach((_, thread) => {
      const lane = make("div", "player-lane", "", lanes);
      make("span", "player-lane-name", label(thread), lane);
      const track = make("span", "player-track", "", lane);
      run.steps.forEach((step, number) => {
        if (step[THREAD] !== thread) return;
        const block = make("span", `player-block${Object.keys(step[CHANGES]).length ? " player-block-changes" : ""}`, "", track);
        block.style.left = `${100 * number / count}%`;
        block.style.width = `${100 / count}%`;
        block.style.setProperty("--depth", Math.min(step[STACK].length, 12));
        block.dataset.step = number;
      });
    });
  }
  lanes.addEventListener("click", (event) => {
    const block = event.target.closest("[data-step]");
    if (block) go(Number(block.dataset.step));
  });

  // The next step that is not within what this step's function calls.
  function beyond() {
    const depth = run.steps[at][STACK].length, thread = run.steps[at][THREAD];
    const next = run.steps.findIndex((step, number) => number > at && step[THREAD] === thread && step[STACK].length <= depth);
    return next < 0 ? run.steps.length - 1 : next;
  }

  function changing() {
    const next = run.steps.findIndex((step, number) => number > at && Object.keys(step[CHANGES]).length);
    return next < 0 ? run.steps.length - 1 : next;
  }

  function go(number, isQuiet) {
    if (!run) return;
    at = Math.max(0, Math.min(number, run.steps.length - 1));
    const step = run.steps[at];
    showCode(step[FUNCTION], step[PY], step[GO]);
    fill(stack, [...step[STACK], [step[FUNCTION], step[PY], step[GO]]]);
    fillState(states[at], states[at + 1], step[CHANGES]);
    for (const [control, isOff] of [[first, !at], [back, !at], [forward, at === run.steps.length - 1], [over, at === run.steps.length - 1], [change, at === run.steps.length - 1], [last, at === run.steps.length - 1]]) {
      control.setAttribute("aria-disabled", String(isOff)); // not disabled, which would lose the focus
    }
    slider.max = run.steps.length;
    slider.value = at + 1;
    slider.setAttribute("aria-valuetext", say("step {step} of {all}", {step: at + 1, all: run.steps.length}));
    lanes.querySelector(".player-now")?.classList.remove("player-now");
    lanes.querySelector(`[data-step="${at}"]`)?.classList.add("player-now");
    says.textContent = sentence(step);
    const notes = step[NOTES].flatMap((note) => {
      const link = make("a", "", run.notes[note][0]);
      link.href = run.notes[note][1];
      return [link, " "];
    });
    links.replaceChildren(...(notes.length ? sayWith("Read about this line: {notes}", {notes}) : []));
    if (at === run.steps.length - 1) play(false);
    if (!isQuiet) history.replaceState(history.state, "", `#${run.name}-${at + 1}`);
  }

  function play(isOn) {
    clearInterval(timer);
    if (isOn && at === run.steps.length - 1) go(0);
    timer = isOn ? setInterval(() => go(at + 1), SECOND) : 0;
    playing.textContent = isOn ? say("Pause") : say("Play");
    playing.title = isOn ? say("Pause (space)") : say("Play (space)");
  }

  async function open(name, step, isQuiet) {
    play(false);
    try { await Promise.all([load("_code"), load(name)]); } catch (error) { says.textContent = error.message; return; }
    if (run?.name !== name) {
      run = loaded.get(name);
      states = [run.start];
      for (const one of run.steps) states.push(apply(states.at(-1), one[CHANGES]));
      run.headings = [...new Set([...Object.keys(run.start), ...run.steps.flatMap((one) => Object.keys(one[CHANGES]))])];
      picked.value = name;
      about.textContent = run.about;
      drawLanes();
    }
    go(step, isQuiet);
  }
  picked.addEventListener("change", () => open(picked.value, 0));

  document.addEventListener("keydown", (event) => {
    const from = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || !run || from.closest("select, summary, a, pre")) return;
    if (from !== document.body && !player.contains(from)) return;
    const act = {ArrowRight: () => go(event.shiftKey ? beyond() : at + 1), ArrowLeft: () => go(at - 1), Home: () => go(0), End: () => go(run.steps.length - 1), c: () => go(changing()), " ": () => play(!timer)}[event.key];
    if (!act || (event.key === " " && from.closest("button")) || (from === document.body && ["Home", "End"].includes(event.key))) return;
    event.preventDefault();
    act();
  });

  function arrive(isFirst) {
    const match = /^#(.+)-(\d+)$/.exec(location.hash);
    const isStep = match && names.includes(match[1]);
    if (isStep) open(match[1], Number(match[2]) - 1).then(() => player.scrollIntoView({block: "start", behavior: "instant"}));
    else if (isFirst) open(names[0], 0, true);
  }
  addEventListener("hashchange", () => arrive(false));
  arrive(true);
})();
