/* Notes on lines: a sentence and its line are lit together, the code follows what is read, and a note opens below its line. */
"use strict";

(() => {
  const code = document.querySelector(".chapter-code");
  if (!code) return;
  const refs = [...document.querySelectorAll(".chapter-prose .note-ref")];
  const isWide = matchMedia("(min-width: 75em)");
  const sentence = (note) => document.getElementById(`note-ref-${note}`);
  const isVisible = (element) => element.getClientRects().length > 0;

  function light(note) {
    for (const old of document.querySelectorAll(".note-on")) old.classList.remove("note-on");
    for (const one of document.querySelectorAll(`.note-ref[data-note="${note}"], .note-mark[data-note="${note}"], .notes li[data-note="${note}"]`)) one.classList.add("note-on");
  }

  // The mark of a note that can be seen: folds are opened, and the other language is chosen only if need be.
  function markOf(note) {
    const own = [`note-${note}`, `note-${note}-other`].map((id) => document.getElementById(id)).filter(Boolean);
    for (const mark of own) for (let at = mark; at && at !== code; at = at.parentElement) if (at.matches("details")) at.open = true;
    const seen = own.find(isVisible);
    if (!seen && own.length) {
      const side = own[0].closest(".beside-side");
      side?.parentElement.show?.([...side.parentElement.querySelectorAll(":scope > .beside-side")].indexOf(side));
    }
    return seen ?? own[0];
  }

  // Below its line, so that the words and what they are about are seen together on any window.
  function open(note, mark = markOf(note)) {
    for (const old of document.querySelectorAll(".note-open")) old.remove();
    const row = document.getElementById(`note-text-${note}`);
    if (!row || !mark) return;
    const box = document.createElement("span");
    box.className = "note-open";
    for (const part of row.querySelectorAll(".note-words, .note-changed, .note-gone, .note-step")) box.append(part.cloneNode(true), " ");
    const back = document.createElement("a");
    back.href = `#note-ref-${note}`;
    back.textContent = say("↑ back to the sentence");
    box.append(back);
    mark.closest(".ln").after(box); // and not within it: its words are no code
  }

  function follow(note, behavior, mark = markOf(note)) {
    if (!mark) return;
    if (isWide.matches) {
      const top = mark.getBoundingClientRect().top - code.getBoundingClientRect().top + code.scrollTop;
      code.scrollTo({top: top - code.clientHeight / 3, behavior});
    } else mark.closest(".ln").scrollIntoView({block: "center", behavior});
  }

  let chosen = 0; // until then the code stays where a click has brought it
  const motion = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");

  const isOpen = (mark) => mark.closest(".ln").nextElementSibling?.matches(".note-open");

  // From a sentence to its line, or from a mark to its sentence. Where the code hides the prose, a first click on a
  // mark opens the note below it.
  function choose(note, mark, isBack) {
    chosen = Date.now() + 1500;
    const isOpened = mark && !isWide.matches && !isOpen(mark);
    const isLine = !isBack && (!mark || isOpened);
    const address = isLine ? `#${(mark ?? markOf(note)).id || `note-${note}`}` : `#note-ref-${note}`;
    if (location.hash !== address) history.pushState(history.state, "", address); // so that Back stays in the chapter
    light(note);
    if (mark ? !isOpen(mark) : isLine) open(note, mark ?? markOf(note));
    if (!isLine) sentence(note)?.scrollIntoView({block: "center"});
    else if (!mark) follow(note, "auto");
    (isLine ? mark ?? markOf(note) : sentence(note))?.focus({preventScroll: true});
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest(".note-ref, .note-mark, .note-open > a:last-child");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const note = link.dataset.note ?? link.hash.replace("#note-ref-", "");
    if (link.matches(".note-ref") && !markOf(note)) return;
    event.preventDefault();
    choose(note, link.matches(".note-mark") ? link : undefined, link.matches(".note-open > a"));
  });
  for (const name of ["mouseover", "focusin"]) {
    document.addEventListener(name, (event) => {
      const link = event.target.closest?.(".note-ref, .note-mark");
      if (link) light(link.dataset.note);
    });
  }

  // The note that is being read is the last one above the middle of the upper half of the window.
  const seen = new IntersectionObserver(() => {
    if (!isWide.matches || Date.now() < chosen || code.matches(":hover")) return;
    const line = innerHeight * 0.4;
    const read = refs.filter((ref) => ref.getBoundingClientRect().top < line && ref.getBoundingClientRect().bottom > 0).at(-1);
    if (read && !read.classList.contains("note-on")) { light(read.dataset.note); follow(read.dataset.note, motion()); }
  }, {rootMargin: "0px 0px -60% 0px"});
  for (const ref of refs) seen.observe(ref);

  function arrive() {
    const [id, note] = /^#(?:note-(\d+)(?:-other)?)$/.exec(location.hash) ?? [];
    if (note) {
      const own = document.getElementById(id.slice(1));
      const mark = own && isVisible(own) ? own : markOf(note);
      light(note); open(note, mark); follow(note, "auto", mark);
    }
    const from = /^#note-ref-(\d+)$/.exec(location.hash)?.[1];
    if (from) light(from);
  }
  addEventListener("hashchange", () => setTimeout(arrive));
  addEventListener("load", () => setTimeout(arrive));
})();
