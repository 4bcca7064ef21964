"""Comparing the Python port with the Go original."""
