"""What corresponds: Go symbols and their Python counterparts."""
