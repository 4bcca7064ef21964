"""Drivers of volumes, those of plugins included."""
