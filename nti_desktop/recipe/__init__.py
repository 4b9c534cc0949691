"""What an edit asks for: words, their alignment, settings and recipes. Plain Python, imports no other room."""
