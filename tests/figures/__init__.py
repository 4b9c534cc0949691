"""The figures of the built-in model's card, measured on held-out scenes: `python -m tests.figures`."""
