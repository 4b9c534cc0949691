"""Published benchmarks of photo editing, run on the user's own data with the user's own models."""
