"""Plugins that are found in a directory, and the client of all plugins."""
