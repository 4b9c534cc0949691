"""Open a photo: upright 8-bit sRGB pixels, which picture it is, and what to tell about it."""

import errno
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from nti_desktop.errors import PhotoError
from nti_desktop.photo.colour import to_srgb
from nti_desktop.photo.containers import kind_of
from nti_desktop.photo.header import Header, read_header
from nti_desktop.photo.identity import picture_identity

MOST_PIXELS = 300_000_000
Image.MAX_IMAGE_PIXELS = None  # MOST_PIXELS is asked before anything is decoded

# EXIF 2.32, orientation: what brings the stored picture upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_UNDONE_BY = {6: 8, 8: 6}


@dataclass(frozen=True, eq=False)
class Photo:
    """An opened photo.

    pixels: (H, W, 3) uint8 sRGB, upright, read-only; identity: SHA-256 hex of the image data without metadata;
    orientation: the EXIF orientation that was applied, 1 to 8; bit_depth: of the file, per channel;
    notes: sentences to show.
    """

    path: Path
    pixels: NDArray[np.uint8]
    identity: str
    orientation: int
    bit_depth: int
    notes: tuple[str, ...]


def open_photo(path: Path, orientation: int | None = None) -> Photo:
    """Read a JPEG, PNG, TIFF or WebP picture. orientation: used instead of the file's own EXIF tag, 1 to 8.

    Raises PhotoError with one sentence for whatever is not such a picture, or not a whole one.
    """
    with _opened(path) as file:
        header = read_header(file)
        if header is None:
            raise _not_a_picture(path)
        _check_size(path, header.size)
        if header.kind == "JPEG" and header.bits != 8:
            raise PhotoError(
                f"“{path.name}” is a {header.bits}-bit JPEG, which cannot be read; save it as 8 bit or TIFF."
            )
        identity = picture_identity(file, header.kind)
        file.seek(0)
        image, stored_orientation, notes = _decode(path, file, header)
    applied = stored_orientation if orientation is None else orientation
    pixels = np.asarray(_turned(image, applied))
    pixels.flags.writeable = False
    return Photo(path, pixels, identity, applied, header.bits, notes)


def identify(path: Path) -> str:
    """The identity of the picture in a file (see Photo), without decoding it; PhotoError when it cannot be read."""
    with _opened(path) as file:
        kind = kind_of(file)
        if kind is None:
            raise _not_a_picture(path)
        return picture_identity(file, kind)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, where it is one and holds something; every failure of the disk is a sentence."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PhotoError(f"“{path.name}” is a folder; choose a picture in it.")
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError(f"“{path.name}” is not a file; choose a picture.")
        if status.st_size == 0:
            raise PhotoError(f"“{path.name}” is an empty file; copy it again from where it came from.")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise PhotoError(f"“{path.name}” does not exist; it may have been moved or renamed.") from error
    except PermissionError as error:
        raise PhotoError(f"“{path.name}” may not be read; ask its owner for access or copy it elsewhere.") from error
    except OSError as error:
        why = "its name is too long" if error.errno == errno.ENAMETOOLONG else error.strerror or str(error)
        raise PhotoError(f"“{path.name}” could not be read from the disk ({why}); try again.") from error


def _decode(path: Path, file: BinaryIO, header: Header) -> tuple[Image.Image, int, tuple[str, ...]]:
    """The picture as stored (mode RGB, not yet turned), its orientation, and notes."""
    notes: tuple[str, ...] = ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Pillow's remarks about odd tags
            image: Image.Image = Image.open(file, formats=(header.kind,))
            _check_size(path, image.size)
            if getattr(image, "is_animated", False):
                notes = _first_of_many(path, image)
            orientation = _orientation(image)
            image.load()
            if header.kind == "TIFF":  # Pillow has turned it while loading
                image = _turned(image, _UNDONE_BY.get(orientation, orientation))
            image, colour_notes = to_srgb(image, header.bits, header.white_is_zero)
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoError(f"“{path.name}” is too large for this computer's memory; close other programs.") from error
    except Exception as error:  # Pillow's decoders raise anything on broken files
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise PhotoError(
            f"“{path.name}” is cut short, damaged or of a rare kind; copy it again from where it came from."
        ) from error
    return image, orientation, (*notes, *colour_notes)


def _check_size(path: Path, size: tuple[int, int] | None) -> None:
    if size is None:
        return
    width, height = size
    if width == 0 or height == 0:
        raise PhotoError(f"“{path.name}” has no pixels ({width} × {height}); choose another picture.")
    if width * height > MOST_PIXELS:
        megapixels, most = width * height / 1e6, MOST_PIXELS / 1e6
        raise PhotoError(f"“{path.name}” has {megapixels:.0f} megapixels, more than the {most:.0f} that can be opened.")


def _first_of_many(path: Path, image: Image.Image) -> tuple[str, ...]:
    """A note where a file's further pictures are left out; PhotoError where they are an animation."""
    if image.format in ("PNG", "WEBP"):
        raise PhotoError(f"“{path.name}” is animated; save one of its pictures as a file of its own and open that.")
    if image.format == "TIFF":
        return ("This file holds several pictures; the first one is opened.",)
    return ()  # MPO: phones and stereo cameras put depth or a second view behind the photo


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 where it is missing or makes no sense."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # a broken EXIF block raises anything and is no reason to refuse the picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _not_a_picture(path: Path) -> PhotoError:
    return PhotoError(f"“{path.name}” is not a JPEG, PNG, TIFF or WebP picture; convert it to one of these first.")
