"""From the open edit to its picture: what is rendered when, what is kept, and which picture may be shown."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.editing.composition import Composition, RenderedPart
from nti_desktop.editing.engine_jobs import render_job
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.render_requests import Edit, Wanted, newest_number
from nti_desktop.editing.session import Session
from nti_desktop.recipe.jobs import Rendered, RenderJob
from nti_desktop.recipe.structure import as_drawn

P = TypeVar("P")  # a picture, as whoever shows it needs it
T = TypeVar("T")

_KEPT = 12  # rendered edits, a few megabytes each; more where one picture needs more


@dataclass(frozen=True, eq=False)
class Composed(Generic[P]):
    """Rendered edits laid back into the photo.

    rendered: of the area that is worked on, None where nothing is asked for there; parts: of all areas; reach: (h, w)
    in [0, 1], how far each spot of this area follows the edit, None without a mask; preview: encoded, of a final
    picture only.
    """

    wanted: Wanted
    rendered: Rendered | None
    parts: tuple[RenderedPart, ...]
    picture: P
    reach: NDArray[np.float32] | None
    preview: bytes | None


class RenderEngine(Protocol):
    """What renders; see EngineQueue."""

    def render(self, job: RenderJob) -> Ticket: ...
    def withdraw(self, ticket: Ticket) -> None: ...


class Worker(Protocol):
    """What runs functions elsewhere, those of one lane one after the other, and hands on what they give, here."""

    def submit(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[NtiError], None],
        latest_of: str | None = None,
        lane: Hashable = None,
    ) -> None: ...


class Drawing(Protocol[P]):
    """How pictures are made; on the worker's side."""

    def compose(self, composition: Composition, wanted: Wanted, parts: tuple[RenderedPart, ...]) -> Composed[P]: ...
    def sharpen(self, composition: Composition, parts: tuple[RenderedPart, ...]) -> P: ...


@dataclass(frozen=True, eq=False)
class Audience(Generic[P]):
    """Who hears of pictures. failed: a wish has no picture; stopped: its render was cancelled by the user; sharpened:
    the newest picture as it was, and at full size.
    """

    composed: Callable[[Composed[P]], None]
    failed: Callable[[Wanted, NtiError], None]
    stopped: Callable[[], None]
    sharpened: Callable[[P, P], None]


class RenderPlan(Generic[P]):
    """Renders and composes for one open photo at a time; the newest wish wins.

    Every answer says what it is of, and is shown, kept or dropped by that alone: it is shown if it may follow what is
    on screen, and what was rendered is kept for the next wish that needs it.
    """

    def __init__(self, engine: RenderEngine, worker: Worker, drawing: Drawing[P], audience: Audience[P]) -> None:
        self._engine, self._worker, self._drawing, self._audience = engine, worker, drawing, audience
        self._session: Session | None = None
        self._kept: dict[Edit, Rendered] = {}  # of this photo, the one that was used last at the end
        self._asked: dict[int, Wanted] = {}  # what the tickets under way were asked for
        self._newest: Ticket | None = None  # the one that was asked for last, until it is answered
        self._wanted: Wanted | None = None
        self._composing: Wanted | None = None  # the newest that was begun
        self._last: Composed[P] | None = None
        self._forgotten = 0  # number; wishes that are older are not shown any more
        self._sharpened: Composed[P] | None = None  # at full size, or on its way there
        self.renders = 0  # finished ones since the program started

    @property
    def last(self) -> Composed[P] | None:
        """The newest picture."""
        return self._last

    def open(self, session: Session | None) -> None:
        """Another photo; answers for the one before are dropped."""
        self.forget()
        self._session, self._newest = session, None
        self._asked.clear()
        self._kept.clear()

    def ask(self, wanted: Wanted) -> None:
        """Show this; what has yet to be rendered for it is. A full render under way, which may be long, gives way, a
        preview is let finish.
        """
        self._wanted = wanted
        self._go_on()

    def _go_on(self) -> None:
        """Compose the newest wish, or render what it needs next."""
        session, wanted = self._session, self._wanted
        assert session is not None
        assert wanted is not None
        best = replace(wanted, steps=None)
        if not self._missing(best):
            self._withdraw()
            self._compose(best)  # as quick, and better
            return
        missing = self._missing(wanted)
        if not missing:
            self._compose(wanted)
            return
        edit = missing[0]
        if self._newest is not None and _edit_of(self._newest) == edit and not self._newest.cancel.cancelled:
            return  # on its way
        try:
            job = render_job(session, edit.recipe, edit.inversion, edit.steps)
        except NtiError as error:
            self._audience.failed(wanted, error)
            return
        self._newest = self._engine.render(job)
        self._asked[self._newest.number] = wanted

    def _withdraw(self) -> None:
        """Tell the engine that what it was asked last is not needed any more."""
        ticket, self._newest = self._newest, None
        if ticket is not None:
            self._engine.withdraw(ticket)

    def sharpen(self) -> None:
        """Compose the newest picture anew at the photo's full size."""
        session, last = self._session, self._last
        if session is None or last is None or last is self._sharpened or not last.wanted.final:
            return
        self._sharpened, composition = last, session.composition

        def task() -> P:
            return self._drawing.sharpen(composition, last.parts)

        def done(picture: P) -> None:
            if self._last is last:
                self._last = self._sharpened = replace(last, picture=picture)
                self._audience.sharpened(last.picture, picture)

        def failed(error: NtiError) -> None:
            if self._last is last:
                self._audience.failed(last.wanted, error)

        self._worker.submit(task, done, failed, latest_of="sharpen")

    def forget(self) -> None:
        """Nothing is wanted any more; what is under way will not be shown."""
        self._wanted = self._composing = self._last = None
        self._forgotten = newest_number()

    def known(self, edits: Iterable[Edit]) -> dict[Edit, Rendered]:
        """Return the renders that there are of these edits; those that are not rendered are left out."""
        return {edit: self._kept[edit] for edit in edits if edit in self._kept}

    def knows_whole(self, wanted: Wanted | None) -> bool:
        """Tell whether what the picture is made of is drawn already, so that it takes no time."""
        if wanted is None or self._session is None:
            return False
        prepared = self._session.project.inversion(wanted.inversion).settings.settings()
        asked = as_drawn(prepared, wanted.state.recipe)
        finals = (edit for edit in self._kept if edit.inversion == wanted.inversion and edit.steps is None)
        return any(as_drawn(prepared, edit.recipe) == asked for edit in finals)

    def _missing(self, wanted: Wanted) -> list[Edit]:
        """List the edits that are not rendered yet, other areas first."""
        assert self._session is not None
        return [edit for edit, _ in wanted.edits(self._session) if edit not in self._kept]

    def _needs(self, wanted: Wanted) -> set[Edit]:
        """Tell the edits that its picture is made of, in either quality."""
        assert self._session is not None
        return {edit for each in (wanted, replace(wanted, steps=None)) for edit, _ in each.edits(self._session)}

    def rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        """Whoever asked for it: what it is of says whether it is of use."""
        session, edit, asked_for = self._session, _edit_of(ticket), self._answered(ticket)
        if session is None or edit is None or all(edit.inversion != known.id for known in session.project.inversions):
            return
        self.renders += 1
        self._kept[edit] = rendered
        needed = set() if self._wanted is None else self._needs(self._wanted)
        for spare in [each for each in self._kept if each not in needed][: max(0, len(self._kept) - _KEPT)]:
            del self._kept[spare]
        if ticket is self._newest:
            self._newest = None
        elif self._newest is not None and _edit_of(self._newest) == edit:
            self._withdraw()
        if asked_for is not None and not self._missing(asked_for):
            self._compose(asked_for)  # perhaps a little behind, while the newest is on its way
        if self._wanted is not None and edit in self._needs(self._wanted):
            self._go_on()

    def failed(self, ticket: Ticket, error: NtiError) -> None:
        """The engine gave up a job, or was told to."""
        asked_for, newest = self._answered(ticket), ticket is self._newest
        if newest:
            self._newest = None
        if asked_for is None or self._wanted is None:
            return
        if not isinstance(error, Cancelled):
            self._audience.failed(asked_for, error)
        elif newest and self._missing(self._wanted):
            self._audience.stopped()

    def _answered(self, ticket: Ticket) -> Wanted | None:
        """Take the wish of a ticket; those of tickets before it were replaced and will not be answered."""
        asked = self._asked.get(ticket.number)
        if asked is not None:
            self._asked = {number: wanted for number, wanted in self._asked.items() if number > ticket.number}
        return asked

    def _may_show(self, wanted: Wanted) -> bool:
        """Tell whether the picture of this wish may take the place of the one on screen."""
        return wanted.number > self._forgotten and (self._last is None or wanted.may_follow(self._last.wanted))

    def _compose(self, wanted: Wanted) -> None:
        session = self._session
        assert session is not None
        begun = self._composing  # of the waiting ones only the last that was submitted is composed
        if begun is not None and (begun.may_follow(wanted) or not wanted.may_follow(begun)):
            return
        if not self._may_show(wanted):
            return
        edits = wanted.edits(session)
        parts = tuple(RenderedPart(self._kept[edit], state.finish, edit.inversion) for edit, state in edits)
        for edit, _ in edits:
            self._kept[edit] = self._kept.pop(edit)  # used last
        self._composing, composition = wanted, session.composition

        def task() -> Composed[P]:
            return self._drawing.compose(composition, wanted, parts)

        def done(composed: Composed[P]) -> None:
            if self._may_show(wanted):
                self._last = composed
                self._audience.composed(composed)

        def failed(error: NtiError) -> None:
            if self._may_show(wanted):
                self._audience.failed(wanted, error)

        self._worker.submit(task, done, failed, latest_of="compose")


def _edit_of(ticket: Ticket) -> Edit | None:
    return Edit.of(ticket.job) if isinstance(ticket.job, RenderJob) else None
