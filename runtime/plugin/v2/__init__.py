"""A managed plugin and its settings."""
