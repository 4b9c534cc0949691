"""Small but real raw files, written by hand: DNGs (Adobe DNG 1.4) whose sensor values, colours and white are known."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

BLACK, WHITE = 512, 15_872
RED, GREEN, BLUE = 0, 1, 2
# Brightnesses of the sensor's red, green and blue under a white surface, as AsShotNeutral states them.
NEUTRAL = (0.5, 1.0, 0.625)
# XYZ (D65) to linear sRGB, IEC 61966-2-1: this camera sees with sRGB's own primaries, times NEUTRAL.
XYZ_TO_SRGB = np.array(
    [[3.2406255, -1.5372080, -0.4986286], [-0.9689307, 1.8757561, 0.0415175], [0.0557101, -0.2040211, 1.0569959]]
)

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SIGNED_RATIONAL = 1, 2, 3, 4, 5, 10
_CODES = {_BYTE: "B", _ASCII: "B", _SHORT: "H", _LONG: "L", _RATIONAL: "L", _SIGNED_RATIONAL: "l"}
_DENOMINATOR = 1_000_000
_CFA, _LINEAR_RAW = 32803, 34892

Tags = dict[int, tuple[int, Sequence[int]]]


def mosaic(linear: NDArray[np.float64]) -> NDArray[np.uint16]:
    """What the camera's sensor (RGGB) sees of a picture. linear: (H, W, 3) in [0, 1], sRGB primaries, H and W even."""
    seen = BLACK + linear * NEUTRAL * (WHITE - BLACK)
    sensor = seen[..., GREEN].copy()
    sensor[::2, ::2] = seen[::2, ::2, RED]
    sensor[1::2, 1::2] = seen[1::2, 1::2, BLUE]
    return np.round(sensor).astype(np.uint16)


def dng_file(
    sensor: NDArray[np.uint16],
    *,
    orientation: int = 1,
    preview: bytes | None = None,
    neutral: Sequence[float] | None = NEUTRAL,
    margin: int = 0,
    black: int = BLACK,
    model: str = "Test Camera 1",
) -> bytes:
    """A DNG by hand. sensor: (H, W) mosaic RGGB, (H, W, 3) already whole colours, or (H, W, 1) without colours.

    preview: a JPEG that becomes the first picture, the raw data then lies in a sub-directory; neutral: AsShotNeutral,
    None leaves it out; margin: rows and columns on each side, even, that are not part of the picture;
    black: BlackLevel.
    """
    height, width = sensor.shape[:2]
    channels = 1 if sensor.ndim == 2 else sensor.shape[2]
    has_mosaic, has_colours = sensor.ndim == 2, sensor.shape[2:] != (1,)
    data = sensor.astype("<u2").tobytes()
    matrix = (XYZ_TO_SRGB * np.array(NEUTRAL)[:, None]).ravel()
    camera: Tags = {
        271: (_ASCII, b"Test\0"),
        272: (_ASCII, model.encode() + b"\0"),
        274: (_SHORT, [orientation]),
        50706: (_BYTE, [1, 4, 0, 0]),
        50707: (_BYTE, [1, 1, 0, 0]),
        50708: (_ASCII, model.encode() + b"\0"),
    }
    if has_colours:
        camera |= {50721: (_SIGNED_RATIONAL, _rationals(matrix)), 50778: (_SHORT, [21])}  # the matrix holds for D65
    if has_colours and neutral is not None:
        camera[50728] = (_RATIONAL, _rationals(neutral))
    raw: Tags = {
        254: (_LONG, [0]),
        256: (_LONG, [width]),
        257: (_LONG, [height]),
        258: (_SHORT, [16] * channels),
        259: (_SHORT, [1]),
        262: (_SHORT, [_CFA if has_mosaic else _LINEAR_RAW]),
        273: (_LONG, [0]),
        277: (_SHORT, [channels]),
        278: (_LONG, [height]),
        279: (_LONG, [len(data)]),
        50714: (_SHORT, [black] * channels),
        50717: (_SHORT, [WHITE] * channels),
        50829: (_LONG, [margin, margin, height - margin, width - margin]),
    }
    if has_mosaic:
        raw |= {33421: (_SHORT, [2, 2]), 33422: (_BYTE, [RED, GREEN, GREEN, BLUE])}
    if preview is None:
        directories, pieces = [camera | raw], [data]
    else:
        small: Tags = {
            254: (_LONG, [1]),
            256: (_LONG, [16]),
            257: (_LONG, [16]),
            258: (_SHORT, [8, 8, 8]),
            259: (_SHORT, [7]),
            262: (_SHORT, [6]),
            273: (_LONG, [0]),
            277: (_SHORT, [3]),
            278: (_LONG, [16]),
            279: (_LONG, [len(preview)]),
            330: (_LONG, [0]),
        }
        directories, pieces = [camera | small, raw], [preview, data]
    return _tiff(directories, pieces)


def _rationals(values: Sequence[float] | NDArray[np.float64]) -> list[int]:
    return [number for value in values for number in (round(value * _DENOMINATOR), _DENOMINATOR)]


def _tiff(directories: Sequence[Tags], pieces: Sequence[bytes]) -> bytes:
    """Directories one after another, the second the first one's sub-directory, then one strip of data for each."""
    starts = [8]
    for tags in directories:
        starts.append(starts[-1] + len(_directory(tags, 0)))
    at = starts[-1]
    body = b""
    for index, (tags, piece) in enumerate(zip(directories, pieces, strict=True)):
        placed = tags | {273: (_LONG, [at])}
        if index == 0 and len(directories) == 2:
            placed[330] = (_LONG, [starts[1]])
        body += _directory(placed, starts[index])
        at += len(piece)
    return b"II*\0" + struct.pack("<L", 8) + body + b"".join(pieces)


def _directory(tags: Mapping[int, tuple[int, Sequence[int]]], start: int) -> bytes:
    entries, beyond, end = b"", b"", start + 2 + 12 * len(tags) + 4
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"<{len(values)}{_CODES[kind]}", *values)
        count = len(values) // 2 if kind in (_RATIONAL, _SIGNED_RATIONAL) else len(values)
        if len(packed) > 4:
            packed, beyond = struct.pack("<L", end + len(beyond)), beyond + packed + b"\0" * (len(packed) % 2)
        entries += struct.pack("<HHL", tag, kind, count) + packed.ljust(4, b"\0")
    return struct.pack("<H", len(tags)) + entries + b"\0" * 4 + beyond
