"""What people and tools read: pages, pictures and reports."""
