"""From a file on the disk to its picture: which kind it is, which picture, its pixels; every failure a sentence."""

import errno
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyvips

from nti_desktop.core import disk
from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.identity import heif_identity, picture_identity
from nti_desktop.photo.metadata import orientation_of, read_metadata
from nti_desktop.photo.raster import Development, Raster
from nti_desktop.photo.reading.containers import kind_of, read_at
from nti_desktop.photo.reading.decode import Report, decode, decode_heif_picture
from nti_desktop.photo.reading.failures import failure
from nti_desktop.photo.reading.header import RAW_SUFFIXES, check_size, read_header
from nti_desktop.photo.reading.heif import heif_parts, read_heif_header
from nti_desktop.photo.reading.heif_boxes import heif_kind

_TIFF_BITS = (1, 2, 4, 8, 16, 32, 64)  # a channel; those of 32 and 64 are told of when they are known
_HEAD = 64  # bytes; enough for every signature


@dataclass(frozen=True, eq=False)
class Read:
    """raster: as stored, not yet turned; identity: SHA-256 hex of the image data without metadata; orientation: that
    brings it upright, EXIF 1 to 8; bits: of the file, per channel; notes: sentences to show.
    """

    raster: Raster
    identity: str
    orientation: int
    bits: int
    notes: tuple[str, ...]
    development: Development | None = None


def read_picture(path: Path, *, eight_bits: bool, report: Report | None = None) -> Read:
    """All of a picture. eight_bits: whether deeper ones may come with 8 bits, which takes less memory; report: see
    Report; of HEIC, AVIF and raw it is told nothing.

    Raises PhotoError with one sentence for whatever is not a picture, or not a whole one.
    """
    with _opened(path) as file:
        if is_raw(path):
            return _read_raw(path)
        if heif_kind(read_at(file, 0, _HEAD)):
            return _read_heif(path, file)
        header = read_header(file)
        if header is None:
            raise _not_a_picture(path)
        check_size(path, header.size)
        if header.kind == "JPEG" and header.bits != 8:
            raise PhotoError(
                f"“{path.name}” is a {header.bits}-bit JPEG, which cannot be read; save it as 8 bit or TIFF."
            )
        if header.kind == "TIFF" and header.bits not in _TIFF_BITS:
            raise PhotoError(
                f"“{path.name}” is a {header.bits}-bit TIFF, which cannot be read; save it with 8 or 16 bits a channel."
            )
        with ThreadPoolExecutor(1, "identity") as beside:
            identity = beside.submit(picture_identity, file, header.kind)  # a second for 600 MB, less than decoding
            with _decoding(path):
                decoded = decode(path, header, eight_bits, report)
        orientation = orientation_of(read_metadata(file, header.kind))
        return Read(decoded.raster, identity.result(), orientation, header.bits, decoded.notes)


def identify(path: Path) -> str:
    """The identity of the picture in a file (see Read) without decoding it; PhotoError when it cannot be read."""
    with _opened(path) as file:
        if is_raw(path):
            from nti_desktop.photo.reading.raw import raw_identity  # LibRaw, which takes its time to load

            return raw_identity(path)
        if heif_kind(read_at(file, 0, _HEAD)):
            return heif_identity(file, heif_parts(file))
        kind = kind_of(file)
        if kind is None:
            raise _not_a_picture(path)
        return picture_identity(file, kind)


def is_raw(path: Path) -> bool:
    """By its name: most raw formats are TIFF files to look at."""
    return path.suffix.lower() in RAW_SUFFIXES


def _read_raw(path: Path) -> Read:
    from nti_desktop.photo.reading import raw  # LibRaw, which takes its time to load

    identity, header = raw.raw_identity(path), raw.read_raw_header(path)
    developed = raw.develop(path, orientation=1)
    raster = Raster(developed.pixels, developed.profile)
    notes = (raw.NEUTRAL_NOTE,)
    return Read(raster, identity, header.orientation, developed.bits, notes, developed.development)


def _read_heif(path: Path, file: BinaryIO) -> Read:
    header = read_heif_header(file)
    identity = heif_identity(file, heif_parts(file))
    with _decoding(path):
        decoded = decode_heif_picture(path)
    return Read(decoded.raster, identity, 1, header.bits if header else 8, decoded.notes)


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
        with disk.open_to_read(path) as file:
            yield file
    except FileNotFoundError as error:
        raise PhotoError(f"“{path.name}” does not exist; it may have been moved or renamed.") from error
    except PermissionError as error:
        raise PhotoError(f"“{path.name}” may not be read; ask its owner for access or copy it elsewhere.") from error
    except OSError as error:
        why = "its name is too long" if error.errno == errno.ENAMETOOLONG else error.strerror or str(error)
        raise PhotoError(f"“{path.name}” could not be read from the disk ({why}); try again.") from error


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    """Every failure of a decoder is a sentence."""
    try:
        yield
    except PhotoError:
        raise
    except (
        MemoryError,
        pyvips.Error,
        OSError,
        ValueError,
        SyntaxError,
    ) as error:  # libvips' and Pillow's ways of saying so
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise failure(path, error) from error


def _not_a_picture(path: Path) -> PhotoError:
    return PhotoError(
        f"“{path.name}” is not a picture this program reads (JPEG, PNG, TIFF, WebP, HEIC, AVIF, raw); "
        "convert it to one of these first."
    )
