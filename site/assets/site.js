/* What pages do beyond being read: tabs on narrow windows, what a link leads to is made visible, the index is filtered. */
"use strict";

for (const pair of document.querySelectorAll(".beside")) {
  const sides = [...pair.querySelectorAll(":scope > .beside-side")];
  const bar = document.createElement("div");
  bar.className = "beside-tabs";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Language");
  const buttons = ["Go", "Python"].map((name, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => pair.show(at));
    bar.append(button);
    return button;
  });
  pair.show = (chosen) => {
    sides.forEach((side, at) => { side.hidden = at !== chosen; });
    buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(at === chosen)));
  };
  pair.prepend(bar);
  pair.classList.add("beside-tabbed");
  pair.show(0);
}

// The theme's search is a dialog without a name, and its ways to other pages are not called what they read.
for (const link of document.querySelectorAll("a.md-footer__link")) link.setAttribute("aria-label", link.textContent.trim().replace(/\s+/g, " "));
document.querySelector("[data-md-component=search][role=dialog]")?.setAttribute("aria-label", "Search");

function reveal() {
  let name = "";
  try { name = decodeURIComponent(location.hash.slice(1)); } catch { return; }
  const target = name && document.getElementById(name);
  if (!target) return;
  for (let at = target; at; at = at.parentElement) {
    if (at.matches("details")) at.open = true;
    if (at.matches(".beside-side")) at.parentElement.show([...at.parentElement.querySelectorAll(":scope > .beside-side")].indexOf(at));
  }
  target.scrollIntoView({block: "center"});
}
addEventListener("hashchange", reveal);
addEventListener("load", reveal);

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

const finder = document.querySelector("[data-finder]");
if (finder) {
  const field = finder.querySelector("input");
  const told = finder.querySelector("output");
  const items = [...document.querySelectorAll("[data-find]")].map((item) => [item, item.dataset.find.toLowerCase()]);
  const groups = [...document.querySelectorAll("[data-group]")].reverse();
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [item, text] of items) {
      item.hidden = !words.every((word) => text.includes(word));
      count += !item.hidden;
    }
    for (const group of groups) group.hidden = !group.querySelector("[data-find]:not([hidden])");
    told.textContent = words.length ? `${count} found` : "";
  });
  finder.hidden = false;
}
