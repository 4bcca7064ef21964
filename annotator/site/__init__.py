"""Building the web site."""
