"""Whether a preparation that a project keeps is of the size that its model works at, before it is put to work."""

from nti_desktop.core.errors import SidecarError
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.frame import Frame
from nti_desktop.recipe.jobs import Arrays
from nti_desktop.recipe.kept_arrays import Extent
from nti_desktop.recipe.methods import Method

_MOST = 2.0  # times the pixels of the model's square; frames of other programs may be cut a little otherwise than ours


def check_fit(frame: Frame, method: Method, arrays: Arrays, entry: ModelEntry) -> None:
    """Raises SidecarError where rendering would be far more work than the model is made for, or cannot go well.

    frame: as the project has it; arrays: of the preparation.
    """
    fits = frame.model_width * frame.model_height <= _MOST * entry.native_size**2
    sides = {Extent.HEIGHT: frame.model_height, Extent.WIDTH: frame.model_width}
    for kept in method.row.keeps:
        for side, extent in zip(arrays[kept.name].shape, kept.shape, strict=True):
            fits = fits and side * entry.multiple == sides.get(extent, side * entry.multiple)
    if not fits:
        raise SidecarError(
            f"What the project keeps of the preparation is not of the size that the model “{entry.name}” works at; "
            "prepare the photo again."
        )
