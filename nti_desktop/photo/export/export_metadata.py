"""What an exported picture says about itself: the original's metadata, made true for the edit."""

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core import disk
from nti_desktop.photo.metadata import (
    LeftOut,
    Metadata,
    for_export,
    left_out,
    left_out_of_heif,
    left_out_of_raw,
    read_metadata,
    read_raw_metadata,
)
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
    """metadata: for the exported file; left_out: what is never copied."""

    metadata: Metadata
    left_out: tuple[LeftOut, ...]


def carried_metadata(
    original: Path,
    size: tuple[int, int],
    provenance: Provenance,
    *,
    copy: bool,
    location: bool,
    prompt: bool,
    srgb: bool,
) -> Carried:
    """The metadata for an export of `size` (width, height) in pixels. An original that is gone has none.

    copy: whether the original's goes along at all (what an edit says of itself does in any case); location: whether
    its places do; prompt: whether the prompts are said; srgb: whether the export's colours are sRGB's.
    """
    found, never = _read(original) if copy else (Metadata(), ())
    said = "; ".join(provenance.prompts) if prompt and provenance.prompts else None
    made = for_export(found, size, location=location, program=provenance.program, prompt=said, srgb=srgb)
    return Carried(made, never)


def _read(original: Path) -> tuple[Metadata, tuple[LeftOut, ...]]:
    try:
        with disk.open_to_read(original) as file:
            if heif_kind(read_at(file, 0, _HEAD)):
                return Metadata(*heif_metadata(file)), left_out_of_heif(file)
            kind = kind_of(file)  # of raw files most look like TIFF, and say what they say as TIFF files do
            if kind is None:
                return read_raw_metadata(file) or Metadata(), left_out_of_raw(file)
            return read_metadata(file, kind), left_out(file, kind)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return Metadata(), ()
        raise


def left_out_in_words(left_out: Sequence[LeftOut]) -> tuple[str, ...]:
    """Say what was not copied, in a sentence for each reason; in none when all was."""
    reasons: dict[str, list[str]] = {}
    for what in left_out:
        reasons.setdefault(what.because, []).append(what.value)
    return tuple(f"{because}: {_listed(phrases)}." for because, phrases in reasons.items())


def _listed(phrases: Sequence[str]) -> str:
    *firsts, last = phrases
    return f"{', '.join(firsts)} and {last}" if firsts else last
