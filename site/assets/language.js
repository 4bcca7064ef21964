/* The language of the pages: the one that the reader has chosen, or at the first visit that of the browser. */
"use strict";
(() => {
  const KEY = "moby-annotated:language";
  const links = [...document.querySelectorAll("a.language-switch[data-language]")];
  if (!links.length) return;
  const here = document.documentElement.lang;
  const recall = () => { try { return localStorage.getItem(KEY); } catch { return here; } };
  const remember = (code) => { try { localStorage.setItem(KEY, code); } catch { /* it is asked again next time */ } };
  const address = (link) => {
    const there = new URL(link.getAttribute("href"), location.href);
    there.search = location.search;
    there.hash = location.hash;
    return there.href;
  };

  // The reader has come from the same page in another language, perhaps into a new tab.
  const from = document.referrer.split("#")[0];
  if (from && links.some((link) => address(link).split("#")[0] === from)) remember(here);

  for (const link of links) {
    link.addEventListener("click", () => {
      remember(link.dataset.language);
      link.href = address(link);
    });
  }

  const wanted = recall() ?? navigator.languages.map((one) => one.split("-")[0].toLowerCase()).find((one) => one === here || links.some((link) => link.dataset.language === one));
  if (!wanted) return;
  const link = links.find((one) => one.dataset.language === wanted);
  if (!link) return remember(here);
  // Only if that page exists: a site may have been built in one language, and files have no requests.
  fetch(address(link), { method: "HEAD" }).then((answer) => {
    if (!answer.ok) return;
    remember(wanted);
    location.replace(address(link));
  }).catch(() => undefined);
})();
