/* Pages of symbols and lists: the outline is filtered, what is folded opens. */
"use strict";

for (const outline of document.querySelectorAll(".outline")) {
  const items = [...outline.querySelectorAll("li")].map((item) => [item, item.textContent.toLowerCase()]);
  const lists = [...outline.querySelectorAll("ul")];
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = say("Filter");
  field.setAttribute("aria-label", say("Filter the outline"));
  const told = document.createElement("output");
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [item, text] of items) item.hidden = !words.every((word) => text.includes(word));
    for (const list of lists) list.hidden = list.previousElementSibling.hidden = !list.querySelector("li:not([hidden])");
    told.textContent = items.every(([item]) => item.hidden) ? say("Nothing on this page has this name. Press t to look on all pages.") : "";
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !field.value.trim()) return;
    event.preventDefault();
    items.find(([item]) => !item.hidden)?.[0].querySelector("a").click();
  });
  outline.prepend(field, told);

  const folded = [...document.querySelectorAll(".folded-code")];
  if (folded.length) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = say("Open all code");
    button.addEventListener("click", () => {
      const open = folded.some((one) => !one.open);
      for (const one of folded) one.open = open;
      button.textContent = open ? say("Fold the code") : say("Open all code");
    });
    field.after(button);
  }
}

// The heading of folded code stands above it: a link to the heading opens it.
function unfold() {
  let name = "";
  try { name = decodeURIComponent(location.hash.slice(1)); } catch { return; }
  const folded = name && document.querySelector(`#${CSS.escape(name)} ~ .folded-code`);
  if (folded) folded.open = true;
}
addEventListener("hashchange", unfold);
unfold();

// What the finder of the index finds is shown, and folded again with an empty finder.
document.getElementById("finder")?.addEventListener("input", (event) => {
  for (const group of document.querySelectorAll(".symbol-index details[data-group]")) group.open = event.target.value.trim() !== "";
});

// What is to be ported is sorted by size, name or place; the first list keeps as many as it had.
const ported = [...document.querySelectorAll(".to-port-list")];
if (ported.length) {
  const bar = document.createElement("p");
  bar.className = "sort";
  bar.append(say("Sort by"), " ");
  const first = ported[0].childElementCount;
  const keys = [
    [say("size"), (one, other) => other.dataset.size - one.dataset.size],
    [say("name"), (one, other) => one.dataset.name.localeCompare(other.dataset.name)],
    [say("file"), (one, other) => one.dataset.path.localeCompare(other.dataset.path)],
  ];
  for (const [key, order] of keys) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = key;
    button.setAttribute("aria-pressed", String(key === keys[0][0]));
    button.addEventListener("click", () => {
      const all = ported.flatMap((list) => [...list.children]).sort(order);
      ported[0].append(...all.slice(0, first));
      ported[1]?.append(...all.slice(first));
      for (const other of bar.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
    });
    bar.append(button);
  }
  ported[0].before(bar);
}

// A card tells what a link to a symbol leads to. Its data is shared by all pages: a script for each folder of symbols.
(() => {
  const cards = new Map();
  const loading = new Map();
  window.annotatorCards = (folder, found) => cards.set(folder, found);
  const make = (tag, className, ...children) => {
    const node = document.createElement(tag);
    node.className = className;
    node.append(...children);
    return node;
  };
  const box = make("div", "card");
  box.id = "symbol-card";
  box.hidden = true;
  document.body.append(box);
  let link = null, timer = 0;

  function target(one) {
    const url = new URL(one.href);
    const address = url.href.startsWith(siteRoot.href) ? url.href.slice(siteRoot.href.length).replace(/#.*/, "") : "";
    if (!/^(go|py)\//.test(address) || url.hash.length < 2) return null;
    let anchor = "";
    try { anchor = decodeURIComponent(url.hash.slice(1)); } catch { return null; }
    const at = address.lastIndexOf("/");
    return {folder: address.slice(0, at), key: `${address.slice(at + 1)}#${anchor}`};
  }

  // A script and no JSON file, since pages that are read from the disk may load scripts only.
  function load(folder) {
    if (!loading.has(folder)) {
      loading.set(folder, new Promise((resolve) => {
        const script = document.createElement("script");
        script.src = new URL(`cards/${folder}.js`, siteRoot);
        script.onload = script.onerror = resolve;
        document.head.append(script);
      }));
    }
    return loading.get(folder);
  }

  const linkOf = (node) => node.closest?.(".md-content a[href]:not([data-n], .jump, .call, .note-ref, .headerlink)");

  async function show(one, touched) {
    const to = target(one);
    if (!to) return false;
    link = one;
    await load(to.folder);
    const card = cards.get(to.folder)?.[to.key];
    if (!card || link !== one) return Boolean(card);
    const [name, signature, doc, place, counterparts, chapters] = card;
    const open = make("a", "card-name", name);
    open.href = one.href;
    box.replaceChildren(touched ? open : make("strong", "card-name", name), make("code", "card-signature", signature));
    if (doc) box.append(make("p", "", doc));
    box.append(make("p", "card-place", place));
    if (counterparts.length) box.append(make("p", "card-place", say("Beside it: {names}", {names: counterparts.join(say(", "))})));
    if (chapters.length) {
      const links = chapters.flatMap(([label, address], at) => {
        const chapter = make("a", "", label);
        chapter.href = new URL(address, siteRoot);
        return [at ? say(", ") : "", chapter];
      });
      box.append(make("p", "card-place", ...sayWith("Read about it in {chapters}", {chapters: links})));
    }
    one.removeAttribute("title"); // the card says it
    one.setAttribute("aria-describedby", box.id);
    box.hidden = false;
    const spot = one.getBoundingClientRect();
    const left = Math.max(8, Math.min(spot.left, innerWidth - box.offsetWidth - 8));
    const above = spot.bottom + box.offsetHeight + 8 > innerHeight && spot.top > box.offsetHeight + 8;
    box.style.left = `${left + scrollX}px`;
    box.style.top = `${(above ? spot.top - box.offsetHeight - 4 : spot.bottom + 4) + scrollY}px`;
    return true;
  }

  function hide() {
    clearTimeout(timer);
    link?.removeAttribute("aria-describedby");
    link = null;
    box.hidden = true;
  }

  const later = (action, wait) => { clearTimeout(timer); timer = setTimeout(action, wait); };
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    if (box.contains(event.target)) { clearTimeout(timer); return; }
    const one = linkOf(event.target);
    if (one && one !== link) later(() => { hide(); show(one, false); }, 250);
    else if (!one && link && link !== document.activeElement) later(hide, 300);
    else if (!one) clearTimeout(timer);
  });
  document.addEventListener("focusin", (event) => {
    const one = linkOf(event.target);
    if (one?.matches(":focus-visible")) { hide(); show(one, false); } else if (!box.contains(event.target)) hide();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !box.hidden) hide(); });
  // A first tap on a name in code shows the card, whose name, like a second tap, leads on.
  document.addEventListener("click", async (event) => {
    const one = linkOf(event.target);
    if (event.pointerType !== "touch" || one === link && !box.hidden) return;
    if (!one || !one.closest(".source .ln") || !target(one)) { if (!box.contains(event.target)) hide(); return; }
    event.preventDefault();
    hide();
    if (!await show(one, true)) location.href = one.href;
  }, true);
})();

// Printed pages have all code, and are folded again afterwards.
let unfolded = [];
addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details.folded-code:not([open])")];
  for (const one of unfolded) one.open = true;
});
addEventListener("afterprint", () => { for (const one of unfolded) one.open = false; });
