"""Previews: what a version looks like, small and lossy, so that a project shows its pictures at once."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.raster import Raster
from nti_desktop.photo.shrinking import small_copy

SIDE = 1600  # pixels, at most
QUALITY = 85


def encode_preview(picture: Raster) -> bytes:
    """WebP in sRGB, at most SIDE pixels a side, of a picture of any size."""
    image = Image.fromarray(small_copy(picture, SIDE))
    data = BytesIO()
    image.save(data, "WEBP", quality=QUALITY)
    return data.getvalue()


def decode_preview(data: bytes) -> NDArray[np.uint8] | None:
    """(h, w, 3) sRGB; None for anything `encode_preview` would not have made; its size is read before its pixels."""
    try:
        with Image.open(BytesIO(data), formats=("WEBP",)) as image:
            return np.asarray(image.convert("RGB")) if max(image.size) <= SIDE else None
    except Exception:  # Pillow's decoders raise anything on damaged bytes, and a preview is only a convenience
        return None
