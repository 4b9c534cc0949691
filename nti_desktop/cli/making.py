"""From a version's edits to a picture at the photo's full size; shared by edit and export."""

from collections.abc import Sequence
from dataclasses import dataclass

from nti_desktop.composing import RenderedPart
from nti_desktop.jobs import CancelToken, Rendered, Report
from nti_desktop.photo.composite import Finish
from nti_desktop.photo.raster import Raster
from nti_desktop.project.schema import PartRecord
from nti_desktop.session import Session


@dataclass(frozen=True, eq=False)
class Made:
    """picture: at the photo's size and bit depth; parts: what was laid in; rendered: the first part asked for, None
    when it asks for the photo.
    """

    picture: Raster
    parts: tuple[RenderedPart, ...]
    rendered: Rendered | None


def make_picture(session: Session, parts: Sequence[PartRecord], report: Report, cancel: CancelToken) -> Made:
    """Render edits and lay them into the photo; torch is loaded only when there is something to render."""
    asking = [part for part in parts if not session.is_the_photo(part.recipe.recipe(), part.inversion)]
    if not asking:
        return Made(session.finished(()), (), None)
    from nti_desktop.engine.workbench import Workbench  # torch

    workbench = Workbench()
    rendered = tuple(
        RenderedPart(
            workbench.render(session.render_job(part.recipe.recipe(), part.inversion), report, cancel),
            Finish(part.finish.feather),
            part.inversion,
        )
        for part in asking
    )
    first = rendered[0].rendered if asking[0] is parts[0] else None
    return Made(session.finished(rendered), rendered, first)
