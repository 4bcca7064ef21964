"""Runs plugins."""
