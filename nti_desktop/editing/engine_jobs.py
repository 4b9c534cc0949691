"""What the engine is asked about an open photo, as messages: how a model draws it, an inversion, a render."""

from nti_desktop.core.errors import RecipeError
from nti_desktop.editing.fitting import check_fit
from nti_desktop.editing.image_prompts import check_read_by, pixels_of
from nti_desktop.editing.known_speeds import speeds_of
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.jobs import Arrays, ArraysReadLater, InvertJob, MeasureJob, RenderJob
from nti_desktop.recipe.kept_arrays import PIVOT
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings


def measure_job(session: Session, entry: ModelEntry, area: Area | None = None) -> MeasureJob:
    """Ask how well a model draws an area, None for the whole photo, and how fast it is here.

    Raises PhotoError for an area that is not within the photo.
    """
    defaults, seen = entry.defaults, session.seen(session.frame_for(entry, area))
    return MeasureJob(entry.files, seen, defaults.steps, defaults.self_limit, speeds_of(entry))


def invert_job(session: Session, entry: ModelEntry, settings: InversionSettings, area: Area | None = None) -> InvertJob:
    """Ask for the inversion of an area; area and errors as in `measure_job`."""
    return InvertJob(entry.files, session.seen(session.frame_for(entry, area)), settings)


def check_marked(method: Method, recipe: EditRecipe) -> None:
    """Raises RecipeError where nothing is marked for a method that draws into what is marked, or for a picture to draw
    after, and where the method draws after none.
    """
    row, shown = method.row, recipe.image_prompt is not None
    if shown and not row.takes_pictures:
        raise RecipeError(
            f"By “{row.title}” nothing is drawn after a picture; choose another way, as “{Method.RESIDUAL.row.title}”, "
            "or take the picture away."
        )
    if (row.fills or shown) and not recipe.within:
        raise RecipeError("Nothing is marked on the photo; mark what to draw anew, in the window or with --mask.")


def render_job(
    session: Session, recipe: EditRecipe, inversion_id: str | None = None, steps: int | None = None
) -> RenderJob:
    """Ask for an edit on an inversion, the current one when not named. steps: see RenderJob.

    Raises RecipeError without an inversion and as `check_marked` and `pixels_of` do, ModelGone like `Session.model_of`,
    ModelError as `check_read_by` does. The arrays
    are read where the job is done, which raises SidecarError when they cannot be read or are not of the model's size.
    """
    record = session.require_inversion(inversion_id)
    check_marked(record.settings.method, recipe)
    entry, frame = session.model_of(record), session.frame(record.id)
    stored = session.working_copy.arrays_source(record.id)

    def read() -> Arrays:
        arrays = stored()
        check_fit(frame, record.settings.method, arrays, entry)
        return arrays

    shown = recipe.image_prompt
    if shown is not None and record.settings.method.row.fills:
        check_read_by(entry, shown)
    return RenderJob(
        model=entry.files,
        inversion_id=record.id,
        settings=record.settings.settings(),
        arrays=ArraysReadLater(read),
        recipe=recipe,
        steps=steps,
        image=None if PIVOT in record.settings.method.row.keeps else session.seen(frame),
        image_prompt=None if shown is None else pixels_of(shown),
    )
