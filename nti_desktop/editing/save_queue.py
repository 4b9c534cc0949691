"""Projects on their way to the disk, one after the other, as each save builds on the one before."""

from collections.abc import Callable
from dataclasses import dataclass

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.render_plan import Worker
from nti_desktop.editing.session import Session
from nti_desktop.project.sidecar import SidecarUnconfirmed, Signature


@dataclass(frozen=True, eq=False)
class Audience:
    """Who hears of saves. began, ended: of each; saved: nothing more waits; failed: what was not written, unless it is
    written again at once.
    """

    began: Callable[[], None]
    ended: Callable[[], None]
    saved: Callable[[], None]
    failed: Callable[[NtiError], None]


class SaveQueue:
    """saving: whether a project is being written."""

    def __init__(self, worker: Worker, audience: Audience) -> None:
        self._worker, self._audience = worker, audience
        self._next: list[Session] = []
        self.saving = False

    def save(self, session: Session) -> None:
        """Write the project as it is now; while a save is under way, as it is after that."""
        if self.saving:
            self._next.append(session)
            return
        snapshot = session.snapshot()

        def done(signature: Signature) -> None:
            session.working_copy.saved(snapshot, signature)
            if self._go_on() is None:
                self._audience.saved()

        def failed(error: NtiError) -> None:
            if isinstance(error, SidecarUnconfirmed):
                session.working_copy.saved(snapshot, error.signature)
            if self._go_on() is not session:
                self._audience.failed(error)

        self.saving = True
        self._audience.began()
        self._worker.submit(snapshot.write, done, failed)

    def _go_on(self) -> Session | None:
        """A save has ended; the next of those that were asked for in the meantime and still have something to write."""
        self.saving = False
        self._audience.ended()
        while self._next:
            session = self._next.pop(0)
            if session.working_copy.dirty:
                self.save(session)
                return session
        return None
