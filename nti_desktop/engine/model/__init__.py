"""A model: loading it, and what it answers."""
