"""PNG files written as they are coded, so that no second copy of them is held."""

import zlib
from typing import BinaryIO

import pyvips

from nti_desktop.photo.colour import PROFILE
from nti_desktop.photo.metadata import Metadata, png_chunk, with_metadata

_SIGNATURE = 8  # bytes
_HEADER = _SIGNATURE + 25  # with the chunk IHDR
_NO_DATA = bytes(4) + b"IDAT" + bytes(4)  # where the picture's own data will follow


def write_png(file: BinaryIO, image: pyvips.Image, metadata: Metadata) -> None:
    """Write an image with its profile, and with metadata before its pixels. Raises OSError where the disk does.

    The profile is written as it is: libpng refuses pictures whose profile has the slightest fault.
    """
    splice = _Splice(file, metadata, image.get(PROFILE) if image.get_typeof(PROFILE) else None)
    target = pyvips.TargetCustom()
    target.on_write(splice.write)
    try:
        image.pngsave_target(target, keep="none")
    except pyvips.Error:
        if splice.failed is None:
            raise
        raise splice.failed from None


class _Splice:
    """Takes what libvips writes. It must not raise, so it keeps the disk's error."""

    def __init__(self, file: BinaryIO, metadata: Metadata, profile: bytes | None) -> None:
        self._file, self._metadata = file, metadata
        self._colours = png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile)) if profile else b""
        self._head: bytes | None = b""  # until the pixels begin
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        """Take bytes that libvips writes, and return how many were taken; fewer than none for an error."""
        try:
            if self._head is None:
                self._file.write(data)
                return len(data)
            self._head += data
            at = _first_data(self._head)
            if at is not None:
                head = self._head[:_HEADER] + self._colours + self._head[_HEADER:at]
                self._file.write(with_metadata(head + _NO_DATA, "PNG", self._metadata)[: -len(_NO_DATA)])
                self._file.write(self._head[at:])
                self._head = None
        except OSError as error:
            self.failed = error
            return -1
        return len(data)


def _first_data(head: bytes) -> int | None:
    """Find where the first chunk of pixels begins; None as long as it is not there."""
    at = _SIGNATURE
    while at + 8 <= len(head):
        if head[at + 4 : at + 8] == b"IDAT":
            return at
        at += 12 + int.from_bytes(head[at : at + 4])
    return None
