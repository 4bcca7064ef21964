"""Counterparts of packages that moby vendors."""
