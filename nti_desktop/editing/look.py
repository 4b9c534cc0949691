"""The look of a photo, told by the model: another photo's, to be taken over, and this one's own, which completes its
description. What the model is asked, and what is said of the answer.
"""

from pathlib import Path

from nti_desktop.core.errors import ModelError, PhotoError, RecipeError
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.frame import Area, frame_image, whole_photo
from nti_desktop.photo.photo import Photo, open_photo
from nti_desktop.recipe.completing import LookQuestion
from nti_desktop.recipe.jobs import LookJob
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.sees import Sees


def look_job(photo: Photo, other: Path, entry: ModelEntry) -> LookJob:
    """Ask for the look of another photo, which is read now, from any thread. photo: the one that is to look like it.

    Raises PhotoError for what is no other photo, ModelError where the model draws not from words alone.
    """
    _check_told(entry)
    read = open_photo(other)
    if read.identity == photo.identity:
        raise PhotoError(f"“{other.name}” is the photo that is open itself; choose another one to take the look of.")
    frame = whole_photo(*read.raster.size, entry.native_size, entry.multiple)
    return LookJob(entry.files, frame_image(read.raster, frame), LookQuestion(learned=entry.words))


def completing_job(session: Session, entry: ModelEntry, description: str, area: Area | None = None) -> LookJob:
    """Ask for that of an area's look which its description leaves out. area: None for the whole photo.

    Raises ModelError where the model draws not from words alone, RecipeError where nothing is described or left out,
    PhotoError for an area that is not within the photo.
    """
    _check_told(entry)
    if not description.strip():
        raise RecipeError("Nothing is described yet; say what the photo shows in a word or two, the model says more.")
    question, frame = LookQuestion(description.strip(), entry.words), session.frame_for(entry, area)
    if not question.choices():
        raise RecipeError("The description says already all that the model could add; change it by hand.")
    return LookJob(entry.files, session.seen(frame), question)


def _check_told(entry: ModelEntry) -> None:
    if entry.sees is not Sees.NOTHING:
        raise ModelError(
            f"“{entry.name}” was made for {entry.sees.made_for} and knows no looks of photos; choose a model that was "
            f"made for {Sees.NOTHING.made_for}."
        )


def said_of_completing(before: str, after: str) -> str:
    """Say what became of a description that the model was to complete."""
    if before == after:
        return "The model sees nothing more that it has words for; say what you see yourself."
    return f"Described as the model sees it: “{after}”. Change the words where it is wrong."


def said_of_look(other: Path, look: Look) -> str:
    """Say what the model saw in another photo."""
    if look == Look():
        return (
            f"The model has no words for the look of “{other.name}”, which counts as a clear photo in colour; say in "
            "words what you would have of it."
        )
    return f"The look of “{other.name}”, as the model tells it: {look}. Change the words where it is wrong."
