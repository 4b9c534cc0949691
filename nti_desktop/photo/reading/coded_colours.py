"""Colours stated by numbers, as HEIC, AVIF and PNG do (ITU-T H.273), and the ICC profiles that say the same."""

import struct
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyvips
from numpy.typing import NDArray

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.raster import Pixels

_UNSTATED, _BT709, _P3 = 2, 1, 12
_HDR_CURVES = frozenset((16, 18))  # PQ and HLG

_Primaries = tuple[tuple[float, float], ...]

_D65, _C, _DCI, _EQUAL = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351), (1 / 3, 1 / 3)
_BT601 = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)
# H.273, table 2: where red, green, blue and white lie, as x and y.
_PRIMARIES: dict[int, _Primaries] = {
    _BT709: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: _BT601,
    7: _BT601,
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    10: ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), _EQUAL),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    _P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}

_ADOBE_RGB: _Primaries = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65)

_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # IEC 61966-2-1
# H.273, table 3, as an exponent, or as the five numbers of an ICC curve of type 3. The curves of BT.709 and its kin are
# shown with sRGB's, as browsers do.
_CURVES: dict[int, tuple[float, ...]] = {
    **dict.fromkeys((1, _UNSTATED, 6, 11, 12, 13, 14, 15), _SRGB_CURVE),
    4: (2.2,),
    5: (2.8,),
    7: (1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 4 * 0.0228),
    8: (1.0,),
}

_D50 = (0.9642, 1.0, 0.8249)  # ICC.1:2022, 7.2.16
_BRADFORD = np.array(((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296)))


def is_hdr(curve: int | None) -> bool:
    """Tell whether a curve of H.273, table 3, is one of HDR's."""
    return curve in _HDR_CURVES


def profile_of(path: Path, primaries: int | None, curve: int | None) -> bytes | None:
    """The ICC profile of colours stated by these numbers of H.273, tables 2 and 3; None for sRGB.

    primaries, curve: None where nothing is said. Raises PhotoError for HDR and for numbers that stand for nothing here.
    """
    if is_hdr(curve):
        raise PhotoError(
            f"“{path.name}” is an HDR picture (PQ or HLG), which this program cannot show; "
            "export it in standard range (SDR) and open that."
        )
    known = _BT709 if primaries in (None, _UNSTATED) else primaries
    shape = _CURVES.get(_UNSTATED if curve is None else curve)
    if known not in _PRIMARIES or shape is None:
        raise PhotoError(
            f"“{path.name}” states its colours in a way this program does not know (primaries {primaries}, "
            f"curve {curve}); export it with the colour profile sRGB or Display P3 and open that."
        )
    if shape == _SRGB_CURVE and known == _BT709:
        return None
    if shape == _SRGB_CURVE and known == _P3:
        profile: bytes = pyvips.Image.profile_load("p3")
        return profile
    name = "sRGB curve" if shape == _SRGB_CURVE else f"gamma {shape[0]:.3g}"
    return _made(_PRIMARIES[known], shape, f"H.273 primaries {known}, {name}")


def adobe_rgb() -> bytes:
    """Make an ICC profile of the colours of Adobe RGB (1998), 4.3, which cameras' files may state without one."""
    return _made(_ADOBE_RGB, (2.19921875,), "Compatible with Adobe RGB (1998)")


def over_whole_range(pixels: Pixels, bits: int) -> Pixels:
    """Values of video range, whose black is 16 and white 235 of 255, spread over the whole range of their type.

    bits: per channel that were coded, at least 8, of which the file's own black and white are counted.
    """
    white = np.iinfo(pixels.dtype).max
    coded = np.arange(white + 1) / white * (2**bits - 1) / 2 ** (bits - 8)
    spread = np.rint(np.clip((coded - 16) / 219, 0, 1) * white).astype(pixels.dtype)
    moved: Pixels = spread[pixels]
    return moved


@lru_cache(maxsize=8)
def _made(primaries: _Primaries, curve: tuple[float, ...], name: str) -> bytes:
    """A profile of three columns and one curve (ICC.1:2022, 8.3), its white adapted to D50."""
    kind = 0 if len(curve) == 1 else 3
    curve_tag = b"para\0\0\0\0" + kind.to_bytes(2) + b"\0\0" + _fixed(curve)
    columns, adaptation = _columns(primaries)
    tags = {
        b"desc": _text(name),
        b"cprt": _text("No copyright"),
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(_D50),
        b"chad": b"sf32\0\0\0\0" + _fixed(adaptation.ravel()),
        **{b"rgb"[at : at + 1] + b"XYZ": b"XYZ \0\0\0\0" + _fixed(columns[:, at]) for at in range(3)},
        **{channel + b"TRC": curve_tag for channel in (b"r", b"g", b"b")},
    }
    table, body, start = len(tags).to_bytes(4), b"", 132 + 12 * len(tags)
    for tag, data in tags.items():
        table += tag + (start + len(body)).to_bytes(4) + len(data).to_bytes(4)
        body += data + b"\0" * (-len(data) % 4)
    head = (start + len(body)).to_bytes(4) + bytes(4) + b"\4\x30\0\0mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    return (head + _fixed(_D50)).ljust(128, b"\0") + table + body


def _columns(primaries: _Primaries) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X, Y, Z of red, green and blue as columns, and the matrix that adapted them from their white to D50."""
    *colours, white = (np.array((x, y, 1 - x - y)) for x, y in primaries)
    lit = white / white[1]
    mixed = np.stack(colours, axis=1)
    mixed = mixed * np.linalg.solve(mixed, lit)
    gains = (_BRADFORD @ np.array(_D50)) / (_BRADFORD @ lit)
    adaptation: NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ (gains[:, None] * _BRADFORD)
    return adaptation @ mixed, adaptation


def _fixed(numbers: Sequence[float] | NDArray[np.float64]) -> bytes:
    return b"".join(struct.pack(">i", round(float(number) * 65536)) for number in numbers)


def _text(text: str) -> bytes:
    """A text in one language, multiLocalizedUnicodeType."""
    coded = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II", 1, 12) + b"enUS" + struct.pack(">II", len(coded), 28) + coded
