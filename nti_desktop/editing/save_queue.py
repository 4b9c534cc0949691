"""Projects on their way to the disk: each save of one builds on the one before."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
    """Saves of one project come one after the other; those of others do not wait for them."""

    def __init__(self, worker: Worker, audience: Audience) -> None:
        self._worker, self._audience = worker, audience
        self._next: dict[Path, list[SaveRequest]] = {}  # by project that is being written

    @property
    def saving(self) -> bool:
        """Whether a project is being written."""
        return bool(self._next)

    def save(self, request: SaveRequest) -> None:
        """Write the project as it is now; while a save of it is under way, as it is after that."""
        session, path = request.session, request.session.sidecar
        if path in self._next:
            self._next[path].append(request)
            return
        snapshot = session.snapshot()

        def done(signature: Signature) -> None:
            session.working_copy.saved(snapshot, signature)
            self._go_on(path)
            self._audience.saved(session)

        def failed(error: NtiError) -> None:
            if isinstance(error, SidecarUnconfirmed):
                session.working_copy.saved(snapshot, error.signature)
            if all(begun.session is not session for begun in self._go_on(path)):
                self._audience.failed(request, error)

        self._next[path] = []
        self._audience.began()
        self._worker.submit(snapshot.write, done, failed, lane=("save", path))

    def _go_on(self, path: Path) -> list[SaveRequest]:
        """A save has ended; begin those that were asked for in the meantime and still have something to write."""
        waiting = self._next.pop(path)
        self._audience.ended()
        dirty = [request for request in waiting if request.session.working_copy.dirty]
        for request in dirty:
            self.save(request)
        return dirty
