"""One module for each command; each calls the domain packages.

`commands.verify` is loaded when it is first used: a command does not wait for what only others need.
What reads a source may raise SourceUnavailable; docstrings name what else can go wrong.
"""

from __future__ import annotations

from annotator import lazy_modules

__getattr__ = lazy_modules(__name__)
