"""Camera raw files, developed neutrally by LibRaw: pixels, which picture it is, and the camera's own preview."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
import rawpy
from numpy.typing import NDArray
from PIL.JpegImagePlugin import JpegImageFile
from rawpy._version import __version__ as rawpy_version

from nti_desktop.core import disk
from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.orientation import turned
from nti_desktop.photo.raster import Development
from nti_desktop.photo.reading.containers import file_size
from nti_desktop.photo.reading.failures import damaged, failure
from nti_desktop.photo.reading.header import check_size
from nti_desktop.photo.reading.raw_extents import raw_extents

NEUTRAL_NOTE = "This raw file is developed neutrally; for your own look, send a 16-bit TIFF from your raw editor."

# LibRaw counts flips in bits: 1 reverses columns, 2 reverses rows, 4 swaps rows and columns first.
_ORIENTATIONS = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}
_SRGB_CURVE = (2.4, 12.92)  # IEC 61966-2-1: the exponent, and the slope of the straight part
_STATES_WHITE = (".dng", ".gpr")
# LibRaw's default. White would turn magenta where a sensor saturates below the level in LibRaw's tables.
_SEARCH_WHITE_ABOVE = 0.75
_HASHED_ROWS = 256

# LibRaw reads on behind a file's end in silence. Whether the sensor's values depend on what lies there is then seen by
# putting there one thing and another; this is asked only of files that say they are longer, or are shorter than any
# coding of so many values.
_FEWEST_BITS = 4  # a value
_FILLINGS = (b"\0", b"\1")
_LEAST_FILLING, _MOST_FILLING = 1 << 20, 1 << 26  # bytes


@dataclass(frozen=True)
class RawHeader:
    """size: (width, height) upright, as `develop` makes it; orientation: the file's, EXIF 1 to 8."""

    size: tuple[int, int]
    orientation: int


@dataclass(frozen=True, eq=False)
class Developed:
    """pixels: (H, W, 3) uint16, upright; profile: ICC of Display P3, whose colours they are in; orientation: the one
    applied; bits: of the sensor's values.
    """

    pixels: NDArray[np.uint16]
    profile: bytes
    orientation: int
    bits: int
    development: Development


def read_raw_header(path: Path) -> RawHeader:
    """Let LibRaw read size and orientation without touching the sensor data. Raises PhotoError when it cannot."""
    with _opened(path) as raw:
        width, height = _stored_size(raw)
        orientation = _orientation(raw)
        size = (height, width) if orientation > 4 else (width, height)
        return RawHeader(size, orientation)


def develop(path: Path, orientation: int | None = None) -> Developed:
    """The picture in the sensor data: the camera's white balance, no automatic brightness, highlights clipped.

    orientation: used instead of the file's, EXIF 1 to 8. Raises PhotoError with one sentence for whatever LibRaw
    cannot open, and for sensor data that is cut short; OSError where the disk fails.
    """
    with _opened(path) as raw:
        check_size(path, _stored_size(raw))
        _check_whole(path, raw)
        # Before LibRaw makes a picture, which it then says is upright.
        applied = _orientation(raw) if orientation is None else orientation
        as_shot = raw.camera_whitebalance[0] > 0
        states_white = path.suffix.lower() in _STATES_WHITE
        developed: NDArray[Any] = raw.postprocess(
            use_camera_wb=as_shot,  # where there is none, LibRaw would guess one from the picture
            demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD,
            output_color=rawpy.ColorSpace.P3D65,
            output_bps=16,
            gamma=_SRGB_CURVE,
            no_auto_bright=True,
            adjust_maximum_thr=0.0 if states_white else _SEARCH_WHITE_ABOVE,
            highlight_mode=rawpy.HighlightMode.Clip,
            user_flip=0,
        )
        pixels = turned(developed, applied)
        bits = int(raw.white_level).bit_length()
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    settings = {
        "brightness": "as exposed",
        "colours": "Display P3",
        "demosaicing": "AHD",
        "highlights": "clipped",
        "white balance": "as shot" if as_shot else "daylight",
        "white level": "the file's" if states_white else "LibRaw's, or the brightest value above three quarters of it",
    }
    library = f"LibRaw {'.'.join(map(str, rawpy.libraw_version))}, rawpy {rawpy_version}"
    profile: bytes = pyvips.Image.profile_load("p3")
    return Developed(pixels, profile, applied, bits, Development(library, tuple(settings.items())))


def raw_identity(path: Path) -> str:
    """SHA-256 in hex over the sensor's values, their arrangement and the order of its colours.

    Every raw format keeps these elsewhere and coded differently, and LibRaw reads them all; what is hashed is therefore
    what it decoded. Ratings, orientation, white balance and previews do not count; neither do black and white levels
    and colour matrices, which come from LibRaw's own tables and may improve with its version. Raises PhotoError as
    `develop` does.
    """
    with _opened(path) as raw:
        check_size(path, _stored_size(raw))
        _check_whole(path, raw)
        sensor = raw.raw_image
        pattern = None if raw.raw_pattern is None else raw.raw_pattern.tolist()
        digest = hashlib.sha256(repr(("raw", sensor.shape, pattern, raw.color_desc)).encode())
        for start in range(0, len(sensor), _HASHED_ROWS):
            digest.update(np.ascontiguousarray(sensor[start : start + _HASHED_ROWS], "<u2").data)
        return digest.hexdigest()


def embedded_preview(path: Path, orientation: int | None = None, side: int | None = None) -> NDArray[np.uint8] | None:
    """(h, w, 3), upright: the largest picture the camera left in the file, None when there is none or it is broken.

    orientation: used instead of the file's, EXIF 1 to 8; side: pixels that the longer side needs at most, larger
    previews may come smaller, which is quicker. Raises PhotoError when LibRaw cannot open the file.
    """
    with _opened(path) as raw:
        stored = _orientation(raw)
        try:
            preview = raw.extract_thumb()
            if isinstance(preview.data, bytes):
                # Image.open has a limit of its own on sizes, one for the whole process
                with JpegImageFile(io.BytesIO(preview.data)) as image:
                    check_size(path, image.size)
                    if side is not None:
                        image.draft("RGB", (side, side))
                    pixels = np.asarray(image.convert("RGB"))
            else:
                pixels = np.array(preview.data)  # LibRaw's own memory ends with `raw`
        except (rawpy.LibRawError, PhotoError, OSError, SyntaxError, ValueError):
            return None
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return turned(pixels, stored if orientation is None else orientation)


@contextmanager
def _opened(path: Path) -> Iterator[rawpy.RawPy]:
    """The file, its head read; whatever LibRaw says against it, now or later, is a sentence."""
    try:
        with disk.open_to_read(path) as file:
            try:
                raw = rawpy.imread(str(path))
            except UnicodeEncodeError:  # rawpy knows names in UTF-8 only
                raw = rawpy.imread(file)
        with raw:
            yield raw
    except (MemoryError, rawpy.LibRawUnsufficientMemoryError) as error:
        raise failure(path, MemoryError()) from error
    except rawpy.LibRawTooBigError as error:
        raise PhotoError(
            f"“{path.name}” is damaged, or larger than this program's raw library takes; "
            "export a 16-bit TIFF from your raw editor and open that."
        ) from error
    except (rawpy.LibRawIOError, rawpy.LibRawDataError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's own; LibRaw's come without a number
            raise
        raise damaged(path) from error
    except (rawpy.LibRawError, RuntimeError) as error:
        raise PhotoError(
            f"“{path.name}” is damaged, or this program's raw library does not know its camera yet; "
            "export a 16-bit TIFF from your raw editor and open that."
        ) from error


def _check_whole(path: Path, raw: rawpy.RawPy) -> None:
    """Raises PhotoError where the file ends before the sensor's data do."""
    with disk.open_to_read(path) as file:
        size = file_size(file)
        extents = raw_extents(file)
        if extents.lacks_tiles:
            raise damaged(path)
        too_short = 8 * size < _FEWEST_BITS * raw.sizes.raw_width * raw.sizes.raw_height
        if extents.end <= size and not too_short:
            return
        file.seek(0)
        data = file.read()
    missing = min(max(extents.end - size, _LEAST_FILLING), _MOST_FILLING)
    seen = []
    for filling in _FILLINGS:
        try:
            filled = rawpy.imread(io.BytesIO(data + filling * missing))
        except rawpy.LibRawError:  # some formats are read from their end, which this moves
            return
        with filled:
            seen.append(hashlib.sha256(np.ascontiguousarray(filled.raw_image).data).digest())
    if seen[0] != seen[1]:
        raise damaged(path)


def _orientation(raw: rawpy.RawPy) -> int:
    """The file's, EXIF 1 to 8."""
    return _ORIENTATIONS.get(raw.sizes.flip, 1)


def _stored_size(raw: rawpy.RawPy) -> tuple[int, int]:
    """(width, height) of the picture `develop` makes, before it is turned."""
    sizes = raw.sizes
    if sizes.pixel_aspect < 1:  # LibRaw makes oblong pixels square by stretching one side
        return sizes.iwidth, int(sizes.iheight / sizes.pixel_aspect + 0.5)
    return int(sizes.iwidth * sizes.pixel_aspect + 0.5), sizes.iheight
