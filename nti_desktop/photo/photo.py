"""Open a photo: upright pixels in its own colours, which picture it is, and what to tell about it."""

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyvips
from numpy.typing import NDArray

from nti_desktop.errors import PhotoError
from nti_desktop.photo.containers import kind_of
from nti_desktop.photo.decode import Decoded, decode
from nti_desktop.photo.header import Header, check_size, read_header
from nti_desktop.photo.identity import picture_identity
from nti_desktop.photo.raster import Raster
from nti_desktop.photo.turning import turned


@dataclass(frozen=True, eq=False)
class Photo:
    """An opened photo.

    pixels: (H, W, 3) uint8, upright, in the file's own colours, read-only; profile: ICC profile of these colours, None
    for sRGB; identity: SHA-256 hex of the image data without metadata; orientation: the EXIF orientation that was
    applied, 1 to 8; bit_depth: of the file, per channel; notes: sentences to show.
    """

    path: Path
    pixels: NDArray[np.uint8]
    profile: bytes | None
    identity: str
    orientation: int
    bit_depth: int
    notes: tuple[str, ...]

    @property
    def raster(self) -> Raster:
        return Raster(self.pixels, self.profile)


def open_photo(path: Path, orientation: int | None = None) -> Photo:
    """Read a JPEG, PNG, TIFF or WebP picture. orientation: used instead of the file's own EXIF tag, 1 to 8.

    Raises PhotoError with one sentence for whatever is not such a picture, or not a whole one.
    """
    found = _read(path, eight_bits=True)
    applied = found.decoded.orientation if orientation is None else orientation
    pixels = turned(found.decoded.raster.pixels.astype(np.uint8, copy=False), applied)
    pixels.flags.writeable = False
    profile, notes = found.decoded.raster.profile, found.decoded.notes
    return Photo(path, pixels, profile, found.identity, applied, found.header.bits, notes)


def full_raster(photo: Photo) -> Raster:
    """All that the file holds, read anew: (H, W, 3) in its own bit depth and colours, upright, to be written to.

    Raises PhotoError as `open_photo` does, also when the file holds another picture by now.
    """
    found = _read(photo.path, eight_bits=False)
    if found.identity != photo.identity:
        raise PhotoError(f"“{photo.path.name}” holds another picture than when it was opened; open it again.")
    raster = found.decoded.raster
    return Raster(turned(raster.pixels, photo.orientation), raster.profile)


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


@dataclass(frozen=True, eq=False)
class _Found:
    header: Header
    identity: str
    decoded: Decoded


def _read(path: Path, *, eight_bits: bool) -> _Found:
    with _opened(path) as file:
        header = read_header(file)
        if header is None:
            raise _not_a_picture(path)
        check_size(path, header.size)
        if header.kind == "JPEG" and header.bits != 8:
            raise PhotoError(
                f"“{path.name}” is a {header.bits}-bit JPEG, which cannot be read; save it as 8 bit or TIFF."
            )
        return _Found(header, picture_identity(file, header.kind), _decoded(path, header, eight_bits))


def _decoded(path: Path, header: Header, eight_bits: bool) -> Decoded:
    """Every failure of a decoder is a sentence."""
    try:
        return decode(path, header, eight_bits)
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoError(f"“{path.name}” is too large for this computer's memory; close other programs.") from error
    except (pyvips.Error, OSError, ValueError, SyntaxError) as error:  # libvips' and Pillow's ways of saying so
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise PhotoError(
            f"“{path.name}” is cut short, damaged or of a rare kind; copy it again from where it came from."
        ) from error


def _not_a_picture(path: Path) -> PhotoError:
    return PhotoError(f"“{path.name}” is not a JPEG, PNG, TIFF or WebP picture; convert it to one of these first.")
