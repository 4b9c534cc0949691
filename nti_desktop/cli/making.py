"""From a recipe to a picture at the photo's full size; shared by edit, export and demo."""

from dataclasses import dataclass

from nti_desktop.jobs import CancelToken, Rendered, Report
from nti_desktop.photo.composite import Finish
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.session import Session


@dataclass(frozen=True, eq=False)
class Made:
    """picture: at the photo's size and bit depth; rendered: None when the recipe asks for the photo itself."""

    picture: Raster
    rendered: Rendered | None


def make_picture(
    session: Session, recipe: EditRecipe, finish: Finish, inversion_id: str, report: Report, cancel: CancelToken
) -> Made:
    """Render a recipe and lay it into the photo; torch is loaded only when there is something to render."""
    if session.is_the_photo(recipe, inversion_id):
        return Made(session.finished(None, finish, inversion_id), None)
    from nti_desktop.engine.workbench import Workbench  # torch

    rendered = Workbench().render(session.render_job(recipe, inversion_id), report, cancel)
    return Made(session.finished(rendered, finish, inversion_id), rendered)
