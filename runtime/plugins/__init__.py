"""Plugins: how they are found, activated, called and, if managed, kept running."""
