"""Runnable examples, one for each question of the documentation, and a small real volume plugin."""
