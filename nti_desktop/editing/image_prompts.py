"""Pictures that an edit draws after: a part of another photo, made small, and back."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.core.errors import ModelError, PhotoError, RecipeError
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.frame import Area, Frame, frame_image
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.cutting_out import cut_out
from nti_desktop.recipe.image_prompt import ALL, SIDE, ImagePrompt, Part, image_prompt
from nti_desktop.recipe.methods import MethodRow

QUALITY = 92
FADED, PAPER = 0.2, 235  # so much is seen of what is left out, on a ground of this level
ROOM = 1.25  # around a thing that is to be cut out, to tell it from its surroundings


def square_around(area: Area | None, size: tuple[int, int], room: float = 1.0) -> Area:
    """Return the smallest square around an area of a picture of this (width, height), `room` times as large, or as much
    of it as there is room for; for None the largest one, in the middle.
    """
    width, height = size
    area = area or Area(0, 0, width, height)
    side = min(round(room * max(area.width, area.height)), width, height)
    x, y = area.x + (area.width - side) // 2, area.y + (area.height - side) // 2
    return Area(min(max(x, 0), width - side), min(max(y, 0), height - side), side, side)


def prompt_of(raster: Raster, adapter: str, area: Area | None = None) -> ImagePrompt:
    """Make a picture to draw after of a photo: of the square around an area, see `square_around`. adapter: by which it
    is read, see `adapter_of`; empty where the thing in the area is to be cut out, all of which is kept. Raises
    PhotoError for an area that is not within the photo.
    """
    width, height = raster.size
    outside = area and (area.x < 0 or area.y < 0 or area.x + area.width > width or area.y + area.height > height)
    if area is not None and outside:
        raise PhotoError(
            f"The area {area.x},{area.y},{area.width},{area.height} leaves the picture to draw after, which has "
            f"{width} × {height} pixels; choose one within."
        )
    square = square_around(area, raster.size, 1.0 if adapter else ROOM)
    if (
        not adapter
        and area
        and max(area.width, area.height) > square.width
        and (area.width, area.height) != (width, height)
    ):
        square = _square_beyond(area, raster.size)
    pixels = _small_copy(raster, square)
    data = BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=QUALITY, subsampling=0)
    part = None if adapter or area is None else _part(area, square)
    return image_prompt(data.getvalue(), adapter, part)


def _square_beyond(area: Area, size: tuple[int, int]) -> Area:
    """Find the square around an area that is longer than a picture of this (width, height) is wide or high."""
    side = min(round(ROOM * max(area.width, area.height)), max(size))

    def begins(at: int, length: int, whole: int) -> int:
        return min(max(at + (length - side) // 2, min(0, whole - side)), max(0, whole - side))

    return Area(begins(area.x, area.width, size[0]), begins(area.y, area.height, size[1]), side, side)


def _small_copy(raster: Raster, square: Area) -> NDArray[np.uint8]:
    """Return a square, (SIDE, SIDE, 3) sRGB; beyond the picture it is as the picture ends."""
    (x, across), (y, down) = (
        (max(at, 0), min(at + square.width, whole) - max(at, 0))
        for at, whole in zip((square.x, square.y), raster.size, strict=True)
    )
    width, height = (max(1, round(length * SIDE / square.width)) for length in (across, down))
    inside = frame_image(raster, Frame(x, y, across, down, width, height))
    left, top = (
        min(round((begins - at) * SIDE / square.width), SIDE - length)
        for begins, at, length in ((x, square.x, width), (y, square.y, height))
    )
    ends = (inside[0], inside[-1]) if height < SIDE else (inside[:, 0], inside[:, -1])
    copy = np.full((SIDE, SIDE, 3), np.concatenate(ends).mean(0).round(), np.uint8)
    copy[top : top + height, left : left + width] = inside
    return copy


def _part(area: Area, square: Area) -> Part:
    """Find an area in the small copy of the square around it, at least a pixel of it."""
    by = SIDE / square.width
    left, right = ((x - square.x) * by for x in (area.x, area.x + area.width))
    top, bottom = ((y - square.y) * by for y in (area.y, area.y + area.height))
    before, above = (int(min(max(side, 0), SIDE - 1)) for side in (left, top))
    behind, below = (int(min(max(side, 1), SIDE)) for side in (right, bottom))
    return before, above, max(behind, before + 1), max(below, above + 1)


def pixels_of(shown: ImagePrompt) -> NDArray[np.uint8]:
    """Return the picture, (SIDE, SIDE, 3) sRGB. Raises RecipeError where it is damaged or of another size, which is
    read before its pixels.
    """
    try:
        with Image.open(BytesIO(shown.jpeg), formats=("JPEG",)) as image:
            if image.size == (SIDE, SIDE):
                return np.asarray(image.convert("RGB"))
    except Exception:  # Pillow's decoders raise anything on damaged bytes
        pass
    raise RecipeError("The picture to draw after is damaged; choose it again.")


def meant_of(shown: ImagePrompt) -> NDArray[np.uint8]:
    """Return the picture as it is drawn after, (SIDE, SIDE, 3) sRGB: what is around a thing that is cut out is faded.
    Raises RecipeError as `pixels_of` does.
    """
    pixels = pixels_of(shown)
    if shown.adapter:
        return pixels
    kept = FADED + (1 - FADED) * cut_out(pixels, shown.part or ALL)[..., None]
    return (PAPER + kept * (pixels.astype(np.float32) - PAPER)).round().astype(np.uint8)


def adapter_for(row: MethodRow, entry: ModelEntry) -> str:
    """Name the file by which pictures are read for edits by a method; empty where their things are cut out. Raises
    ModelError as `adapter_of` does.
    """
    return "" if row.lays else adapter_of(entry)


def adapter_of(entry: ModelEntry) -> str:
    """Name the file by which a model reads pictures. Raises ModelError where it was given none."""
    name = next((each.file.name for each in entry.files.additions if each.image_encoder), None)
    if name is None:
        raise ModelError(
            f"“{entry.name}” reads no pictures; give it an IP-Adapter in File, Models… or by “nti-desktop models "
            "extend”, or take the picture away."
        )
    return name


def check_read_by(entry: ModelEntry, shown: ImagePrompt) -> None:
    """Raises ModelError where a model reads no pictures, or by another file than this one was chosen for."""
    adapter = adapter_of(entry)
    if not shown.adapter:
        raise ModelError(
            f"The thing of this edit's picture was cut out, and “{entry.name}” reads whole pictures by “{adapter}”; "
            "choose the picture anew."
        )
    if adapter != shown.adapter:
        raise ModelError(
            f"This edit is drawn after a picture that “{shown.adapter}” reads, and “{entry.name}” has “{adapter}” now; "
            "give it that one again, or choose the picture anew."
        )
