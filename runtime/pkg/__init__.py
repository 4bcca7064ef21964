"""Packages that everything else stands on."""
