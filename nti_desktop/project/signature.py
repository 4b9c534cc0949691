"""Whether a sidecar on disk is still the one that was opened."""

import hashlib
import os
from dataclasses import dataclass
from typing import BinaryIO

from nti_desktop.project.archive import MAX_DIRECTORY

_TAIL = MAX_DIRECTORY + 64  # bytes; certainly the whole table of contents


@dataclass(frozen=True)
class Signature:
    """Tells one content of a sidecar from another. digest: SHA-256 of the end of the file, which holds the table
    of contents and so the checksum of every part; a mere copy or a new date is still the same content.
    """

    size: int
    digest: str


def sign(file: BinaryIO) -> Signature:
    """Tell a state of the file by its size and its last bytes, which hold the archive's directory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    return Signature(size, hashlib.sha256(file.read(_TAIL)).hexdigest())
