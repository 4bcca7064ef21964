/* What pages do beyond being read: the arrows of a picture, the filter of the index. */
"use strict";

// The theme's search is a dialog without a name, and its ways to other pages are not called what they read.
for (const link of document.querySelectorAll("a.md-footer__link")) link.setAttribute("aria-label", link.textContent.trim().replace(/\s+/g, " "));
document.querySelector("[data-md-component=search][role=dialog]")?.setAttribute("aria-label", "Search");

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
