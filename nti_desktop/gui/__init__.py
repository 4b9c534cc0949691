"""The window: thin over `editing` and the threads. Only this room imports PySide6."""
