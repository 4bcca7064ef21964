"""References cited in documents."""
