"""What the pointer does on the canvas."""
