"""Taking the look of another photo: what the model is asked about it, and what is said of the answer."""

from pathlib import Path

from nti_desktop.core.errors import ModelError, PhotoError
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.frame import frame_image, whole_photo
from nti_desktop.photo.photo import Photo, open_photo
from nti_desktop.recipe.jobs import LookJob
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.sees import Sees


def look_job(photo: Photo, other: Path, entry: ModelEntry) -> LookJob:
    """Ask for the look of another photo, which is read now, from any thread. photo: the one that is to look like it.

    Raises PhotoError for what is no other photo, ModelError where the model draws not from words alone.
    """
    if entry.sees is not Sees.NOTHING:
        raise ModelError(
            f"“{entry.name}” was made for {entry.sees.made_for} and knows no looks of photos; choose a model that was "
            f"made for {Sees.NOTHING.made_for}."
        )
    read = open_photo(other)
    if read.identity == photo.identity:
        raise PhotoError(f"“{other.name}” is the photo that is open itself; choose another one to take the look of.")
    frame = whole_photo(*read.raster.size, entry.native_size, entry.multiple)
    return LookJob(entry.files, frame_image(read.raster, frame), entry.words)


def said_of_look(other: Path, look: Look) -> str:
    """Say what the model saw in another photo."""
    if look == Look():
        return (
            f"The model has no words for the look of “{other.name}”, which counts as a clear photo in colour; say in "
            "words what you would have of it."
        )
    return f"The look of “{other.name}”, as the model tells it: {look}. Change the words where it is wrong."
