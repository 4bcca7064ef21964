"""SVG diagrams."""
