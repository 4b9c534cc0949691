"""Edits laid into photos of 6000 pixels, held against the same scene drawn as it should have become.

The photo is drawn finer than the model sees it and has a weave that the model never sees.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.models.catalog import built_in
from nti_desktop.photo.composite import Layer, composite
from nti_desktop.photo.export import export_picture
from nti_desktop.photo.frame import Frame, frame_image
from nti_desktop.photo.photo import full_raster, open_photo
from nti_desktop.photo.raster import Raster
from nti_desktop.photo.windows import window_maximum, window_mean
from nti_desktop.studio.render import render
from nti_desktop.studio.scenes import Colour, Scene, Shape, Thing, draw_scene
from nti_desktop.studio.truth import visible_difference
from tests.figures.editor import Editor
from tests.figures.trials import Trial
from tests.picture_files import encoded
from tests.profiles import DISPLAY_P3, PRO_PHOTO

SIZE, DRAWN, SEEN = 6000, 750, 128
PIXEL = SIZE // SEEN  # of the model's, in the photo
FRAME = Frame(0, 0, SIZE, SIZE, SEEN, SEEN)
SWAPS = {"cube to ball": (183, Shape.BALL), "cone to bottle": (224, Shape.BOTTLE), "ring to mug": (192, Shape.MUG)}
COLOURS = {"red to yellow": (183, Colour.YELLOW), "yellow to blue": (114, Colour.BLUE), "green to purple": (224, Colour.PURPLE)}

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pair:
    """photo, truth: (6000, 6000, 3) uint8; source, edit: (128, 128, 3), as the model sees the two; mask: (128, 128);
    thing: (128, 128), where the first thing is before and after.
    """

    photo: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    source: Floats
    edit: Floats
    mask: Floats
    thing: NDArray[np.bool_]

    def composite(self) -> NDArray[np.uint8]:
        out: NDArray[np.uint8] = composite(Raster(self.photo), Layer(FRAME, self.edit, self.source, self.mask)).pixels
        return out

    def part(self) -> tuple[slice, slice]:
        """What of the photo is worth looking at."""
        rows, columns = (np.flatnonzero(self.mask.any(axis=axis)) for axis in (1, 0))
        scale = SIZE / SEEN
        return (
            slice(int(rows[0] * scale), int((rows[-1] + 1) * scale)),
            slice(int(columns[0] * scale), int((columns[-1] + 1) * scale)),
        )


def changed(seed: int, value: Shape | Colour) -> tuple[Scene, Scene]:
    """A scene, and the same with another first thing."""
    scene = draw_scene(seed)
    thing: Thing = scene.things[0]
    other = replace(thing, shape=value) if isinstance(value, Shape) else replace(thing, colour=value)
    return scene, replace(scene, things=(other, *scene.things[1:]))
