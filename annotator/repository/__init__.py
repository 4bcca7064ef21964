"""Where source code comes from: git or Debian."""
