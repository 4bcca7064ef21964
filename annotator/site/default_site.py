"""Parts of a site that a project need not have: the settings of mkdocs, its theme, styles and scripts."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from annotator.config import Project
from annotator.errors import InvalidInput
from annotator.site import output

_FILES = (
    "mkdocs.yml",
    "versions.yml",
    "theme/main.html",
    "theme/sitemap.xml",
    "theme/partials/alternate.html",
)


def folder() -> Path:
    """Return the folder of the defaults: in the installed package, or that of this project in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "default_site"
    return inside if inside.is_dir() else package.parent / "site"


def complete(project: Project) -> None:
    """Write the settings of mkdocs into the site's folder if it has none.

    Raises:
        InvalidInput: The folder leads out of the project, or cannot be written.
    """
    root = Path(os.path.realpath(project.root))
    if not Path(os.path.realpath(project.site)).is_relative_to(root):
        raise InvalidInput(f"{project.site} leads out of the project; name another folder as `site`")
    if (project.site / "mkdocs.yml").is_file():
        return
    try:
        for name in _FILES:
            file = project.site / name
            if not os.path.lexists(file):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(_titled((folder() / name).read_text("utf-8"), project), "utf-8")
    except OSError as error:
        raise InvalidInput(f"{error.filename} cannot be written: {error.strerror}") from error


def _titled(text: str, project: Project) -> str:
    """Return the settings with the name of another project's repository."""
    name = project.config.repository.rstrip("/").removesuffix(".git").rpartition("/")[2]
    text = re.sub(r"(?m)^site_name:.*$", lambda _: f"site_name: {json.dumps(f'{name} annotated')}", text)
    described = f"What documents cite in the source of {name}."
    return re.sub(r"(?m)^site_description:.*$", lambda _: f"site_description: {json.dumps(described)}", text)


def assets(project: Project) -> Mapping[str, bytes]:
    """Return the styles and scripts of a site, by path; the project's own replace the defaults."""
    return {**output.assets(folder() / "assets"), **output.assets(project.site / "assets")}
