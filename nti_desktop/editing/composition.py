"""From a project's records to the photo room: frames, and rendered edits as layers of the photo."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.compositing.composite import Finish, Layer, fitted_mask
from nti_desktop.photo.compositing.layers import lay_in_all
from nti_desktop.photo.export.openraster import Layered
from nti_desktop.photo.frame import Frame
from nti_desktop.photo.photo import Photo, full_raster
from nti_desktop.photo.raster import Raster
from nti_desktop.photo.shrinking import reduced
from nti_desktop.project.schema import FrameRecord, Project, new_id
from nti_desktop.recipe.jobs import Rendered


@dataclass(frozen=True, eq=False)
class RenderedPart:
    """One frame's edit, ready to be laid into the photo. inversion: its id."""

    rendered: Rendered
    finish: Finish
    inversion: str


class ReducedCopies:
    """A photo and its newest smaller copy. For any thread: what it holds never changes."""

    def __init__(self, raster: Raster) -> None:
        self._raster = raster
        self._newest = (1, raster)

    def reduced(self, divisor: int) -> Raster:
        """The photo in 8 bit, so many times smaller; not to be written into."""
        newest = self._newest
        if divisor == 1:
            return self._raster
        if newest[0] != divisor:
            self._newest = newest = divisor, reduced(self._raster, divisor)
        return newest[1]


@dataclass(frozen=True, eq=False)
class Composition:
    """A photo and its project as they stood, from which edits become pictures; for any thread."""

    photo: Photo
    project: Project
    copies: ReducedCopies

    def compose(self, parts: Iterable[RenderedPart], side: int | None = None) -> Raster:
        """The photo with edits laid into it, to be looked at: 8 bit, in the photo's own colours.

        side: about how long the longer side need be, in pixels; None for the photo's full size, which takes longer.
        """
        divisor = 1 if side is None else max(1, round(max(self.photo.raster.size) / side))
        raster = Raster(self.copies.reduced(divisor).pixels.copy(), self.photo.profile)
        self._lay_in(raster, parts, divisor)
        return raster

    def finished(self, parts: Iterable[RenderedPart]) -> Raster:
        """The photo with edits laid into it, to be kept: all that its file holds is read anew.

        Raises PhotoError when the file cannot be read or holds another picture by now.
        """
        raster = full_raster(self.photo)
        self._lay_in(raster, parts)
        return raster

    def layered(self, parts: Iterable[RenderedPart]) -> Layered:
        """The photo as it is, to be kept, and where edits reach; raises as `finished` does."""
        return Layered(full_raster(self.photo), self._mask(parts))

    def reach(self, part: RenderedPart) -> NDArray[np.float32] | None:
        """(h, w) in [0, 1], as it lies in the photo: how far each spot of a frame follows the edit; None where there
        is no mask.
        """
        layer = layer_of(self.project, part)
        return None if layer.mask is None else fitted_mask(self.photo.raster, layer)

    def _lay_in(self, raster: Raster, parts: Iterable[RenderedPart], divisor: int = 1) -> None:
        """In the order of the project's frames: later ones lie on earlier ones. divisor: how many times smaller than
        the photo the raster is.
        """
        order = {frame.id: at for at, frame in enumerate(self.project.frames)}
        ordered = sorted(parts, key=lambda part: order[self.project.inversion(part.inversion).frame])
        layers = [layer_of(self.project, part) for part in ordered]
        lay_in_all(raster, [replace(layer, frame=layer.frame.reduced(divisor)) for layer in layers])

    def _mask(self, parts: Iterable[RenderedPart]) -> NDArray[np.uint8]:
        """(H, W) of the photo: how far each pixel follows the edits, 0 to 255."""
        width, height = self.photo.raster.size
        mask = np.zeros((height, width), np.uint8)
        for layer in (layer_of(self.project, part) for part in parts):
            frame, reach = layer.frame, np.rint(fitted_mask(self.photo.raster, layer) * 255).astype(np.uint8)
            at = mask[frame.y : frame.y + frame.height, frame.x : frame.x + frame.width]
            enlarged = Image.fromarray(reach).resize((frame.width, frame.height), Image.Resampling.BILINEAR)
            np.maximum(at, np.asarray(enlarged), out=at)
        return mask


def raster_of(picture: NDArray[np.float32]) -> Raster:
    """A picture as the engine makes them, (h, w, 3) sRGB in [0, 1], in 8 bit."""
    return Raster(np.rint(picture * 255).astype(np.uint8))


def layer_of(project: Project, part: RenderedPart) -> Layer:
    """An edit the way it lies in the photo, which may have been turned since the model saw it."""
    frame, rendered = frame_of_inversion(project, part.inversion), part.rendered
    mask = None if rendered.mask is None else frame.upright(rendered.mask)
    return Layer(frame, frame.upright(rendered.image), frame.upright(rendered.source), mask, part.finish)


def frame_of_inversion(project: Project, inversion_id: str) -> Frame:
    """Find the frame of an inversion; KeyError when there is no such inversion."""
    return _frame_of(project.frame(project.inversion(inversion_id).frame))


def frame_record(project: Project, frame: Frame) -> FrameRecord:
    """The project's record of a frame; a new one where it has none yet."""
    for record in project.frames:
        if _frame_of(record) == frame:
            return record
    return FrameRecord(
        id=new_id(),
        x=frame.x,
        y=frame.y,
        width=frame.width,
        height=frame.height,
        model_width=frame.model_width,
        model_height=frame.model_height,
        turn=frame.turn,
    )


def _frame_of(record: FrameRecord) -> Frame:
    sides = record.model_width, record.model_height
    return Frame(record.x, record.y, record.width, record.height, *sides, record.turn)
