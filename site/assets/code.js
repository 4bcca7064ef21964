/* Panes of code: one language on narrow windows, and the line that a link leads to is made visible. */
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
