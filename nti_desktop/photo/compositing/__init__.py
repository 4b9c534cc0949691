"""Edits, made at the model’s size, laid back into the photo at its own size."""
