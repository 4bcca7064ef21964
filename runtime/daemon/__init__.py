"""The engine: its start and end, and what joins plugins and volumes."""
