"""Who runs plugins: plain processes, or containers."""
