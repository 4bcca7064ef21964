/* Finds symbols, files and pages by parts of their names: in a dialog on every page (t, Ctrl-K), on the page of all
   symbols (?q=), and above the results of the search. */
"use strict";

(() => {
  const MOST = 40;
  let loading;

  const squashed = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

  // A script and no JSON file, since pages that are read from the disk may load scripts only.
  function load() {
    loading ??= new Promise((resolve) => {
      window.annotatorFinder = (entries) => resolve(entries.map(([name, kind, where, address]) => ({
        name, kind, where, address,
        full: squashed(name), last: squashed(name.split(/[./]/).pop()), all: `${name} ${where}`.toLowerCase(),
        page: /^(chapter|page|glossary|example)$/.test(kind),
        part: Number(/^(field|imethod|const|var)$/.test(kind)), // of something that is more likely looked for
      })));
      const script = document.createElement("script");
      script.src = new URL("finder-data.js", siteRoot);
      script.onerror = () => { loading = undefined; resolve([]); };
      document.head.append(script);
    });
    return loading;
  }

  // How well an entry fits, the least first: its whole name, its last part, the end, the begin, a part, all words.
  function rank(entry, query, words) {
    if (entry.full === query) return 0;
    if (entry.last === query) return 1;
    if (entry.full.endsWith(query)) return 2;
    if (entry.last.startsWith(query)) return 3;
    if (entry.full.includes(query)) return 4;
    return words.every((word) => entry.all.includes(word)) ? 5 : -1;
  }

  function find(entries, text) {
    const query = squashed(text);
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!query) return [];
    const found = entries.map((entry) => ({entry, rank: rank(entry, query, words)})).filter((one) => one.rank >= 0);
    return found.sort((a, b) => a.rank - b.rank || a.entry.part - b.entry.part || a.entry.name.length - b.entry.name.length);
  }

  function make(tag, properties = {}, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }

  const address = (entry) => new URL(entry.address, siteRoot).href;
  // Kinds that are not Go's own words.
  const KINDS = {
    chapter: say("chapter"), page: say("page"), glossary: say("glossary"), example: say("example"), "Go file": say("Go file"),
    "Python class": say("Python class"), "Python function": say("Python function"), "Python module": say("Python module"),
  };
  const described = (entry) => [KINDS[entry.kind] ?? entry.kind, entry.where].filter(Boolean).join(" · ");

  // ── The dialog ──────────────────────────────────────────────────────────────────────────────────
  let dialog, field, list;

  function build() {
    field = make("input", {type: "search", autocomplete: "off", spellcheck: false, placeholder: say("a symbol, a file or a page")});
    for (const [name, value] of Object.entries({role: "combobox", "aria-expanded": "true", "aria-controls": "finder-list", "aria-label": say("Find a symbol, a file or a page"), "aria-autocomplete": "list"})) field.setAttribute(name, value);
    list = make("ul", {id: "finder-list"});
    list.dataset.nothing = say("Nothing has this in its name.");
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", say("Found"));
    const told = make("p", {className: "finder-told"}, ...sayWith("Parts of names are enough: {up} {down} choose, {enter} opens, {escape} closes.", {
      up: make("kbd", {}, "↑"), down: make("kbd", {}, "↓"), enter: make("kbd", {}, "Enter"), escape: make("kbd", {}, "Esc"),
    }));
    dialog = make("dialog", {className: "finder-dialog"}, field, list, told);
    dialog.setAttribute("aria-label", say("Finder"));
    document.body.append(dialog);
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    field.addEventListener("input", show);
    dialog.addEventListener("keydown", (event) => {
      event.stopPropagation(); // the theme has keys of its own
      const options = [...list.children];
      if (event.key === "Escape") { event.preventDefault(); dialog.close(); return; } // a field would only be emptied
      const chosen = options.findIndex((option) => option.ariaSelected === "true");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        choose(options, (chosen + (event.key === "ArrowDown" ? 1 : options.length - 1)) % (options.length || 1));
      } else if (event.key === "Enter" && chosen >= 0) {
        event.preventDefault();
        dialog.close();
        location.href = options[chosen].dataset.address;
      }
    });
  }

  function choose(options, at) {
    options.forEach((option, each) => { option.ariaSelected = String(each === at); });
    const option = options[at];
    if (option) option.scrollIntoView({block: "nearest"});
    field.setAttribute("aria-activedescendant", option ? option.id : "");
  }

  async function show() {
    const text = field.value;
    const found = find(await load(), text).slice(0, MOST);
    if (text !== field.value) return;
    list.replaceChildren(...found.map(({entry}, at) => {
      const option = make("li", {id: `finder-${at}`}, make("b", {}, entry.name), make("span", {}, described(entry)));
      option.setAttribute("role", "option");
      option.dataset.address = address(entry);
      option.addEventListener("click", () => { dialog.close(); location.href = option.dataset.address; });
      return option;
    }));
    choose([...list.children], 0);
    dialog.classList.toggle("finder-nothing", Boolean(text) && !found.length);
  }

  function open(text = "") {
    if (!dialog) build();
    field.value = text;
    if (!dialog.open) dialog.showModal();
    field.focus();
    show();
  }

  const isTyping = (node) => node instanceof Element && node.closest("input, textarea, select, [contenteditable]");
  addEventListener("keydown", (event) => {
    const combined = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k";
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
    if (document.querySelector("dialog[open]") && !combined) return;
    if (combined || (plain && event.key === "t")) open();
    else if (plain && event.key === "?") help();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  // ── What the keys do ────────────────────────────────────────────────────────────────────────────
  let keys;

  function help() {
    if (!keys) {
      const rows = [
        [["t", "Ctrl K"], say("find a symbol, a file or a page")], [["/", "s", "f"], say("search all pages")],
        [["n", "."], say("next page")], [["p", ","], say("previous page")], [["?"], say("this list")], [["Esc"], say("close")],
        ...(window.annotatorKeys ?? []), // a script of one page may add its own
      ];
      keys = make("dialog", {className: "keys-dialog"}, make("h2", {id: "keys-title"}, say("Keys")), make("dl", {}, ...rows.flatMap(([names, does]) => [
        make("dt", {}, ...names.flatMap((name, at) => [at ? " " : "", make("kbd", {}, name)])), make("dd", {}, does),
      ])), make("form", {method: "dialog"}, make("button", {}, say("Close"))));
      keys.setAttribute("aria-labelledby", "keys-title");
      document.body.append(keys);
    }
    keys.showModal();
  }

  const source = document.querySelector(".md-header__source, .md-header__inner");
  if (source) {
    const button = make("button", {type: "button", className: "md-header__button md-icon finder-open", title: say("Symbols (t)")}, "#");
    button.setAttribute("aria-label", say("Symbols"));
    button.addEventListener("click", () => open());
    (document.querySelector("label[for=__search]") ?? source.lastElementChild).before(button);
  }

  // ── Above the results of the search ─────────────────────────────────────────────────────────────
  const results = document.querySelector("[data-md-component=search-result]");
  if (results) {
    const input = document.querySelector("[data-md-component=search-query]");
    const meta = results.firstElementChild;
    const names = make("ol", {className: "md-search-result__list search-names", hidden: true});
    const nothing = make("div", {className: "search-nothing", hidden: true});
    meta.after(names, nothing);

    let words = {};
    try { words = JSON.parse(document.getElementById("__config").textContent).translations; } catch { /* nothing is said, then */ }
    let waiting;
    const isEmpty = (...said) => !names.childElementCount && !results.lastElementChild.childElementCount && said.some((one) => meta.textContent.trim() === words[`search.result.${one}`]);

    const refresh = async () => {
      const text = input.value.trim();
      const found = text ? find(await load(), text) : [];
      if (text !== input.value.trim()) return;
      const shown = named(text, found);
      names.replaceChildren(...shown.map(item));
      names.hidden = !shown.length;
      const offer = (isNothing) => {
        if (isNothing) nothing.replaceChildren(...helpful(text, found));
        nothing.hidden = !isNothing;
        results.classList.toggle("search-is-empty", isNothing);
      };
      clearTimeout(waiting);
      offer(Boolean(text) && isEmpty("none"));
      // The theme does not answer words in which it knows no letter, and others a little later.
      if (text) waiting = setTimeout(() => offer(isEmpty("none", "placeholder")), 1500);
    };
    input.addEventListener("keyup", refresh); // as the theme's search does
    input.addEventListener("focus", load, {once: true});
    new MutationObserver(refresh).observe(meta, {childList: true, characterData: true, subtree: true});
    new MutationObserver(refresh).observe(results.lastElementChild, {childList: true});
  }

  // What is written like a name is one: up to three symbols come first. A plain word may be one, too.
  function named(text, found) {
    const symbols = found.filter((one) => !one.entry.page);
    if (/[\p{L}\p{N}][._/:][\p{L}\p{N}]|\p{Ll}\p{Lu}/u.test(text) && !/\s/.test(text)) return symbols.filter((one) => one.rank < 5).slice(0, 3);
    return symbols.filter((one) => one.rank < 2 && !one.entry.part).slice(0, 1);
  }

  function item({entry}) {
    const article = make("article", {className: "md-search-result__article md-typeset"}, make("h1", {}, make("code", {}, entry.name)), make("p", {}, described(entry)));
    article.dataset.mdScore = "1e9";
    return make("li", {className: "md-search-result__item"}, make("a", {className: "md-search-result__link", href: address(entry), tabIndex: -1}, article));
  }

  function helpful(text, found) {
    const said = make("p", {}, ...sayWith("Nothing has all of “{text}” in it. The pages are in English; fewer words find more.", {text: make("b", {}, text)}));
    const near = make("ul", {}, ...found.slice(0, 5).map(({entry}) => make("li", {}, make("a", {href: address(entry)}, entry.name), ` ${described(entry)}`)));
    const button = make("button", {type: "button", className: "md-button"}, say("Look among all symbols and files"));
    button.addEventListener("click", () => open(text));
    const rest = make("p", {}, ...sayWith("Or begin with the {chapters} or the {glossary}.", {
      chapters: make("a", {href: new URL("chapters/index.html", siteRoot).href}, say("chapters")),
      glossary: make("a", {href: new URL("pages/glossary.html", siteRoot).href}, say("glossary")),
    }));
    return found.length ? [said, near, button, rest] : [said, button, rest];
  }

  // ── The page of all symbols ─────────────────────────────────────────────────────────────────────
  const finder = document.querySelector("[data-finder]");
  if (finder) {
    const input = finder.querySelector("input");
    const told = finder.querySelector("output");
    const items = [...document.querySelectorAll("[data-find]")].map((one) => [one, one.dataset.find.toLowerCase()]);
    const groups = [...document.querySelectorAll("[data-group]")].reverse();
    const heads = [...document.querySelectorAll(".symbol-index h2")];
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const [one, text] of items) {
        one.hidden = !words.every((word) => text.includes(word));
        count += !one.hidden;
      }
      for (const group of groups) {
        group.hidden = !group.querySelector("[data-find]:not([hidden])");
        if (group.matches("details")) group.open = words.length > 0 && !group.hidden;
      }
      for (const head of heads) head.hidden = words.length > 0 && !below(head).some((node) => node.matches("[data-find]:not([hidden])") || node.querySelector("[data-find]:not([hidden])"));
      told.textContent = words.length ? say("{count} found", {count}) : "";
    };
    input.addEventListener("input", filter);
    finder.hidden = false;
    const asked = new URLSearchParams(location.search).get("q");
    if (asked) {
      input.value = asked;
      filter();
      // The theme takes the same parameter as a search of all pages.
      addEventListener("load", () => setTimeout(() => {
        const toggle = document.querySelector("#__search");
        if (toggle?.checked) toggle.click();
        input.focus();
      }));
    }
  }

  function below(head) {
    const found = [];
    for (let node = head.nextElementSibling; node && node.tagName !== "H2"; node = node.nextElementSibling) found.push(node);
    return found;
  }
})();
