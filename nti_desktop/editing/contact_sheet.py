"""A contact sheet: pictures side by side, each with its label below."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nti_desktop.photo.raster import Raster
from nti_desktop.photo.shrinking import small_copy

SIDE = 320  # pixels, the longest of each picture
_MARGIN = 16
_LABEL = 64
_FONT_SIZE = 15
_PAPER, _INK = "#ffffff", "#202020"


def contact_sheet(pictures: Sequence[tuple[Raster, str]], columns: int = 2) -> Raster:
    """An 8-bit sRGB picture. pictures: of any size, and what to write below."""
    rows = -(-len(pictures) // columns)
    cell = SIDE + _MARGIN
    sheet = Image.new("RGB", (_MARGIN + columns * cell, _MARGIN + rows * (cell + _LABEL)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_FONT_SIZE)
    for place, (picture, label) in enumerate(pictures):
        x = _MARGIN + place % columns * cell
        y = _MARGIN + place // columns * (cell + _LABEL)
        image = Image.fromarray(small_copy(picture, 4 * SIDE))
        scale = SIDE / max(image.size)
        image = image.resize(
            (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.LANCZOS
        )
        sheet.paste(image, (x + (SIDE - image.width) // 2, y + (SIDE - image.height) // 2))
        draw.multiline_text((x, y + SIDE + 6), _wrapped(label, draw, font), fill=_INK, font=font)
    return Raster(np.asarray(sheet))


def _wrapped(text: str, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and draw.textlength(longer, font=font) > SIDE:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)
