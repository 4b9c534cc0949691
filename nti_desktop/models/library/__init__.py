"""The models on this computer: where they lie, which they are, whether they are whole."""
