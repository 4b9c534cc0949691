"""Projects on their way to the disk: each save of one builds on the one before."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.render_plan import Worker
from nti_desktop.editing.session import Session
from nti_desktop.project.sidecar import SidecarUnconfirmed, Signature


@dataclass(frozen=True, eq=False)
class Audience:
    """Who hears of saves. began, ended: of each; saved: nothing more of a project waits; failed: which session was not
    written, unless it is written again at once.
    """

    began: Callable[[], None]
    ended: Callable[[], None]
    saved: Callable[[], None]
    failed: Callable[[Session, NtiError], None]


class SaveQueue:
    """Projects do not wait for one another: each may lie on another drive."""

    def __init__(self, worker: Worker, audience: Audience) -> None:
        self._worker, self._audience = worker, audience
        self._next: dict[Path, list[Session]] = {}  # by project that is being written

    @property
    def saving(self) -> bool:
        """Whether a project is being written."""
        return bool(self._next)

    def save(self, session: Session) -> None:
        """Write the project as it is now; while a save is under way, as it is after that."""
        path = session.sidecar
        if path in self._next:
            self._next[path].append(session)
            return
        snapshot = session.working_copy.snapshot()

        def done(signature: Signature) -> None:
            session.working_copy.saved(snapshot, signature)
            if self._go_on(path) is None:
                self._audience.saved()

        def failed(error: NtiError) -> None:
            if isinstance(error, SidecarUnconfirmed):
                session.working_copy.saved(snapshot, error.signature)
            if self._go_on(path) is not session:
                self._audience.failed(session, error)

        self._next[path] = []
        self._audience.began()
        self._worker.submit(snapshot.write, done, failed, lane=("save", path))

    def _go_on(self, path: Path) -> Session | None:
        """A save has ended; the next of those that were asked for in the meantime and still have something to write."""
        waiting = self._next.pop(path)
        self._audience.ended()
        dirty = [session for session in waiting if session.working_copy.dirty]
        for session in dirty:
            self.save(session)
        return dirty[0] if dirty else None
