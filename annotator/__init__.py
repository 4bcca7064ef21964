"""Go source, tracked: references verified, carried to any tag and shown beside their Python counterparts."""

__version__ = "0.1.0"
