"""The window: thin over session and the engine thread. Only this room and `app` import PySide6."""
