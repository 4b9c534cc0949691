"""Projects on their way to the disk: each save of one builds on the one before."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.render_plan import Worker
from nti_desktop.editing.session import Session
from nti_desktop.project.saving import Saved
from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import Stored


@dataclass(frozen=True, eq=False)
class SaveRequest:
    """A project to be written. by_itself: nobody asked for it; the time has come; path: the file that it is saved in
    from now on, None for where it is saved anyway; moves: whether nothing stays where it was saved until now.
    """

    session: Session
    by_itself: bool = False
    path: Path | None = None
    moves: bool = False


@dataclass(frozen=True, eq=False)
class Arrival:
    """What a save has brought into a project. before: as it was worked on until then; stored: as it lies on the disk
    now; said: what of another program came in, or where it lies now, in sentences.
    """

    session: Session
    before: Project
    stored: Stored
    said: tuple[str, ...]

    @property
    def news(self) -> tuple[str, ...]:
        """Versions that came in, or that look otherwise now."""
        looked = {version.id: version.look for version in self.before.versions}
        return tuple(v.id for v in self.session.project.versions if looked.get(v.id) != v.look)


@dataclass(frozen=True, eq=False)
class Audience:
    """Who hears of each save. arrived: something came in; saved: of whom; failed: what was not written, unless it is
    written again at once.
    """

    began: Callable[[], None]
    ended: Callable[[], None]
    arrived: Callable[[Arrival], None]
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
        working_copy, snapshot = session.working_copy, session.snapshot(request.path, request.moves)

        def done(saved: Saved) -> None:
            before = working_copy.project
            said = working_copy.saved(snapshot, saved)
            if request.path is not None and saved.beside is None:
                said = (*said, _lies_in(saved.stored.path, request.moves))
            if said or working_copy.project is not before:
                self._audience.arrived(Arrival(session, before, saved.stored, said))
            if saved.unconfirmed is not None:
                failed(saved.unconfirmed)
                return
            self._go_on(path)
            self._audience.saved(session)

        def failed(error: NtiError) -> None:
            if all(begun.session is not session for begun in self._go_on(path)):
                self._audience.failed(request, error)

        self._next[path] = []
        self._audience.began()
        self._worker.submit(snapshot.write, done, failed, lane=("save", path))

    def _go_on(self, path: Path) -> list[SaveRequest]:
        """A save has ended; begin those that were asked for in the meantime and still have something to write."""
        waiting = self._next.pop(path)
        self._audience.ended()
        needed = [each for each in waiting if each.path is not None or each.session.working_copy.dirty]
        for request in needed:
            self.save(request)
        return needed


def _lies_in(path: Path, moved: bool) -> str:
    if moved:
        return f"The project lies beside the photo now, as “{path.name}”."
    return f"The project is saved in “{path}” from now on; open that to go on with it."
