"""Where the files that ship with the program lie."""

import sys
from pathlib import Path


def resource(*parts: str) -> Path:
    """A path under `resources/`, in a checkout as well as in the folder PyInstaller unpacks."""
    root = Path(getattr(sys, "_MEIPASS", Path(__file__).parents[2]))
    return root.joinpath("resources", *parts)
