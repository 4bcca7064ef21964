"""Managed plugins."""
