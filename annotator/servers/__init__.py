"""Servers that editors and agents start; they answer over standard input and output."""
