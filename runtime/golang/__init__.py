"""What Go's standard library does and Python's does otherwise."""
