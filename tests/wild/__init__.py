"""Stable Diffusion as found in the wild: small files in the published layouts, and what the published code computes."""
