"""What an exported picture says about itself: the original's metadata, made true for the edit."""

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core import disk
from nti_desktop.photo.metadata import Metadata, for_export, left_out, read_metadata
from nti_desktop.photo.reading.containers import kind_of, read_at
from nti_desktop.photo.reading.heif import heif_metadata
from nti_desktop.photo.reading.heif_boxes import heif_kind

_HEAD = 64  # bytes; enough for every signature


@dataclass(frozen=True)
class Provenance:
    """How the picture came about. program: name and version, None where nothing was edited; prompts: what the model
    was asked for, to be said only where the user wants it.
    """

    program: str | None = None
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Carried:
    """metadata: for the exported file; left_out: phrases for what is never copied, to be listed in a sentence."""

    metadata: Metadata
    left_out: tuple[str, ...]


def carried_metadata(
    original: Path, size: tuple[int, int], provenance: Provenance, *, copy: bool, location: bool, prompt: bool
) -> Carried:
    """The metadata for an export of `size` (width, height) in pixels. An original that is gone has none.

    copy: whether the original's goes along at all (what an edit says of itself does in any case); location: whether
    its places do; prompt: whether the prompts are said.
    """
    found, never = _read(original) if copy else (Metadata(), ())
    said = "; ".join(provenance.prompts) if prompt and provenance.prompts else None
    made = for_export(found, size, location=location, program=provenance.program, prompt=said)
    return Carried(made, never)


def _read(original: Path) -> tuple[Metadata, tuple[str, ...]]:
    try:
        with disk.open_to_read(original) as file:
            if heif_kind(read_at(file, 0, _HEAD)):
                return Metadata(*heif_metadata(file)), ()
            kind = kind_of(file)  # of raw files most look like TIFF, and say what they say as TIFF files do
            return (read_metadata(file, kind), left_out(file, kind)) if kind else (Metadata(), ())
    except OSError as error:
        if error.errno == errno.ENOENT:
            return Metadata(), ()
        raise


def left_out_in_words(left_out: Sequence[str]) -> str:
    """The sentence that says what was not copied; empty when all was."""
    if not left_out:
        return ""
    *firsts, last = left_out
    listed = f"{', '.join(firsts)} and {last}" if firsts else last
    return f"Not copied, as it would no longer be true: {listed}."
