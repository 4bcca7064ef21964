/* Panes of code: one language on narrow windows, lines that correspond, folds, copying, the keyboard. */
"use strict";

const memory = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* A page from the disk may have none. */ } },
};

function element(tag, name, text, act) {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  if (act) { made.type = "button"; made.addEventListener("click", act); }
  return made;
}

// One choice of language for all panes of the site.
const languages = {go: "Go", py: "Python"};
function choose(language) {
  document.documentElement.dataset.code = language;
  for (const button of document.querySelectorAll(".beside-tabs button")) button.setAttribute("aria-pressed", String(button.dataset.language === language));
}
for (const pair of document.querySelectorAll(".beside")) {
  const bar = element("div", "beside-tabs", "");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", say("Language"));
  for (const [language, name] of Object.entries(languages)) {
    const button = element("button", "", name, () => {
      const before = bar.getBoundingClientRect().top;
      choose(language);
      memory.set("code-language", language);
      scrollBy({top: bar.getBoundingClientRect().top - before, behavior: "instant"});
    });
    button.dataset.language = language;
    bar.append(button);
  }
  pair.prepend(bar);
  pair.show = (at) => choose(Object.keys(languages)[at]);
}
choose(memory.get("code-language") === "py" ? "py" : "go");

// What a link leads to is made visible.
function show(target) {
  for (let at = target; at; at = at.parentElement) if (at.matches("details")) at.open = true;
  const side = target.closest(".beside-side");
  if (side && !side.offsetParent && !target.offsetParent) choose(side.matches(".beside-py") ? "py" : "go");
  target.scrollIntoView({block: "center"});
}
function reveal() {
  let name = "";
  try { name = decodeURIComponent(location.hash.slice(1)); } catch { return; }
  const target = name && document.getElementById(name);
  if (target) show(target);
}
addEventListener("hashchange", reveal);
addEventListener("load", reveal);

for (const source of document.querySelectorAll(".md-content .source:not(.terminal)")) {
  const pre = source.querySelector("pre"), bar = source.querySelector(".source-bar");
  const folds = pre.querySelectorAll("details.fold");
  if (folds.length) {
    const all = element("button", "source-folds", say("Show all"), () => {
      const open = ![...folds].every((fold) => fold.open);
      for (const fold of folds) fold.open = open;
    });
    pre.addEventListener("toggle", () => { all.textContent = [...folds].every((fold) => fold.open) ? say("Fold") : say("Show all"); }, true);
    bar.append(all);
  }
  const copy = element("button", "source-copy", say("Copy"), async () => {
    const text = [...pre.querySelectorAll(".ln")].map((line) => line.textContent).join("");
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = say("Copied");
      setTimeout(() => { copy.textContent = say("Copy"); }, 2000);
    } catch { getSelection().selectAllChildren(pre); }
  });
  copy.title = say("Copy this code");
  copy.setAttribute("aria-label", copy.title);
  bar.append(copy);
  // The head of a fold is a button, in which nothing else may be one.
  for (const number of pre.querySelectorAll("summary a[data-n]")) for (const name of ["href", "tabindex", "aria-label"]) number.removeAttribute(name);
  // One stop for the tab key; the arrows lead from link to link.
  const links = [...pre.querySelectorAll("a[href]:not([data-n])")];
  for (const one of [...links, ...pre.querySelectorAll("summary")]) one.tabIndex = -1;
  pre.addEventListener("keydown", (event) => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (event.key === "Escape") pre.focus();
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const stops = [...pre.querySelectorAll("a[href]:not([data-n]), summary")].filter((one) => one.offsetParent);
    const at = stops.indexOf(document.activeElement);
    stops[at < 0 ? (step > 0 ? 0 : stops.length - 1) : at + step]?.focus();
    event.preventDefault();
  });
}

// The line that is pointed at, and the one that does the same in the other language.
for (const pair of document.querySelectorAll(".beside")) {
  const light = (line) => {
    for (const lit of pair.querySelectorAll(".lit")) lit.classList.remove("lit", "level");
    const jump = line?.querySelector(".jump");
    if (!jump) return;
    const number = jump.hash.slice(jump.hash.lastIndexOf("L") + 1);
    const side = line.closest(".beside-go") ? ".beside-py" : ".beside-go";
    const other = [...pair.querySelectorAll(`${side} .ln > [data-n="${number}"]`)].map((one) => one.parentElement).find((one) => one.querySelector(".jump"));
    if (!other) return;
    const isLevel = Math.abs(line.getBoundingClientRect().top - other.getBoundingClientRect().top) < 4;
    // Not all can be level: some follow in another order, or would push the first line of code down.
    if (!isLevel && other.checkVisibility() && !jump.dataset.level) {
      jump.dataset.level = "no";
      jump.title = say("{title}; not level with this line", {title: jump.title});
    }
    for (const one of [line, other]) one.classList.add("lit", ...(isLevel ? ["level"] : []));
  };
  for (const event of ["mouseover", "focusin"]) pair.addEventListener(event, (told) => light(told.target.closest(".ln")));
  for (const event of ["mouseleave", "focusout"]) pair.addEventListener(event, () => light(null));
}
