"""What others say of what the program made of a file: where it differs from them, and says nothing of it."""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.corpus.program import DECODED, Processed
from tests.corpus.references import TURNED_BY_BOXES, Reference, by_imagemagick, by_pillow, references, speaks_of_damage
from tests.corpus.tags import lost_tags, orientation_in, read_tags

LEVELS = 2  # of 255, that two right decoders may differ by
_SHOWN_LEVELS = 1  # by which what the window shows of a deep picture may differ from it
_LOSSY_LEVELS = 12  # the mean, above which an export in a lossy format is another picture
_BLOCK = 16
_BRIGHTNESS = np.array((0.299, 0.587, 0.114), np.float32)  # ITU-R BT.601
_NEARLY_ALL = 0.999  # of the pixels; a few are as bright as they can be
_NO_DAMAGE = ("cut short", "damaged", "memory", "not a picture")
_CONVERTED, _IGNORED, _TRANSPARENT = "converted", "ignored", "Transparent"
_SRGB = ImageCms.createProfile("sRGB")


@dataclass(frozen=True)
class Fault:
    """kind: a column of the table; where: the export it is in, or the part of the file; detail: for whoever mends."""

    kind: str
    where: str
    detail: str


@dataclass(frozen=True)
class Judged:
    """is_valid: whether it is a still picture, and whole to other decoders, None where none here knows its format;
    differences: from each decoder, in levels of 255.
    """

    is_valid: bool | None
    faults: tuple[Fault, ...]
    differences: Mapping[str, float]
    complaints: Mapping[str, str]


def judge(path: Path, folder: Path, processed: Processed, is_raw: bool) -> Judged:
    """Compare what `process` left in the folder with what other programs read in the photo."""
    names = [written.name for written in processed.exports if not (written.refused or written.raised)]
    tags = read_tags(path, *(folder / name for name in names if not name.endswith(".ora")))
    found, complaints = ({}, {}) if is_raw else references(path, orientation_in(tags[0]), folder)
    is_whole = bool(found) and not any(map(speaks_of_damage, complaints.values()))
    is_valid = None if is_raw else is_whole and not any(one.is_animated for one in found.values())
    if processed.refused is not None:
        return Judged(is_valid, tuple(untrue_refusal(processed.refused, bool(is_valid))), {}, complaints)
    pixels = np.load(folder / DECODED)
    others = {name: one.pixels for name, one in found.items()}
    if path.suffix.lower() in TURNED_BY_BOXES and any(_TRANSPARENT in note for note in processed.notes):
        others.pop("ImageMagick", None)  # whose version 6 sees no transparency there
    differences = {name: levels_between(pixels, other) for name, other in others.items()}
    faults = [*pixel_faults(pixels, others, processed.notes)]
    if processed.shown > _SHOWN_LEVELS:
        faults.append(Fault("wrong pixels", "shown", f"{processed.shown:.1f} levels from the file's own"))
    if "Pillow" in found:
        faults += profile_faults(processed.profile, found["Pillow"].profile, processed.notes)
    of_exports = dict(zip((name for name in names if not name.endswith(".ora")), tags[1:], strict=True))
    for written in processed.exports:
        if written.raised:
            faults.append(Fault("uncaught", written.name, written.raised))
        elif written.refused:
            faults.append(Fault("export refused", written.name, written.refused))
        else:
            faults += export_faults(folder / written.name, pixels)
            lost = lost_tags(tags[0], of_exports.get(written.name, tags[0]), written.notes)
            faults += [Fault("tag lost", written.name, tag) for tag in lost]
    return Judged(is_valid, tuple(faults), differences, complaints)


def untrue_refusal(sentence: str, is_valid: bool) -> Iterator[Fault]:
    """A refusal for a reason that is not the case, as another decoder reads the whole file."""
    if is_valid and any(words in sentence for words in _NO_DAMAGE):
        yield Fault("untrue refusal", "opening", sentence)


def pixel_faults(
    pixels: NDArray[np.generic], others: Mapping[str, NDArray[np.uint16]], notes: Sequence[str]
) -> Iterator[Fault]:
    """A picture that no decoder agrees with. others: theirs, by name.

    A note may say that it was converted; it may differ only in what decoders fill in between coarser colours; or they
    do not agree with one another, and a person has to look who is right.
    """
    differences = {name: levels_between(pixels, other) for name, other in others.items()}
    if not differences or min(differences.values()) <= LEVELS:
        return
    if any(_CONVERTED in note for note in notes):
        kind = "other pixels, as noted"
    elif any(differs_between_colours_only(pixels, other) for other in others.values()):
        kind = "colours filled in"
    else:
        agree = all(levels_between(one, other) <= LEVELS for one in others.values() for other in others.values())
        kind = "wrong pixels" if agree else "decoders differ"
    said = ", ".join(f"{name} {levels:.1f}" for name, levels in differences.items())
    yield Fault(kind, "opening", f"levels: {said}")


def differs_between_colours_only(pixels: NDArray[np.generic], reference: NDArray[np.uint16]) -> bool:
    """Tell whether two pictures are as bright everywhere, and of the same colours in every block.

    Files that keep their colours coarser than their brightness (4:2:0) leave it to the decoder what lies between.
    """
    if pixels.shape != reference.shape:
        return False
    wide = 257 if pixels.dtype == np.uint8 else 1
    change = (pixels.astype(np.float32) * wide - reference) / 257
    is_as_bright = np.quantile(np.abs(change @ _BRIGHTNESS), _NEARLY_ALL) <= LEVELS
    return bool(is_as_bright and np.abs(_blocks(change)).max() <= LEVELS)


def levels_between(pixels: NDArray[np.generic], reference: NDArray[np.uint16]) -> float:
    """The largest difference of two pictures, in levels of 255; infinity where their sizes differ."""
    if pixels.shape != reference.shape:
        return float("inf")
    largest = 0
    for row, other in zip(pixels, reference, strict=True):
        wide = row.astype(np.int32) * (257 if pixels.dtype == np.uint8 else 1)
        largest = max(largest, int(np.abs(wide - other).max()))
    return largest / 257


def profile_faults(profile: bytes | None, embedded: bytes | None, notes: Sequence[str]) -> Iterator[Fault]:
    """Colours that are read by another profile than the file's. None: sRGB, or nothing said in the file."""
    if embedded is None or any(word in note for note in notes for word in (_CONVERTED, _IGNORED)):
        return
    own, stated = seen_colours(profile), seen_colours(embedded)
    if own is not None and stated is not None and np.abs(own - stated).max() > LEVELS:
        yield Fault("wrong pixels", "profile", f"{np.abs(own - stated).max()} levels by another profile")


def seen_colours(profile: bytes | None) -> NDArray[np.int16] | None:
    """A grid of an RGB profile's colours in sRGB; None for other profiles and damaged ones."""
    steps = np.arange(0, 256, 51, dtype=np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 3)
    if profile is None:
        return grid.astype(np.int16)
    try:
        flags, intent = ImageCms.Flags.BLACKPOINTCOMPENSATION, ImageCms.Intent.RELATIVE_COLORIMETRIC
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(Image.fromarray(grid), own, _SRGB, renderingIntent=intent, flags=flags)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return np.asarray(made).astype(np.int16)


def export_faults(path: Path, pixels: NDArray[np.generic]) -> Iterator[Fault]:
    """An unedited export that is not the picture it was made of."""
    picture = path
    if path.suffix == ".ora":
        picture = path.with_name("merged.png")
        with zipfile.ZipFile(path) as archive:
            picture.write_bytes(archive.read("mergedimage.png"))
    try:
        read = _read_back(picture, pixels)
    except Exception as error:  # whatever a decoder raises, it has not read the export
        yield Fault("export unequal", path.name, f"cannot be read: {type(error).__name__}: {error}"[:300])
        return
    if read.pixels.shape != pixels.shape:
        yield Fault("export unequal", path.name, f"{read.pixels.shape} instead of {pixels.shape}")
        return
    if path.suffix in (".png", ".tif", ".ora"):
        differs = levels_between(pixels, read.pixels)
        if differs:
            yield Fault("export unequal", path.name, f"{differs:.2f} levels")
        return
    wide = 257 if pixels.dtype == np.uint8 else 1
    mean = float(np.abs(_blocks(pixels) * wide - _blocks(read.pixels)).mean()) / 257
    if mean > _LOSSY_LEVELS:
        yield Fault("export unequal", path.name, f"{mean:.1f} levels in the mean")


def _blocks(pixels: NDArray[np.generic]) -> NDArray[np.float64]:
    """The means of blocks, in which what lossy formats give up of noise is not seen."""
    starts = [np.arange(0, side, _BLOCK) for side in pixels.shape[:2]]
    summed = np.add.reduceat(np.add.reduceat(pixels, starts[0], axis=0, dtype=np.float64), starts[1], axis=1)
    sizes = [np.diff([*start, side]) for start, side in zip(starts, pixels.shape, strict=False)]
    return summed / (sizes[0][:, None, None] * sizes[1][None, :, None])


def _read_back(path: Path, pixels: NDArray[np.generic]) -> Reference:
    """Pillow knows no 16 bits a channel."""
    deep = pixels.dtype != np.uint8 and path.suffix in (".png", ".tif")
    return by_imagemagick(path, 1, path.parent) if deep else by_pillow(path)
