"""Torch's libraries, loaded before torch is imported."""

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path


def load_libraries() -> None:
    """Load the libraries that `import torch` asks for while other threads go on.

    The import itself would load half a gigabyte with Python's lock held, and no window moves for a fifth of a second
    or more. Windows loads them without it. What is missing or damaged is left for the import to tell.
    """
    torch = find_spec("torch")
    if sys.platform == "win32" or torch is None or torch.origin is None:
        return
    load = ctypes.CDLL(None).dlopen  # called like any function of C, so without Python's lock
    load.argtypes, load.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    folder = Path(torch.origin).parent / "lib"
    for name, visibility in (("libtorch_global_deps.so", os.RTLD_GLOBAL), ("libtorch.so", os.RTLD_LOCAL)):
        load(os.fsencode(folder / name), os.RTLD_NOW | visibility)  # as torch does
