"""What the program does with one file: open it, read all of it, export it unedited in every format."""

import traceback
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.formats import FORMATS
from nti_desktop.photo.photo import full_raster, open_photo
from tests.corpus.aside import last_lines

DECODED = "decoded.npy"


@dataclass(frozen=True)
class Written:
    """One export. notes: what it says of itself; refused: the program's sentence; raised: what nobody caught."""

    name: str
    notes: tuple[str, ...] = ()
    refused: str | None = None
    raised: str | None = None


@dataclass(frozen=True)
class Processed:
    """What became of a file. refused: the program's sentence, None where it was opened; shown: the largest difference
    of what the window shows from the file's own pixels, in levels of 255.
    """

    refused: str | None = None
    notes: tuple[str, ...] = ()
    profile: bytes | None = None
    shown: float = 0
    exports: tuple[Written, ...] = ()


def process(path: Path, folder: Path) -> Processed:
    """Put a photo through the program; its pixels and exports lie in the folder afterwards."""
    try:
        photo = open_photo(path)
    except PhotoError as error:
        return Processed(refused=str(error))
    full = full_raster(photo)
    np.save(folder / DECODED, full.pixels)
    scaled = full.pixels / np.float32(full.white / 255)
    shown = float(np.abs(scaled - photo.pixels).max())
    del scaled
    written = []
    for form in FORMATS:
        name = "export" + form.suffixes[0]
        try:
            done = export_picture(full, folder / name, original=path)
        except PhotoError as error:
            written.append(Written(name, refused=str(error)))
        except Exception:
            written.append(Written(name, raised=last_lines(traceback.format_exc())))
        else:
            written.append(Written(name, done.notes))
    return Processed(None, photo.notes, full.profile, shown, tuple(written))
