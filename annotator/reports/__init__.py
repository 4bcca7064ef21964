"""Results as text and machine-readable formats."""
