"""`translations`: compares the project's texts with their translations."""

from __future__ import annotations

from annotator.config import Project
from annotator.errors import InvalidInput
from annotator.model.reference import Problem
from annotator.site import translated_texts


def check(project: Project) -> tuple[Problem, ...]:
    """Return what differs between the texts and their translations.

    Raises:
        InvalidInput: A text cannot be read, or the project has no other language.
    """
    return tuple(
        problem for code in _languages(project) for problem in translated_texts.problems(project, code)
    )


def accept(project: Project) -> int:
    """Record all translations as they are now; return how many records changed.

    Raises:
        InvalidInput: A text cannot be read, or the project has no other language.
    """
    return sum(translated_texts.accept(project, code) for code in _languages(project))


def _languages(project: Project) -> tuple[str, ...]:
    if not project.config.languages:
        raise InvalidInput('the site has no other language; name one in the settings: `languages = ["zh"]`')
    return project.config.languages
