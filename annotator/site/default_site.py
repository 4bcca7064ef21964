"""Parts of a site that a project need not have: the settings of mkdocs, its theme, styles and scripts."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from annotator.config import Project
from annotator.errors import InvalidInput
from annotator.site import html, language, output
from annotator.site.language import _

_FILES = (
    "mkdocs.yml",
    "versions.yml",
    "theme/main.html",
    "theme/sitemap.xml",
)

_SWITCH = "theme/partials/alternate.html"
"""The switch of languages, without which the theme cannot show pages of several."""


def folder() -> Path:
    """Return the folder of the defaults: in the installed package, or that of this project in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "default_site"
    return inside if inside.is_dir() else package.parent / "site"


def complete(project: Project) -> None:
    """Write the settings of mkdocs into the site's folder if it has none, and those of other languages.

    Raises:
        InvalidInput: The folder leads out of the project, or cannot be written.
    """
    root = Path(os.path.realpath(project.root))
    if not Path(os.path.realpath(project.site)).is_relative_to(root):
        raise InvalidInput(f"{project.site} leads out of the project; name another folder as `site`")
    files = {html.settings_file(code): code for code in project.config.languages}
    for code in files.values():
        language.language(code)  # so that nothing is written for one that is not known
    if files:
        files[_SWITCH] = language.ENGLISH
    if not (project.site / "mkdocs.yml").is_file():
        files |= dict.fromkeys(_FILES, language.ENGLISH)
    try:
        for name, code in files.items():
            file = project.site / name
            if not os.path.lexists(file):
                file.parent.mkdir(parents=True, exist_ok=True)
                with language.active(code):
                    file.write_text(_titled((folder() / name).read_text("utf-8"), project), "utf-8")
    except OSError as error:
        raise InvalidInput(f"{error.filename} cannot be written: {error.strerror}") from error


def _titled(text: str, project: Project) -> str:
    """Return the settings with the name of another project's repository."""
    name = project.config.repository.rstrip("/").removesuffix(".git").rpartition("/")[2]
    titles = {
        "site_name": _("%(name)s annotated", name=name),
        "site_description": _("What documents cite in the source of %(name)s.", name=name),
    }
    for key, title in titles.items():
        line = f"{key}: {json.dumps(title, ensure_ascii=False)}"
        text = re.sub(rf"(?m)^{key}:.*$", line.replace("\\", r"\\"), text)
    return text


def assets(project: Project) -> Mapping[str, bytes]:
    """Return the styles and scripts of a site, by path; the project's own replace the defaults."""
    return {**output.assets(folder() / "assets"), **output.assets(project.site / "assets")}
