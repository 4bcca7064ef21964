"""The engine as a command."""
