"""HEIC and AVIF for tests, lossless, with whatever is to stand in them."""

import hashlib
import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pyvips
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.reading.containers import read_at
from nti_desktop.photo.reading.heif import heif_parts
from tests.picture_files import encoded, smooth_picture

PICTURE = smooth_picture(64, 128)  # multiples of 64, as HEVC's encoder pads others
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
NCLX = struct.pack(">HH", 1, 13)  # BT.709 primaries, sRGB curve


def heic(pixels: NDArray[np.generic], mode: str | None = None, **options: object) -> bytes:
    """A lossless HEIC unless the options say otherwise. mode: pillow-heif's, "RGB;16" for uint16 by default."""
    mode = mode or ("RGB" if pixels.dtype == np.uint8 else "RGB;16")
    image = pillow_heif.from_bytes(mode=mode, size=pixels.shape[1::-1], data=pixels.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, **{"quality": -1, "chroma": 444, "matrix_coefficients": 0} | options)
    return buffer.getvalue()


def avif(pixels: NDArray[np.generic], bits: int = 8) -> bytes:
    """A lossless AVIF by libvips. pixels: (H, W, 3), uint8 for 8 bits, uint16 else."""
    image = pyvips.Image.new_from_array(pixels).copy(interpretation="srgb" if bits == 8 else "rgb16")
    data: bytes = image.heifsave_buffer(compression="av1", bitdepth=bits, lossless=True, effort=1)
    return data


def exif(orientation: int = 1) -> bytes:
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010E] = "a description"
    return made.tobytes()


KINDS: dict[str, Callable[[NDArray[np.uint8]], bytes]] = {
    "HEIC": lambda pixels: heic(pixels, exif=exif(), xmp=XMP),
    "tiled HEIC": lambda pixels: heic(pixels, tile_size=64, exif=exif(), xmp=XMP),
    "AVIF": lambda pixels: encoded(pixels, "AVIF", exif=exif(), xmp=XMP, speed=10),
}
WHOLE = {kind: make(PICTURE) for kind, make in KINDS.items()}


def saved(folder: Path, data: bytes, name: str = "photo.heic") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def identity(data: bytes) -> str | None:
    file = io.BytesIO(data)
    parts = heif_parts(file)
    if parts is None:
        return None
    return hashlib.sha256(b"".join(part.name + read_at(file, part.start, part.size) for part in parts)).hexdigest()


def replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    assert len(old) == len(new)
    return data.replace(old, new)
