"""Keeping the journal of the open photo, and taking up what a program left that ended unasked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core.errors import NtiError, SidecarError
from nti_desktop.editing.desk import Desk, DeskWriter
from nti_desktop.editing.render_plan import Worker
from nti_desktop.project.journal import EntryRecord, Journal, Left, Place, SignatureRecord, forget
from nti_desktop.project.schema import Project
from nti_desktop.project.signature import Signature
from nti_desktop.recipe.jobs import Arrays


@dataclass(frozen=True, eq=False)
class Standing:
    """How everything stands of one photo. base: of the sidecar that the project was changed since, None before the
    first save; arrays: those that no sidecar has; ended: whether the program is being closed.
    """

    place: Place
    project: Project
    desk: Desk
    base: Signature | None
    arrays: Mapping[str, Arrays]
    ended: bool = False

    def says_more_than(self, other: "Standing | None") -> bool:
        """Tell whether something is otherwise than it was."""
        return other is None or (self.project, self.desk, self.base, self.ended) != (
            other.project,
            other.desk,
            other.base,
            other.ended,
        )


class JournalWriter:
    """Owned by the worker that writes. takes_up: what it goes on from, which is not needed once this is written."""

    def __init__(self, place: Place, takes_up: Left | None, folder: Path | None = None) -> None:
        self._journal = Journal(place, folder)
        self._takes_up = takes_up
        self._desks = DeskWriter()

    def write(self, standing: Standing) -> None:
        """Put it on the disk. Raises SidecarError; what was written before stays."""
        anew = self._journal.begins_anew or self._desks.full
        if anew:
            self._desks = DeskWriter()
        desk, states = self._desks.record(standing.desk)
        base = standing.base
        entry = EntryRecord(
            project=standing.project,
            desk=desk,
            states=states,
            base=None if base is None else SignatureRecord(size=base.size, digest=base.digest),
            ended=standing.ended,
        )
        try:
            self._journal.append(entry, standing.arrays, anew)
        except OSError as error:
            raise SidecarError(
                f"What is not saved yet would be lost with a crash, as no journal can be written ({error.strerror}); "
                "save often, and make room on the disk of your home folder."
            ) from error
        if self._takes_up is not None:
            forget(self._takes_up)
            self._takes_up = None

    def discard(self) -> None:
        """Nothing of it is needed any more."""
        self._journal.discard()
        if self._takes_up is not None:
            forget(self._takes_up)

    def close(self) -> None:
        """Leave it for the next time that the photo is opened."""
        self._journal.close()


class Journalling:
    """Keeps the journal of one open photo; owned by the thread of its document."""

    def __init__(self, worker: Worker, failed: Callable[[NtiError], None], folder: Path | None = None) -> None:
        """failed: hears of the first of several faults in a row."""
        self._worker, self._failed, self._folder = worker, failed, folder
        self._writer: JournalWriter | None = None
        self._last: Standing | None = None
        self._faulty = False

    def take_up(self, left: Left, folder: Path | None = None) -> None:
        """Go on from what a program left."""
        self._writer = JournalWriter(left.place, left, folder or self._folder)

    def note(self, standing: Standing | None) -> None:
        """Write how everything stands; None where all of it is saved."""
        if standing is None:
            if self._writer is not None:
                self._submit(self._writer.discard)
            self._writer = self._last = None
            return
        if not standing.says_more_than(self._last):
            return
        if self._writer is None:
            self._writer = JournalWriter(standing.place, None, self._folder)
        self._last, writer = standing, self._writer
        self._submit(lambda: writer.write(standing))

    def leave(self) -> None:
        """The photo is left: what was written stays for the next time that it is opened."""
        if self._writer is not None:
            self._submit(self._writer.close)
        self._writer = self._last = None

    def _submit(self, work: Callable[[], None]) -> None:
        self._worker.submit(work, self._written, self._not_written)

    def _written(self, _nothing: None) -> None:
        self._faulty = False

    def _not_written(self, error: NtiError) -> None:
        self._last = None  # so that the next change is tried
        if not self._faulty:
            self._failed(error)
        self._faulty = True
