"""Choosing, fetching and keeping models."""
