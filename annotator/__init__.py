"""Verify references into Go source, carry them to other tags and show them with their Python counterparts."""

__version__ = "0.1.0"
