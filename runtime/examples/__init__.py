"""One runnable file for each question that the documentation answers, besides a small real volume plugin."""
