"""Renders view models with Jinja; writes the navigation."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import zlib
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import jinja2
import msgspec

from annotator.cache import CacheKind
from annotator.parallel import parallel_map
from annotator.site import code_panes, fingerprint, language, plain_markdown
from annotator.site.language import deferred
from annotator.site.markup import breakable, escape, label, ticked
from annotator.site.site_index import (
    CONTENTS,
    COVERAGE,
    ERRATA,
    EXAMPLES,
    HISTORY,
    HOME,
    PARITY,
    PORTING,
    REPORT,
    SYMBOLS,
    WALK,
)
from annotator.site.view_models import Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from annotator.cache import Cache
    from annotator.site.view_models import PageGroup, Redirect, SiteFrame, SitePage, SitePlan

_LOG = logging.getLogger(__name__)

SETTINGS = "type-make-serve-first.yml"
"""The generated half of mkdocs.yml. Its name is what mkdocs says when nothing has been built yet."""

FIRST = (deferred("Questions"), deferred("Before you read"))
"""The sections of the navigation that come before the chapters."""

_BOOST = {
    "chapter.md.jinja": 2,
    "example.md.jinja": 2,
    "errata.md.jinja": 2,
    "coverage.md.jinja": 2,
    "module.md.jinja": 0.7,
    "index.md.jinja": 0.5,
    "parity.md.jinja": 0.5,
    "report.md.jinja": 0.5,
    "trace.md.jinja": 0.5,
}
"""The factor by which a page's words count in the search, where it is not 1."""


_LISTS = re.compile(r'<(table|div class="reason")')
"""Begins of lists that the search leaves out. None holds an element like itself, which would end it there."""


class RenderedPage(msgspec.Struct, frozen=True, array_like=True):
    """A page for mkdocs and its Markdown version, both compressed."""

    page: bytes
    version: bytes


class PageKey(msgspec.Struct, frozen=True, array_like=True):
    """A page of a group: its title with its path, and the key of the rendered page."""

    link: Link
    key: str


RENDERED = CacheKind("page", RenderedPage)
"""Rendered pages by what they show, so that a change renders only the pages that show something else."""


class MadeGroup(msgspec.Struct, frozen=True, array_like=True):
    """The pages of a group, and its files of data by their paths, compressed."""

    pages: tuple[PageKey, ...]
    data: dict[str, bytes]


GROUP = CacheKind("page group", MadeGroup)
"""The pages of a group or of one recipe by what they are made from.

So the changed body of a text does not rebuild the pages of code, and a changed Python file only those of
them that show or use it: a build of our site after a longer docstring takes 8.7 s instead of 12.3 s, after
a changed text 2.8 s instead of 3.4 s.

The key covers this program, too; hence the type may change without a new format.
"""


_Task = tuple[str, "SiteFrame", "SitePage"]
"""A page to render, by its key."""

_SHARE = 16
"""Pages that are rendered together; no worker process is started for fewer."""


def files(plan: SitePlan, cache: Cache | None = None) -> Mapping[str, bytes]:
    """Return every generated file by its path below the documents' folder; rendered pages are cached."""
    _LOG.info("writing the pages of %s", plan.frame.tag)
    titles: dict[str, Link] = {}
    rendered: dict[str, RenderedPage] = {}
    program = fingerprint.program_fingerprint()
    data: dict[str, bytes] = {}
    for group in plan.groups:
        made, found = _group(plan.frame, group, cache, program)
        for page in made.pages:
            rendered[page.link.href] = found[page.key]
            titles[page.link.href] = page.link
        data |= {path: zlib.decompress(file) for path, file in made.data.items()}
    sections = _sections(plan, list(rendered))
    return {
        **{path: zlib.decompress(text.page) for path, text in rendered.items()},
        **{plain_markdown.path(path): zlib.decompress(text.version) for path, text in rendered.items()},
        plain_markdown.LIST: plain_markdown.listing(plan.frame, titles, sections).encode(),
        **{path: _redirect(plan.frame, view).encode() for path, view in plan.redirects},
        SETTINGS: settings(sections, plan.frame).encode(),
        **data,
    }


def _group(
    frame: SiteFrame, group: PageGroup, cache: Cache | None, program: str
) -> tuple[MadeGroup, Mapping[str, RenderedPage]]:
    """Return a group with its pages in order, and the rendered pages by their keys."""
    group_key = _key([program, frame, group.name, group.made_from])
    if known := _cached_group(cache, group_key):
        return known
    pages: list[PageKey] = []
    rendered: dict[str, RenderedPage] = {}
    groups: dict[str, MadeGroup] = {}

    def missing() -> Iterator[_Task]:
        for recipe in group.recipes:
            made_from = recipe.made_from if cache else None
            key = _key([program, frame, group.name, made_from()]) if made_from else ""
            if key and (known := _cached_group(cache, key)):
                pages.extend(known[0].pages)
                rendered.update(known[1])
                continue
            first = len(pages)
            for page in recipe.make():
                entry = PageKey(
                    Link(page.title, page.path, page.summary), _key([program, frame, _name(page), page])
                )
                pages.append(entry)
                found = cache.get_many(RENDERED, {entry.key: entry.key}) if cache else {}
                rendered.update(found)
                if not found:
                    yield entry.key, frame, page
            if key:
                groups[key] = MadeGroup(tuple(pages[first:]), {})

    tasks = missing()
    shares = iter(lambda: tuple(islice(tasks, _SHARE)), ())
    new = {key: page for share in parallel_map(_render, shares) for key, page in share.items()}
    rendered |= new
    made = MadeGroup(tuple(pages), {path: zlib.compress(file, 1) for path, file in group.data().items()})
    if cache:
        cache.put_many(RENDERED, new)
        cache.put_many(GROUP, {**groups, group_key: made})
    return made, rendered


def _cached_group(cache: Cache | None, key: str) -> tuple[MadeGroup, Mapping[str, RenderedPage]] | None:
    """Return a group of pages by its key, if the cache has it and all its pages."""
    group = cache.get_many(GROUP, {"": key}).get("") if cache else None
    if cache is None or group is None:
        return None
    rendered = cache.get_many(RENDERED, {page.key: page.key for page in group.pages})
    return (group, rendered) if all(page.key in rendered for page in group.pages) else None


def _render(tasks: Iterable[_Task]) -> dict[str, RenderedPage]:
    """Render pages in a worker process, while the views of the next ones are made."""
    rendered = {}
    for key, frame, page in tasks:
        with language.active(frame.language):
            text = markdown(frame, page)
        # Level 1 makes a page six times smaller; the 438 pages of moby take 0.2 s.
        compressed = (zlib.compress(one.encode(), 1) for one in (text, plain_markdown.plain(text)))
        rendered[key] = RenderedPage(*compressed)
    return rendered


def _key(values: object) -> str:
    """Return the key of frozen values; HTML in them becomes bytes, which no plain text is equal to."""
    return hashlib.sha256(msgspec.msgpack.encode(values, enc_hook=str.encode)).hexdigest()


def markdown(frame: SiteFrame, page: SitePage) -> str:
    """Return a page as Markdown for mkdocs, with its head."""
    root = "../" * page.path.count("/")
    assets = f"{root}{'../' * language.html_folder(frame.language).count('/')}assets/"
    template = _environment().get_template(_name(page))
    version = plain_markdown.path(page.path)
    boost = page.boost or _BOOST.get(_name(page), 1)
    text = template.render(
        page=page, view=page.view, frame=frame, root=root, assets=assets, version=version, boost=boost
    )
    return _LISTS.sub(r"<\1 data-search-exclude", text)


def _redirect(frame: SiteFrame, view: Redirect) -> str:
    return _environment().get_template("redirect.html.jinja").render(frame=frame, view=view)


SOURCE = deferred("Source")
"""The section of the navigation in which the report stands; texts of the project may join it."""


def settings(sections: Mapping[str, tuple[str, ...]], frame: SiteFrame) -> str:
    """Return what the settings of mkdocs inherit: the languages, and the navigation with our chapters."""
    lines = ["# Generated; the settings of mkdocs inherit it."]
    lines += ["extra:", f"  skip: {json.dumps(language._('Skip to content'), ensure_ascii=False)}"]
    if len(frame.languages) > 1:
        # The theme shows a switch if this is set, but makes no list of it.
        lines.append("  alternate: true")
        lines.append(f"  language: {json.dumps(frame.language)}")
        lines.append(f"  folder: {json.dumps(language.html_folder(frame.language))}")
        lines.append("  languages:")
        for code in frame.languages:
            name = json.dumps(language.language(code).name, ensure_ascii=False)
            folder = json.dumps(language.html_folder(code))
            lines.append(f"    - {{code: {json.dumps(code)}, name: {name}, folder: {folder}}}")
    lines += ["nav:", f"  - {HOME}"]
    for title, paths in sections.items():
        lines += [
            f"  - {json.dumps(language.translated(title))}:",
            *(f"      - {json.dumps(path)}" for path in paths),
        ]
    return "\n".join(lines) + "\n"


def _sections(plan: SitePlan, paths: list[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the sections of the navigation with their pages, without empty ones."""
    texts = dict(plan.sections)
    first = {name: texts.pop(name, ()) for name in FIRST}
    source = (*(path for path in (SYMBOLS, HISTORY, REPORT, ERRATA) if path in paths), *texts.pop(SOURCE, ()))
    found = {
        **first,
        deferred("Chapters"): tuple(path for path in _below(paths, CONTENTS) if path.count("/") == 1),
        deferred("Examples"): tuple(_below(paths, EXAMPLES)),
        deferred("Exercises"): tuple(path for path in paths if path.startswith("exercises/")),
        deferred("Go and Python"): tuple(path for path in (PARITY, COVERAGE, WALK, PORTING) if path in paths),
        SOURCE: source,
        **texts,
    }
    return {title: below for title, below in found.items() if below}


def _below(paths: list[str], first: str) -> list[str]:
    """Return the pages of a folder, its own page first."""
    folder = first.rpartition("/")[0]
    found = [path for path in paths if path.startswith(f"{folder}/")]
    return sorted(found, key=lambda path: path != first)


def _name(page: SitePage) -> str:
    """Return the template of a view: `SymbolPage` is written by `symbol.md.jinja`."""
    name = type(page.view).__name__.removesuffix("Page")
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() + ".md.jinja"


@cache
def _environment() -> jinja2.Environment:
    """Return the Jinja environment, which passes every printed value through `escape`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(fingerprint.templates()),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        finalize=escape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Not by `install_gettext_callables`, whose values would be escaped as HTML but not as Markdown.
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals |= {"gettext": language.html, "ngettext": language.plural_html, "_": language.html}
    environment.filters["breakable"] = breakable
    environment.filters["english"] = language.english
    environment.filters["folded"] = code_panes.single
    environment.filters["label"] = label
    environment.filters["panes"] = code_panes.side_by_side
    environment.filters["ticked"] = ticked
    environment.filters["translated"] = language.translated
    environment.filters["translated_parts"] = language.translated_parts
    return environment
