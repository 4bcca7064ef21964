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
  const folded = name && document.getElementById(name)?.closest(".symbol section")?.querySelector(".folded-code");
  if (folded) folded.open = true;
}
addEventListener("hashchange", unfold);
unfold();

// What the finder of the index finds is shown, and folded again with an empty finder.
document.getElementById("finder")?.addEventListener("input", (event) => {
  for (const group of document.querySelectorAll(".symbol-index details[data-group]")) group.open = event.target.value.trim() !== "";
});
