"""The worst tenth of a kind's edits and a few others, to look at."""

import math
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from nti_desktop.studio.truth import Pixels

ENLARGED = 2
CAPTION_HEIGHT = 36  # pixels
OTHERS = 4


def strip(pictures: Sequence[Pixels]) -> Image.Image:
    """Pictures (H, W, 3) in [0, 1] side by side."""
    return Image.fromarray(np.round(np.concatenate(pictures, axis=1) * 255).astype(np.uint8))


def chosen(recovered: Sequence[float]) -> list[int]:
    """Numbers of the worst tenth, worst first, then of a few drawn from the rest."""
    order = sorted(range(len(recovered)), key=lambda i: recovered[i])
    worst, rest = order[: math.ceil(len(order) / 10)], order[math.ceil(len(order) / 10) :]
    return worst + random.Random(0).sample(rest, min(OTHERS, len(rest)))


def write_sheet(path: Path, rows: Sequence[tuple[Path, str]]) -> None:
    """One row for each strip, enlarged, with its caption of up to two lines below."""
    pieces = []
    for file, text in rows:
        with Image.open(file) as opened:
            pictures = opened.resize((opened.width * ENLARGED, opened.height * ENLARGED), Image.Resampling.NEAREST)
        piece = Image.new("RGB", (pictures.width, pictures.height + CAPTION_HEIGHT), "white")
        piece.paste(pictures)
        ImageDraw.Draw(piece).multiline_text((4, pictures.height + 3), text, fill="black")
        pieces.append(piece)
    sheet = Image.new("RGB", (max(p.width for p in pieces), sum(p.height for p in pieces)), "white")
    top = 0
    for piece in pieces:
        sheet.paste(piece, (0, top))
        top += piece.height
    sheet.save(path)
