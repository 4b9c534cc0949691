"""The photo on screen: zoom, pan, before and after, mask."""
