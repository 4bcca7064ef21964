"""Parts of Go's standard library that differ from Python's."""
