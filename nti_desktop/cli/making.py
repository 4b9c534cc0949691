"""From a version's edits to a picture at the photo's full size; shared by edit and export."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from nti_desktop.cli.terminal import as_argument
from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.editing.composition import RenderedPart
from nti_desktop.editing.engine_jobs import render_job
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.lookup import ModelGone
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.raster import Raster
from nti_desktop.project.schema import InversionRecord, PartRecord
from nti_desktop.recipe.jobs import Rendered

if TYPE_CHECKING:
    from nti_desktop.engine.service import EngineService


@dataclass(frozen=True, eq=False)
class Made:
    """picture: at the photo's size and bit depth; parts: what was laid in; rendered: the first part asked for, None
    when it asks for the photo.
    """

    picture: Raster
    parts: tuple[RenderedPart, ...]
    rendered: Rendered | None


def model_of(session: Session, record: InversionRecord, cancel: CancelToken) -> ModelEntry:
    """The model an inversion was made with. Raises ModelError, with the command that helps, when it is gone."""
    try:
        return session.model_of(record, cancel)
    except ModelGone as gone:
        raise ModelError(
            f"{gone.what}; bring it back, or prepare the photo again with “nti-desktop invert "
            f"{as_argument(session.photo.path)} --prompt TEXT --model MODEL”; what was made with it is kept."
        ) from gone


class Engine:
    """The engine of one command. It is started, and torch loaded, when something is asked of it first."""

    def __init__(self, device: str | None) -> None:
        """device: see EngineService.choose_device."""
        self._device = device

    @cached_property
    def service(self) -> "EngineService":
        """The engine."""
        from nti_desktop.engine.service import EngineService  # torch

        return EngineService(self._device)


def make_picture(
    session: Session, parts: Sequence[PartRecord], engine: Engine, report: Report, cancel: CancelToken
) -> Made:
    """Render edits and lay them into the photo; the engine is asked only when there is something to render."""
    asking = [part for part in parts if not session.is_the_photo(part.recipe.recipe(), part.inversion)]
    if not asking:
        return Made(session.composition.finished(()), (), None)
    for part in asking:
        model_of(session, session.project.inversion(part.inversion), cancel)
    rendered = tuple(
        RenderedPart(
            engine.service.render(render_job(session, part.recipe.recipe(), part.inversion), report, cancel),
            Finish(part.finish.feather),
            part.inversion,
        )
        for part in asking
    )
    first = rendered[0].rendered if asking[0] is parts[0] else None
    return Made(session.composition.finished(rendered), rendered, first)
