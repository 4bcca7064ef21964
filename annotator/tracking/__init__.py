"""Where things are, at any tag."""
