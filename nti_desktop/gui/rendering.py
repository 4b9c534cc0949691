"""From the edit on the desk to the picture on screen: what is rendered when, and what becomes of it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from nti_desktop.composing import RenderedPart
from nti_desktop.errors import Cancelled, NtiError
from nti_desktop.gui.background import Background
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.engine_thread import EngineThread, Ticket
from nti_desktop.gui.history import EditState
from nti_desktop.gui.threads import at_home
from nti_desktop.jobs import Rendered, RenderJob
from nti_desktop.preview import encode_preview
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.session import Session

_SIDE = 2000  # pixels of a composed picture, until someone looks closer; at full size it takes seconds
_KEPT = 12  # rendered edits, a few megabytes each

Beside = tuple[tuple[str, EditState], ...]  # edits of other areas: inversion, edit


@dataclass(frozen=True)
class Wanted:
    """One picture that was asked for. steps: of a preview; None for the final picture, which takes all; beside: edits
    of other areas, always final.
    """

    version: str
    inversion: str
    state: EditState
    steps: int | None = None
    beside: Beside = ()

    @property
    def final(self) -> bool:
        return self.steps is None

    def shows(self, version: str, state: EditState | None, beside: Beside) -> bool:
        """Whether this is the picture of a version as it stands."""
        return (self.version, self.state, self.beside) == (version, state, beside)


@dataclass(frozen=True, eq=False)
class Composed:
    """Rendered edits laid back into the photo.

    rendered: of the area that is worked on, None where nothing is asked for there; parts: of all areas; reach: (h, w)
    in [0, 1], how far each spot of this area follows the edit, None without a mask; preview: encoded, of a final
    picture only.
    """

    wanted: Wanted
    rendered: Rendered | None
    parts: tuple[RenderedPart, ...]
    picture: Picture
    reach: NDArray[np.float32] | None
    preview: bytes | None


@dataclass(frozen=True)
class _Edit:
    """One area's edit, at so many steps."""

    inversion: str
    recipe: EditRecipe
    steps: int | None


class Rendering(QObject):
    """Renders and composes for one open photo at a time; the newest wish wins."""

    composed = Signal(Composed)
    failed = Signal(Wanted, NtiError)
    stopped = Signal()  # cancelled by the user
    sharpened = Signal(Picture, Picture)  # the newest picture as it was, and at full size

    def __init__(self, engine: EngineThread, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._engine, self._background = engine, background
        self._session: Session | None = None
        self._asked: dict[int, tuple[Wanted, _Edit]] = {}
        self._kept: dict[_Edit, Rendered] = {}  # of this photo, the newest last
        self._wanted: Wanted | None = None
        self._last: Composed | None = None
        self._sharpened: Composed | None = None  # at full size, or on its way there
        self.renders = 0  # finished ones since the program started
        self.screen: bytes | None = None  # profile that pictures are made for
        engine.rendered.connect(self._rendered)
        engine.failed.connect(self._failed)

    @property
    def last(self) -> Composed | None:
        """The newest picture."""
        return self._last

    def open(self, session: Session | None) -> None:
        """Another photo; answers for the one before are dropped."""
        self._session = session
        self._asked.clear()
        self._kept.clear()
        self._wanted = self._last = None

    def ask(self, wanted: Wanted) -> None:
        """Show this; what has yet to be rendered for it is. A full render under way, which may be long, gives way, a
        preview is let finish.
        """
        session = self._session
        assert session is not None
        best = replace(wanted, steps=None)
        if not self._missing(best):
            wanted = best  # as quick, and better
        self._wanted = wanted
        missing = self._missing(wanted)
        if not missing:
            self._compose(wanted)
            return
        edit = missing[0]
        try:
            job = session.render_job(edit.recipe, edit.inversion, edit.steps)
        except NtiError as error:
            self.failed.emit(wanted, error)
            return
        self._asked[self._engine.render(job).number] = wanted, edit

    def sharpen(self) -> None:
        """Compose the newest picture anew at the photo's full size."""
        session, last, screen = self._session, self._last, self.screen
        if session is None or last is None or last is self._sharpened or not last.wanted.final:
            return
        self._sharpened = last

        def work() -> Picture:
            return make_picture(session.compose(last.parts), screen, lambda: session.compose(last.parts))

        def done(picture: Picture) -> None:
            if self._last is last:
                self._last = self._sharpened = replace(last, picture=picture)
                self.sharpened.emit(last.picture, picture)

        self._background.submit(work, done, self._not_sharpened, latest_of="sharpen")

    def _not_sharpened(self, error: NtiError) -> None:
        if self._last is not None:
            self.failed.emit(self._last.wanted, error)

    def forget(self) -> None:
        """Nothing is wanted any more; what is under way will not be shown."""
        self._wanted = self._last = None

    def _missing(self, wanted: Wanted) -> list[_Edit]:
        """What is not rendered yet, other areas first."""
        return [edit for edit, _ in self._edits(wanted) if edit not in self._kept]

    def _edits(self, wanted: Wanted) -> list[tuple[_Edit, EditState]]:
        """What there is to render, the area that is worked on last."""
        assert self._session is not None
        edits = [(_Edit(inversion, state.recipe, None), state) for inversion, state in wanted.beside]
        if not self._session.is_the_photo(wanted.state.recipe, wanted.inversion):
            edits.append((_Edit(wanted.inversion, wanted.state.recipe, wanted.steps), wanted.state))
        return edits

    @Slot(Ticket, Rendered)
    def _rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        at_home(self)
        answered = self._answered(ticket)
        if answered is None:
            return
        self.renders += 1
        wanted, edit = answered
        self._kept[edit] = rendered
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        if self._wanted is None or self._wanted.version != wanted.version:
            return
        if self._missing(wanted):
            self.ask(self._wanted)
        else:
            self._compose(wanted)

    @Slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        at_home(self)
        answered = self._answered(ticket) if isinstance(ticket.job, RenderJob) else None
        if answered is None:
            return
        wanted, _ = answered
        if not isinstance(error, Cancelled):
            self.failed.emit(wanted, error)
        elif self._wanted is wanted:
            self.stopped.emit()

    def _answered(self, ticket: Ticket) -> tuple[Wanted, _Edit] | None:
        """What a ticket was for; the ones before it were replaced and will not be answered."""
        answered = self._asked.get(ticket.number)
        self._asked = {number: asked for number, asked in self._asked.items() if number > ticket.number}
        return answered

    def _compose(self, wanted: Wanted) -> None:
        session = self._session
        assert session is not None
        parts = tuple(
            RenderedPart(self._kept[edit], state.finish, edit.inversion) for edit, state in self._edits(wanted)
        )
        mine = next((part for part in parts if part.inversion == wanted.inversion), None)
        screen = self.screen

        def work() -> Composed:
            whole = session.compose(parts, _SIDE)
            preview = encode_preview(whole) if wanted.final else None
            reach = session.reach(mine) if mine else None
            picture = make_picture(whole, screen, lambda: session.compose(parts, _SIDE))
            return Composed(wanted, mine.rendered if mine else None, parts, picture, reach, preview)

        def done(composed: Composed) -> None:
            if session is self._session and self._wanted is not None and self._wanted.version == wanted.version:
                self._last = composed
                self.composed.emit(composed)

        def failed(error: NtiError) -> None:
            self.failed.emit(wanted, error)

        self._background.submit(work, done, failed, latest_of="compose")
