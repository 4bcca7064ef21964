"""Servers that editors and agents start, over standard input and output; loaded when first used."""

from __future__ import annotations

from annotator import lazy_modules

__getattr__ = lazy_modules(__name__)
