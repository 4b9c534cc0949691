"""Programs from outside that read what this one wrote: exiftool and ImageMagick."""

import json
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def as_read_by_imagemagick(path: Path) -> NDArray[np.uint16]:
    """(H, W, 3), 16 bits a channel."""
    size = _run("identify", "-format", "%w %h\n", f"{path}[0]").split()
    width, height = int(size[0]), int(size[1])
    raw = _run("convert", f"{path}[0]", "-depth", "16", "-endian", "LSB", "rgb:-")
    return np.frombuffer(raw, "<u2").reshape(height, width, 3).astype(np.uint16)


def profile_read_by_imagemagick(path: Path) -> bytes:
    return _run("convert", f"{path}[0]", "icc:-")


def tags_read_by_exiftool(path: Path) -> dict[str, object]:
    """By group and name, as "IFD0:Make"."""
    (tags,) = json.loads(_run("exiftool", "-j", "-G1", "-struct", path))
    return dict(tags)


def _run(*command: str | Path) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr.decode(errors='replace')}"
    return done.stdout
