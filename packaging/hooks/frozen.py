"""The first thing a frozen program does: give back to it and to what it starts what freezing took.

Without a console there are no standard streams, and libraries that print would fail. The loader has already read its
own library path; programs started from here (a browser, a file manager) need the system's libraries, not the bundled.
"""

import os
import sys

for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
    if getattr(sys, name) is None:
        setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  -- for good

if sys.platform.startswith("linux"):
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if before:
        os.environ["LD_LIBRARY_PATH"] = before
