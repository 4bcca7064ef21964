/* Pages of symbols and lists: the outline is filtered, what is folded opens. */
"use strict";

for (const outline of document.querySelectorAll(".outline")) {
  const items = [...outline.querySelectorAll("li")].map((item) => [item, item.textContent.toLowerCase()]);
  const lists = [...outline.querySelectorAll("ul")];
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "Filter";
  field.setAttribute("aria-label", "Filter the outline");
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [item, text] of items) item.hidden = !words.every((word) => text.includes(word));
    for (const list of lists) list.hidden = list.previousElementSibling.hidden = !list.querySelector("li:not([hidden])");
  });
  outline.prepend(field);

  const folded = [...document.querySelectorAll(".folded-code")];
  if (folded.length) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Open all code";
    button.addEventListener("click", () => {
      const open = folded.some((one) => !one.open);
      for (const one of folded) one.open = open;
      button.textContent = open ? "Fold the code" : "Open all code";
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
  bar.append("Sort by ");
  const first = ported[0].childElementCount;
  const keys = {
    size: (one, other) => other.dataset.size - one.dataset.size,
    name: (one, other) => one.dataset.name.localeCompare(other.dataset.name),
    file: (one, other) => one.dataset.path.localeCompare(other.dataset.path),
  };
  for (const [key, order] of Object.entries(keys)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = key;
    button.setAttribute("aria-pressed", String(key === "size"));
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
