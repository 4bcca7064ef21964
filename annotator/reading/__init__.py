"""What the bytes say: Go, Python, articles and the notation of references."""
