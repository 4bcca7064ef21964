"""What moby vendors."""
