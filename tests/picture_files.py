"""Picture files for the tests of the photo room, made on the fly, some of them as no library would write them."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def smooth_picture(height: int = 40, width: int = 60) -> NDArray[np.uint8]:
    """A gradient in each channel: every corner differs, and lossy formats keep it within a few levels."""
    across, down = np.linspace(0, 220, width), np.linspace(0, 220, height)[:, None]
    grid = np.broadcast_arrays(across, down, (across + down) / 2)
    return np.stack(grid, axis=-1).astype(np.uint8)


def noisy_picture(height: int = 40, width: int = 60, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(pixels: NDArray[np.generic] | Image.Image, kind: str, **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_file(width: int, height: int, bits: int, colour: int, rows: bytes, *extra: bytes) -> bytes:
    """A PNG by hand. rows: the raw rows without filter bytes; extra: whole chunks that go before the data."""
    row = len(rows) // height if height else 0
    filtered = b"".join(b"\0" + rows[y * row : (y + 1) * row] for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + b"".join(extra)
        + png_chunk(b"IDAT", zlib.compress(filtered))
        + png_chunk(b"IEND", b"")
    )


def tiff_file(
    rows: bytes,
    width: int,
    height: int,
    *,
    bits: Sequence[int] = (8, 8, 8),
    photometric: int = 2,
    deflate: bool = False,
    order: str = "<",
    strips: int = 4,
    extra: Sequence[tuple[int, int, Sequence[int]]] = (),
) -> bytes:
    """A TIFF by hand, its directory before its data, as cameras and scanners write it.

    rows: the raw rows; extra: further tags as (tag, type 3 or 4, values).
    """
    strip_rows = -(-height // strips)
    strip = len(rows) // height * strip_rows or len(rows)
    data = [rows[start : start + strip] for start in range(0, len(rows), strip)]
    data = [zlib.compress(piece) for piece in data] if deflate else data
    tags: dict[int, tuple[int, Sequence[int]]] = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, bits),
        259: (3, [8 if deflate else 1]),
        262: (3, [photometric]),
        273: (4, [0] * len(data)),
        277: (3, [len(bits)]),
        278: (4, [strip_rows]),
        279: (4, [len(piece) for piece in data]),
        **{tag: (kind, values) for tag, kind, values in extra},
    }

    def directory() -> bytes:
        entries, beyond, end = b"", b"", 8 + 2 + 12 * len(tags) + 4
        for tag, (kind, values) in sorted(tags.items()):
            packed = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'L'}", *values)
            if len(packed) > 4:
                packed, beyond = struct.pack(order + "L", end + len(beyond)), beyond + packed
            entries += struct.pack(order + "HHL", tag, kind, len(values)) + packed.ljust(4, b"\0")
        return struct.pack(order + "H", len(tags)) + entries + b"\0" * 4 + beyond

    at = 8 + len(directory())
    offsets = []
    for piece in data:
        offsets.append(at)
        at += len(piece)
    tags[273] = (4, offsets)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", 8)
    return head + directory() + b"".join(data)


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at < len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def webp_file(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def gamma_profile(gamma: float) -> bytes:
    """An RGB profile with sRGB's primaries and a pure power curve: sRGB's own with its three curves rewritten."""
    from PIL import ImageCms

    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack(">I", data[128:132])
    curve = b"curv" + b"\0" * 4 + struct.pack(">IH", 1, round(gamma * 256)) + b"\0" * 2
    for entry in range(132, 132 + 12 * count, 12):
        name, _, _ = struct.unpack(">4sII", data[entry : entry + 12])
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            data[entry + 4 : entry + 12] = struct.pack(">II", len(data), 14)
    data += curve
    data[:4] = struct.pack(">I", len(data))
    return bytes(data)
