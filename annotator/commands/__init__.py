"""One module for each command; each calls the domain packages."""
