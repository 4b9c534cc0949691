"""Models that can be fetched, and fetching them."""
