"""The pictures of the open edit, from the plan to the screen."""

from dataclasses import dataclass

from PySide6.QtCore import QObject

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.composition import Composition, RenderedPart
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.previews import encode_preview
from nti_desktop.editing.render_plan import Audience, Composed, RenderPlan
from nti_desktop.editing.render_requests import Wanted
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.jobs import Rendered

_SIDE = 2000  # pixels of a composed picture, until someone looks closer; at full size it takes seconds


@dataclass
class _Drawing:
    """Pictures for one screen. screen: its profile, None for sRGB."""

    screen: bytes | None = None

    def compose(self, composition: Composition, wanted: Wanted, parts: tuple[RenderedPart, ...]) -> Composed[Picture]:
        def small() -> Raster:
            return composition.compose(parts, _SIDE)

        whole = small()
        mine = next((part for part in parts if part.inversion == wanted.inversion), None)
        return Composed(
            wanted,
            mine.rendered if mine else None,
            parts,
            make_picture(whole, self.screen, small),
            composition.reach(mine) if mine else None,
            encode_preview(whole) if wanted.final else None,
        )

    def sharpen(self, composition: Composition, parts: tuple[RenderedPart, ...]) -> Picture:
        def full() -> Raster:
            return composition.compose(parts)

        return make_picture(full(), self.screen, full)


class Rendering(QObject):
    """Joins a `RenderPlan` with the engine's thread."""

    def __init__(
        self, engine: EngineThread, background: Background, audience: Audience[Picture], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._drawing = _Drawing()
        self.plan: RenderPlan[Picture] = RenderPlan(engine, background, self._drawing, audience)
        engine.rendered.connect(self._rendered)
        engine.failed.connect(self._failed)

    @property
    def screen(self) -> bytes | None:
        """The profile that pictures are made for."""
        return self._drawing.screen

    def show_on(self, screen: bytes | None) -> None:
        """The profile that pictures are made for from now on, None for sRGB."""
        self._drawing.screen = screen

    @slot(Ticket, Rendered)
    def _rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        self.plan.rendered(ticket, rendered)

    @slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        self.plan.failed(ticket, error)
