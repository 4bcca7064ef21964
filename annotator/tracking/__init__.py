"""Finding declarations at other tags."""
