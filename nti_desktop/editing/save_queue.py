"""Projects on their way to the disk, one after the other, as each save builds on the one before."""

from collections.abc import Callable
from dataclasses import dataclass

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.render_plan import Worker
from nti_desktop.editing.session import Session
from nti_desktop.project.sidecar import SidecarUnconfirmed, Signature


@dataclass(frozen=True, eq=False)
class SaveRequest:
    """A project to be written. by_itself: nobody asked for it; the time has come."""

    session: Session
    by_itself: bool = False


@dataclass(frozen=True, eq=False)
class Audience:
    """Who hears of each save. saved: of whom; failed: what was not written, unless it is written again at once."""

    began: Callable[[], None]
    ended: Callable[[], None]
    saved: Callable[[Session], None]
    failed: Callable[[SaveRequest, NtiError], None]


class SaveQueue:
    """saving: whether a project is being written."""

    def __init__(self, worker: Worker, audience: Audience) -> None:
        self._worker, self._audience = worker, audience
        self._next: list[SaveRequest] = []
        self.saving = False

    def save(self, request: SaveRequest) -> None:
        """Write the project as it is now; while a save is under way, as it is after that."""
        if self.saving:
            self._next.append(request)
            return
        working_copy = request.session.working_copy
        snapshot = request.session.snapshot()

        def done(signature: Signature) -> None:
            working_copy.saved(snapshot, signature)
            self._go_on()
            self._audience.saved(request.session)

        def failed(error: NtiError) -> None:
            if isinstance(error, SidecarUnconfirmed):
                working_copy.saved(snapshot, error.signature)
            begun = self._go_on()
            if begun is None or begun.session is not request.session:
                self._audience.failed(request, error)

        self.saving = True
        self._audience.began()
        self._worker.submit(snapshot.write, done, failed)

    def _go_on(self) -> SaveRequest | None:
        """A save has ended; begin the next that was asked for in the meantime and still has something to write."""
        self.saving = False
        self._audience.ended()
        while self._next:
            request = self._next.pop(0)
            if request.session.working_copy.dirty:
                self.save(request)
                return request
        return None
