"""Threads beside the window’s own, and how their results come home."""
