"""One module for each command: it loads what it needs and calls the domain packages."""
