"""Noise levels, trajectories, and control of attention on the way."""
