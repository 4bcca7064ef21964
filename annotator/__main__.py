"""Run the annotator with `python -m annotator`."""

from annotator.cli import main

main()
