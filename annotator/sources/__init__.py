"""Where bytes come from: a git URL, a local repository, or Debian's source packages."""
