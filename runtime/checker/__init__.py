"""Checks a volume plugin as the engine would use it."""
