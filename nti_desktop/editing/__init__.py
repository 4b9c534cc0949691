"""One open photo and what becomes of it, without Qt: shared by the window and the command line."""
