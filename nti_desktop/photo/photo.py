"""Open a photo: upright pixels in its own colours, which picture it is, and what to tell about it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.orientation import turned
from nti_desktop.photo.raster import Development, Raster, to_eight_bits
from nti_desktop.photo.reading.decode import Report
from nti_desktop.photo.reading.identify import read_picture


@dataclass(frozen=True, eq=False)
class Photo:
    """An opened photo.

    pixels: (H, W, 3) uint8, upright, in the file's own colours, read-only; profile: ICC profile of these colours, None
    for sRGB; identity: SHA-256 hex of the image data without metadata; orientation: the EXIF orientation that was
    applied, 1 to 8; bit_depth: of the file, per channel; development: of a raw file, what made pixels of its sensor's
    data; notes: sentences to show.
    """

    path: Path
    pixels: NDArray[np.uint8]
    profile: bytes | None
    identity: str
    orientation: int
    bit_depth: int
    notes: tuple[str, ...]
    development: Development | None = None

    @property
    def raster(self) -> Raster:
        """Its pixels, with the profile of their colours."""
        return Raster(self.pixels, self.profile)

    def opens_as(self, other: "Photo") -> bool:
        """Tell whether this is the file that was opened as another photo, and looks as that does."""
        looks = self.identity, self.orientation, self.profile, self.bit_depth, self.development
        there = other.identity, other.orientation, other.profile, other.bit_depth, other.development
        return self.path.absolute() == other.path.absolute() and looks == there


def open_photo(path: Path, orientation: int | None = None, report: Report | None = None) -> Photo:
    """Read a JPEG, PNG, TIFF, WebP, HEIC or AVIF picture, or develop a raw file neutrally.

    orientation: used instead of the file's own EXIF tag, 1 to 8; report: see Report. Raises PhotoError with one
    sentence for whatever is not such a picture, or not a whole one.
    """
    read = read_picture(path, eight_bits=True, report=report)
    applied = read.orientation if orientation is None else orientation
    pixels = turned(to_eight_bits(read.raster.pixels), applied)
    pixels.flags.writeable = False
    return Photo(path, pixels, read.raster.profile, read.identity, applied, read.bits, read.notes, read.development)


def full_raster(photo: Photo) -> Raster:
    """All that the file holds, read anew: (H, W, 3) in its own bit depth and colours, upright, to be written to.

    Raises PhotoError as `open_photo` does, also when the file holds another picture by now.
    """
    read = read_picture(photo.path, eight_bits=False)
    if read.identity != photo.identity:
        raise PhotoError(f"“{photo.path.name}” holds another picture than when it was opened; open it again.")
    return Raster(turned(read.raster.pixels, photo.orientation), read.raster.profile)
