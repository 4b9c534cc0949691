"""Pixels of real photos: opening, identity, the frame a model sees, and the way back into the photo."""
