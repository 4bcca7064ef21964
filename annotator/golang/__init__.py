"""Reading Go source."""
