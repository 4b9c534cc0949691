"""ICC profiles for the tests, written by hand (ICC.1:2010): two wide RGB spaces and one that is a table."""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_D50 = (0.9642, 1.0, 0.8249)
P3_PRIMARIES = ((0.5151, 0.2920, 0.1571), (0.2412, 0.6922, 0.0666), (-0.0011, 0.0419, 0.7841))
PRO_PHOTO_PRIMARIES = ((0.7977, 0.1352, 0.0313), (0.2880, 0.7119, 0.0001), (0.0, 0.0, 0.8249))
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _profile(name: str, space: bytes, tags: Sequence[tuple[bytes, bytes]]) -> bytes:
    text = name.encode() + b"\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    white = b"XYZ \0\0\0\0" + b"".join(map(_fixed, _D50))
    tags = [(b"desc", described), (b"cprt", b"text\0\0\0\0none\0"), (b"wtpt", white), *tags]
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for tag, data in tags:
        table += struct.pack(">4sII", tag, start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"test", 0x02400000, b"mntr", b"RGB ", space)
    head += bytes(12) + b"acsp" + bytes(28) + b"".join(map(_fixed, _D50))
    return head.ljust(128, b"\0") + table + body


def matrix_profile(name: str, primaries: Sequence[Sequence[float]], curve: bytes) -> bytes:
    """primaries: rows X, Y, Z of the columns red, green, blue, adapted to D50; curve: a whole curve tag."""
    columns = [
        (channel + b"XYZ", b"XYZ \0\0\0\0" + b"".join(_fixed(row[at]) for row in primaries))
        for at, channel in enumerate((b"r", b"g", b"b"))
    ]
    return _profile(name, b"XYZ ", [*columns, *((channel + b"TRC", curve) for channel in (b"r", b"g", b"b"))])


def table_profile(name: str, primaries: Sequence[Sequence[float]], gamma: float, points: int = 33) -> bytes:
    """The same colours as a matrix profile of this gamma, but as tables to and from Lab (lut16Type)."""
    matrix = np.array(primaries)
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, points)] * 3, indexing="ij"), axis=-1)
    to_lab = _lab(grid**gamma @ matrix.T)
    encoded = np.stack([to_lab[..., 0] / 100 * 65280, (to_lab[..., 1] + 128) * 256, (to_lab[..., 2] + 128) * 256], -1)
    lab = np.stack(
        [grid[..., 0] * 65535 / 652.80, grid[..., 1] * 65535 / 256 - 128, grid[..., 2] * 65535 / 256 - 128], -1
    )
    colours = np.clip(_xyz(lab) @ np.linalg.inv(matrix).T, 0, 1) ** (1 / gamma) * 65535
    return _profile(name, b"Lab ", [(b"A2B0", _table(encoded)), (b"B2A0", _table(colours))])


def _table(values: NDArray[np.float64]) -> bytes:
    points = values.shape[0]
    straight = np.linspace(0, 65535, 256).round().astype(">u2").tobytes() * 3
    identity = b"".join(_fixed(float(row == column)) for row in range(3) for column in range(3))
    grid = np.clip(values.round(), 0, 65535).astype(">u2").tobytes()
    head = b"mft2\0\0\0\0" + bytes((3, 3, points, 0)) + identity + struct.pack(">HH", 256, 256)
    return head + straight + grid + straight


def _lab(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled = xyz / np.array(_D50)
    root = np.where(scaled > 216 / 24389, np.cbrt(np.maximum(scaled, 0)), (24389 / 27 * scaled + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _xyz(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    y = (lab[..., 0] + 16) / 116
    root = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    scaled: NDArray[np.float64] = np.where(root > 6 / 29, root**3, (116 * root - 16) * 27 / 24389)
    return scaled * np.array(_D50)


def gamma_curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


DISPLAY_P3 = matrix_profile("Display P3", P3_PRIMARIES, b"para\0\0\0\0\0\3\0\0" + b"".join(map(_fixed, _SRGB_CURVE)))
PRO_PHOTO = matrix_profile("ProPhoto RGB", PRO_PHOTO_PRIMARIES, gamma_curve(1.8))
LUT_PROFILE = table_profile("A table", P3_PRIMARIES, 2.2)
