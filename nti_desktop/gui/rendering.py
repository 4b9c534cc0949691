"""From the edit on the desk to the picture on screen: what is rendered when, and what becomes of it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from nti_desktop.errors import Cancelled, NtiError
from nti_desktop.gui.background import Background
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.engine_thread import EngineThread, Ticket
from nti_desktop.gui.history import EditState
from nti_desktop.gui.threads import at_home
from nti_desktop.jobs import Rendered, RenderJob
from nti_desktop.preview import encode_preview
from nti_desktop.session import Session


@dataclass(frozen=True)
class Wanted:
    """One render that was asked for. steps: of a preview; None for the final picture, which takes all."""

    version: str
    inversion: str
    state: EditState
    steps: int | None = None

    @property
    def final(self) -> bool:
        return self.steps is None


@dataclass(frozen=True, eq=False)
class Composed:
    """A rendered edit laid back into the photo.

    picture: at the photo's size; reach: (h, w) in [0, 1], how far each spot follows the edit, None
    without a mask; preview: encoded, of a final picture only.
    """

    wanted: Wanted
    rendered: Rendered
    picture: Picture
    reach: NDArray[np.float32] | None
    preview: bytes | None


class Rendering(QObject):
    """Renders and composes for one open photo at a time; the newest wish wins."""

    composed = Signal(Composed)
    failed = Signal(Wanted, NtiError)
    stopped = Signal()  # cancelled by the user

    def __init__(self, engine: EngineThread, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._engine, self._background = engine, background
        self._session: Session | None = None
        self._photo = 0
        self._asked: dict[int, Wanted] = {}
        self._wanted: Wanted | None = None
        self._last: Composed | None = None
        self.renders = 0  # finished ones since the program started
        engine.rendered.connect(self._rendered)
        engine.failed.connect(self._failed)

    @property
    def last(self) -> Composed | None:
        """The newest picture."""
        return self._last

    def open(self, session: Session | None, photo: int) -> None:
        """Another photo; answers for the one before are dropped."""
        self._session, self._photo = session, photo
        self._asked.clear()
        self._wanted = self._last = None

    def ask(self, wanted: Wanted) -> None:
        """Render this; a full render under way, which may be long, gives way, a preview is let finish."""
        assert self._session is not None
        self._wanted = wanted
        last = self._last
        if last and not self._asked and _serves(last.wanted, wanted):
            self._wanted = replace(wanted, steps=last.wanted.steps)
            self._compose(self._wanted, last.rendered)
            return
        try:
            job = self._session.render_job(wanted.state.recipe, wanted.inversion, wanted.steps)
        except NtiError as error:
            self.failed.emit(wanted, error)
            return
        ticket = self._engine.render(job, self._photo)
        self._asked[ticket.number] = wanted

    def forget(self) -> None:
        """Nothing is wanted any more; what is under way will not be shown."""
        self._wanted = self._last = None

    @Slot(Ticket, Rendered)
    def _rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        at_home(self)
        wanted = self._answered(ticket)
        if wanted is None:
            return
        self.renders += 1
        if self._wanted is not None and self._wanted.version == wanted.version:
            self._compose(wanted, rendered)

    @Slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        at_home(self)
        wanted = self._answered(ticket) if isinstance(ticket.job, RenderJob) else None
        if wanted is None:
            return
        if not isinstance(error, Cancelled):
            self.failed.emit(wanted, error)
        elif self._wanted is wanted:
            self.stopped.emit()

    def _answered(self, ticket: Ticket) -> Wanted | None:
        """What a ticket was for; the ones before it were replaced and will not be answered."""
        wanted = self._asked.get(ticket.number) if ticket.photo == self._photo else None
        self._asked = {number: w for number, w in self._asked.items() if number > ticket.number}
        return wanted

    def _compose(self, wanted: Wanted, rendered: Rendered) -> None:
        session = self._session
        assert session is not None

        def work() -> Composed:
            whole = session.compose(rendered, wanted.state.finish, wanted.inversion)
            preview = encode_preview(whole) if wanted.final else None
            reach = session.reach(rendered, wanted.state.finish, wanted.inversion)
            return Composed(wanted, rendered, make_picture(whole), reach, preview)

        def done(composed: Composed) -> None:
            if session is self._session and self._wanted is not None and self._wanted.version == wanted.version:
                self._last = composed
                self.composed.emit(composed)

        def failed(error: NtiError) -> None:
            self.failed.emit(wanted, error)

        self._background.submit(work, done, failed, latest_of="compose")


def _serves(rendered: Wanted, wanted: Wanted) -> bool:
    """Whether what was rendered is what is wanted, or better, but for what the compositor does."""
    same = (rendered.inversion, rendered.state.recipe) == (wanted.inversion, wanted.state.recipe)
    return same and (rendered.final or rendered.steps == wanted.steps)
