"""Value types that the packages pass to each other."""
