"""From a file to pixels, whatever its format."""
