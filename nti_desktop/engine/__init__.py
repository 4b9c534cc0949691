"""Diffusion: inversion of a photo and edits of its trajectory. The only room, with studio, that imports torch."""
