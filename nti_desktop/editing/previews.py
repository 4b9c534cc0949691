"""Previews: what a version looks like, small and lossy, so that a project shows its pictures at once."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.core.errors import SidecarError
from nti_desktop.photo.orientation import turned
from nti_desktop.photo.raster import Raster
from nti_desktop.photo.shrinking import small_copy
from nti_desktop.project.sidecar import Stored

SIDE = 1600  # pixels, at most
QUALITY = 85


def encode_preview(picture: Raster) -> bytes:
    """WebP in sRGB, at most SIDE pixels a side, of a picture of any size."""
    image = Image.fromarray(small_copy(picture, SIDE))
    data = BytesIO()
    image.save(data, "WEBP", quality=QUALITY)
    return data.getvalue()


def decode_preview(data: bytes, side: int = SIDE) -> NDArray[np.uint8] | None:
    """(h, w, 3) sRGB, at most `side` pixels a side; None for anything `encode_preview` would not have made, whose size
    is read before its pixels.
    """
    try:
        with Image.open(BytesIO(data), formats=("WEBP",)) as image:
            if max(image.size) > SIDE:
                return None
            image.thumbnail((side, side))
            return np.asarray(image.convert("RGB"))
    except Exception:  # Pillow's decoders raise anything on damaged bytes, and a preview is only a convenience
        return None


@dataclass(frozen=True, eq=False)
class PreviewSource:
    """Where the preview of a version is to be had, on any thread. data: of one that was not saved yet; else it lies in
    `stored`, from before the photo was turned by `turn`, an EXIF orientation.
    """

    version: str
    data: bytes | None
    stored: Stored | None
    turn: int

    def pixels(self, side: int = SIDE) -> NDArray[np.uint8] | None:
        """(h, w, 3), at most `side` pixels a side; None when there is none or it cannot be read, as one can be
        rendered.
        """
        if self.data is not None:
            return decode_preview(self.data, side)
        try:
            data = None if self.stored is None else self.stored.preview(self.version)
        except SidecarError:
            return None
        pixels = None if data is None else decode_preview(data, side)
        return None if pixels is None else turned(pixels, self.turn)
