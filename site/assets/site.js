/* What pages do beyond being read: the arrows of a picture, what was read, what a word means. */
"use strict";

// What readers see is said here in English. `assets/words.js` of a site in another language, which is loaded first,
// has a translation by each message. All other scripts use these two functions.
const say = (text, values = {}) => (globalThis.words?.[text] ?? text).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
// A message as a list for `append`: nodes stand where it has placeholders.
const sayWith = (text, nodes) => say(text).split(/\{(\w+)\}/).flatMap((part, at) => (at % 2 ? nodes[part] : part));

// The root of the pages in this language, which may share the scripts with those in another.
const siteRoot = (() => {
  const config = JSON.parse(document.getElementById("__config")?.textContent ?? "{}");
  return config.base ? new URL(config.base.replace(/\/?$/, "/"), location.href) : new URL("../", document.currentScript.src);
})();

// The theme's search is a dialog without a name, and its ways to other pages are not called what they read.
for (const link of document.querySelectorAll("a.md-footer__link")) link.setAttribute("aria-label", link.textContent.trim().replace(/\s+/g, " "));
document.querySelector("[data-md-component=search][role=dialog]")?.setAttribute("aria-label", say("Search"));

// The theme puts tables into boxes that scroll sideways; the keys scroll a box only if it can have the focus.
addEventListener("load", () => {
  const sized = new ResizeObserver((entries) => {
    for (const {target: box} of entries) {
      const heads = [...box.querySelectorAll("th")].map((cell) => cell.textContent);
      const attributes = {tabindex: 0, role: "group", "aria-label": heads.join(", ") || say("Table")};
      for (const [name, value] of Object.entries(attributes)) {
        if (box.scrollWidth > box.clientWidth) box.setAttribute(name, value); else box.removeAttribute(name);
      }
    }
  });
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap")) if (!box.closest(".table-scroll")) sized.observe(box);
});

// In a picture of layers, the arrows of the box that is pointed at.
for (const picture of document.querySelectorAll("svg.picture:has([data-node])")) {
  const light = (node) => {
    for (const line of picture.querySelectorAll("[data-before]")) {
      line.classList.toggle("lit", node !== "" && [line.dataset.before, line.dataset.after].includes(node));
    }
    picture.classList.toggle("picture-lit", node !== "");
  };
  for (const event of ["mouseover", "focusin"]) picture.addEventListener(event, (told) => light(told.target.closest("[data-node]")?.dataset.node ?? ""));
  for (const event of ["mouseleave", "focusout"]) picture.addEventListener(event, () => light(""));
}

// Chapters that were read, remembered in this browser: by their file's name, the same in all versions.
(() => {
  const KEY = "moby-annotated:read";
  const name = (address) => new URL(address, location.href).pathname.match(/\/chapters\/([^/]+)\.html$/)?.[1];
  const recall = () => { try { return new Set(JSON.parse(localStorage.getItem(KEY)) ?? []); } catch { return new Set(); } };
  const mark = (chapter, isRead) => {
    const read = recall();
    if (isRead) read.add(chapter); else read.delete(chapter);
    try { localStorage.setItem(KEY, JSON.stringify([...read])); } catch { /* it is not remembered, then */ }
    show();
  };

  const links = [...document.querySelectorAll(".md-nav--primary a[href], .toc-list a[href]")].map((link) => [link, name(link.href)]).filter(([, chapter]) => chapter && chapter !== "index");
  const here = name(location.href);
  const box = here && here !== "index" ? document.createElement("input") : undefined;
  const progress = document.querySelector(".toc-list") && links.length ? document.createElement("p") : undefined;

  function show() {
    const read = recall();
    for (const [link, chapter] of links) {
      link.classList.toggle("is-read", read.has(chapter));
      if (read.has(chapter)) link.setAttribute("aria-description", say("read")); else link.removeAttribute("aria-description");
    }
    if (box) box.checked = read.has(here);
    if (progress) {
      const all = new Set(links.map(([, chapter]) => chapter));
      const count = [...all].filter((chapter) => read.has(chapter)).length;
      progress.hidden = !count;
      progress.textContent = say("{count} of {all} chapters read.", {count, all: all.size});
    }
  }

  if (box) {
    box.type = "checkbox";
    box.addEventListener("change", () => mark(here, box.checked));
    const label = document.createElement("label");
    label.append(box, " ", say("I have read this chapter"));
    const line = document.createElement("p");
    line.className = "read-mark";
    line.append(label);
    document.querySelector(".md-content__inner")?.append(line);
    // Whoever goes on to the next page has read this one.
    document.querySelector(".md-footer__link--next")?.addEventListener("click", () => mark(here, true));
  }
  if (progress) {
    progress.className = "read-progress";
    document.querySelector(".toc-list").before(progress);
  }
  show();
  addEventListener("storage", show);
})();

// A term's explanation as a card: on hover, on focus, and at the first touch, where there is no hover.
(() => {
  let card;
  let shown;
  const hide = () => { card?.remove(); shown?.removeAttribute("aria-describedby"); card = shown = undefined; };
  const show = (term) => {
    if (shown === term) return;
    hide();
    if (term.title) { term.dataset.says = term.title; term.removeAttribute("title"); }
    card = document.createElement("span");
    card.className = "term-card";
    card.id = "term-card";
    card.setAttribute("role", "tooltip");
    card.textContent = term.dataset.says;
    document.body.append(card);
    const place = term.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    card.style.left = `${Math.max(8, Math.min(place.left, width - card.offsetWidth - 8)) + scrollX}px`;
    const isBelow = place.bottom + card.offsetHeight + 8 <= document.documentElement.clientHeight;
    card.style.top = `${(isBelow ? place.bottom + 6 : place.top - card.offsetHeight - 6) + scrollY}px`;
    term.setAttribute("aria-describedby", card.id);
    shown = term;
  };
  const terms = document.querySelectorAll("a.term");
  for (const term of terms) {
    term.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") show(term); });
    term.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && document.activeElement !== term) setTimeout(() => { if (shown === term && !card.matches(":hover")) hide(); }, 150); });
    term.addEventListener("focus", () => show(term));
    term.addEventListener("blur", hide);
    term.addEventListener("click", (event) => { if (matchMedia("(hover: none)").matches && !term.dataset.touched) { event.preventDefault(); show(term); } term.dataset.touched = "1"; });
  }
  if (terms.length) addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
})();
