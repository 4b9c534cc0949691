"""Pictures and what they say about themselves, written to files."""
