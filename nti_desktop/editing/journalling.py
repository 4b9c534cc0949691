"""Keeping the journal of the open photo, and taking up what a program left that ended unasked."""

import contextlib
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core.errors import NtiError, SidecarError
from nti_desktop.editing.desk import Desk, DeskWriter, from_json, read_desk
from nti_desktop.editing.document import Document
from nti_desktop.editing.render_plan import Worker
from nti_desktop.editing.reorientation import reoriented
from nti_desktop.editing.session import Session
from nti_desktop.editing.turned_desk import turned_desk
from nti_desktop.editing.working_copy import WorkingCopy, content_of
from nti_desktop.project.journal import (
    EntryRecord,
    Journal,
    Left,
    Place,
    SignatureRecord,
    forget,
    left_behind,
)
from nti_desktop.project.location import usual_places
from nti_desktop.project.merge import Unmergeable, merge
from nti_desktop.project.saving import common_ancestor
from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import Stored
from nti_desktop.project.signature import Signature
from nti_desktop.recipe.jobs import Arrays

_LOST = (
    "Some work on this photo was not saved when the program ended, and cannot be read. What was saved is here; make "
    "once more what is missing."
)
_NOT_READ = (
    "What could be undone on this photo, and sentences that it was not prepared with, cannot be read. All versions are "
    "here; write once more what is missing."
)


@dataclass(frozen=True, eq=False)
class Unsaved:
    """How everything stands of one photo. saved, stored: the project as it was read or saved last, and its file, None
    before the first save; arrays: those that were never saved; ended: whether the photo was left, its project saved.
    """

    place: Place
    project: Project
    desk: Desk
    saved: Project
    stored: Stored | None
    arrays: Mapping[str, Arrays]
    ended: bool = False

    @property
    def base(self) -> Signature | None:
        """Of the file."""
        return self.stored.signature if self.stored else None

    def arrays_nowhere_else(self) -> Mapping[str, Arrays]:
        """Collect those that no sidecar has: where it was deleted meanwhile, also what is still held of it."""
        found = dict(self.arrays)
        if self.stored is not None and not self.place.sidecar.exists():
            for inversion in self.stored.project.inversions:
                with contextlib.suppress(SidecarError):
                    found[inversion.id] = self.stored.arrays(inversion.id)
        return found

    def says_more_than(self, other: "Unsaved | None") -> bool:
        """Tell whether something is otherwise than it was."""
        return other is None or (self.project, self.desk, self.base, self.ended) != (
            other.project,
            other.desk,
            other.base,
            other.ended,
        )


def unsaved_of(document: Document, ended: bool = False) -> Unsaved | None:
    """Tell how everything stands, None where all of it is saved or nothing can be. ended: whether the photo is left;
    what is left with a project that was not saved has not ended well.
    """
    session, copy = document.session, document.session.working_copy
    if session.read_only or not (copy.dirty or document.has_unsaved_desk):
        return None
    ended = ended and not copy.dirty
    return Unsaved(
        _place_of(session),
        session.project,
        document.desk,
        copy.saved_project,
        copy.stored,
        dict(copy.new_arrays),
        ended,
    )


def going_on(document: Document, opened: Session) -> Desk | None:
    """Return what is written of a photo, and not saved, where the same photo is opened again, as another program has
    saved its project or turned it meanwhile; None where it is another one, or nothing is to be gone on with.
    """
    session, copy = document.session, document.session.working_copy
    if _place_of(session) != _place_of(opened) or copy.dirty or opened.read_only or not document.has_unsaved_desk:
        return None
    return turned_desk(document.desk, session.project, opened.photo.orientation)


def _place_of(session: Session) -> Place:
    return Place(session.photo.identity, session.photo.path.absolute(), session.sidecar.absolute())


def left_of(session: Session, folder: Path | None = None) -> Left | None:
    """Find what a program left of this photo and this project that ended: written of the same files, or of such as are
    gone by now; of several the newest that was not saved, for another may hold no more than undo. folder: of journals,
    None for the user's.
    """
    stored = session.working_copy.stored
    projects = {path.absolute() for path in (session.sidecar, *([stored.path] if stored else []))}

    def is_this(place: Place) -> bool:
        same_photo = place.photo == session.photo.path.absolute() or not place.photo.exists()
        return same_photo and (place.sidecar in projects or not place.sidecar.exists())

    found = [left for left in left_behind(session.photo.identity, folder) if is_this(left.place)]
    return min(found, key=lambda left: left.ended, default=None)


def unfinished(opened: Collection[Path] = (), folder: Path | None = None) -> Path | None:
    """Find what to open to go on with the photo that was open last when the program ended unasked; None where there is
    none, it is gone, or it is one of those that are opened anyway.
    """
    for left in left_behind(folder=folder):
        if not left.ended and left.place.photo.exists():
            path = _to_open(left.place)
            return None if path in opened or left.place.sidecar in opened else path
    return None


def _to_open(place: Place) -> Path:
    """Tell what to open to go on there: the photo, or its project where the photo alone opens with another one."""
    there = next((path for path in usual_places(place.photo, place.identity) if os.path.exists(path)), None)
    return place.photo if there == place.sidecar or not os.path.exists(place.sidecar) else place.sidecar


def take_up(session: Session, left: Left) -> Desk:
    """Put what was left on top of the photo's project; what lay open beside it comes back. What another program has
    saved since stays.

    Raises SidecarError or ValueError where it cannot be used.
    """
    orientation, stored = session.photo.orientation, session.project
    desk = turned_desk(read_desk(left.desk, left.states), left.project, orientation)
    project = reoriented(left.project, orientation).model_copy(update={"photo": stored.photo})
    if not _is_base_of(left, session):
        project = _merged(left, project, session)
    session.working_copy.take_up(project, left.arrays())
    return desk


def _is_base_of(left: Left, session: Session) -> bool:
    """Tell whether the project on the disk is what was changed: the file, or what had been saved a moment before the
    program ended; or whether it is gone.
    """
    saved, base = content_of(session.project), session.working_copy.base
    return base in (None, left.base) or any(content_of(each) == saved for each in left.before)


def _merged(left: Left, mine: Project, session: Session) -> Project:
    stored = session.working_copy.stored
    base = common_ancestor(left.saved, left.base, stored) if left.saved and stored else None
    try:
        return merge(base, mine, session.project).project
    except Unmergeable as error:
        raise SidecarError(f"What was not saved cannot be put together with what is there because {error}.") from error


def reopened(session: Session) -> tuple[Desk | None, Left | None]:
    """Go on with a photo where it was left: with what a program left that ended, which is told too, or else with what
    was kept with the project. What cannot be used is left alone; that is said in the session's notes.
    """
    left = None if session.read_only else left_of(session)
    if left is not None:
        try:
            return take_up(session, left), left
        except (SidecarError, ValueError):
            session.notes += (_LOST,)
    return _kept_desk(session), None


def as_saved(session: Session) -> tuple[Session, Desk | None]:
    """Let go of what is not saved: return the photo with its project as it was read or saved last, and what was kept
    with that. Nothing is read from the disk, so that nothing can fail.
    """
    copy = session.working_copy
    copy.give_up()
    saved = WorkingCopy(copy.saved_project, copy.sidecar, copy.stored, copy.turn)
    again = Session(session.photo, saved, session.notes, session.desk, session.lost, session.beside)
    return again, _kept_desk(again)


def _kept_desk(session: Session) -> Desk | None:
    stored = session.working_copy.stored
    if session.desk is None or stored is None:
        return None
    try:
        return turned_desk(from_json(session.desk), stored.project, session.photo.orientation)
    except ValueError:
        if _NOT_READ not in session.notes:
            session.notes += (_NOT_READ,)
        return None


class JournalWriter:
    """Owned by the worker that writes. takes_up, before: what a program left and what was written under another name,
    none of which is needed once this is written.
    """

    def __init__(
        self,
        place: Place,
        takes_up: Left | None,
        before: "JournalWriter | None",
        folder: Path | None = None,
    ) -> None:
        self.place = place
        self._journal = Journal(place, folder)
        self._takes_up, self._before = takes_up, before
        self._desks = DeskWriter()
        self._base: Signature | None = None  # of what was saved, in the last entry

    def write(self, unsaved: Unsaved) -> None:
        """Put it on the disk. Raises SidecarError; what was written before stays."""
        # what has ended is read at every start of the program: only how it stood in the end is left
        anew = self._journal.begins_anew or self._desks.full or unsaved.ended
        if anew:
            self._desks = DeskWriter()
        desk, states = self._desks.record(unsaved.desk)
        base = unsaved.base
        entry = EntryRecord(
            project=unsaved.project,
            desk=desk,
            states=states,
            saved=unsaved.saved if anew or unsaved.base != self._base else None,
            base=SignatureRecord.of(base),
            ended=unsaved.ended,
        )
        try:
            self._journal.append(entry, unsaved.arrays_nowhere_else(), anew)
            self._base = base
        except OSError as error:
            raise SidecarError(
                f"What is not saved yet would be lost with a crash, as no journal can be written ({error.strerror}); "
                "save often, and make room on the disk of your home folder."
            ) from error
        self._forget_earlier()

    def _forget_earlier(self) -> None:
        if self._takes_up is not None:
            forget(self._takes_up)
        if self._before is not None:
            self._before.discard()
        self._takes_up = self._before = None

    def discard(self) -> None:
        """Nothing of it is needed any more."""
        self._journal.discard()
        self._forget_earlier()

    def close(self) -> None:
        """Leave it for the next time that the photo is opened."""
        self._journal.close()
        if self._before is not None:
            self._before.close()


class Journalling:
    """Keeps the journal of one open photo; owned by the thread of its document."""

    def __init__(self, worker: Worker, failed: Callable[[NtiError], None], folder: Path | None = None) -> None:
        """failed: hears of the first of several faults in a row."""
        self._worker, self._failed, self._folder = worker, failed, folder
        self._writer: JournalWriter | None = None
        self._takes_up: Left | None = None
        self._last: Unsaved | None = None
        self._faulty = False
        self._writing = 0  # tasks that were submitted and have not ended

    def go_on_from(self, left: Left) -> None:
        """Keep what a program left, which was taken up, until this has written something."""
        self._takes_up = left

    @property
    def written(self) -> bool:
        """Whether all that was noted lies on the disk."""
        return not self._writing and not self._faulty

    def note(self, unsaved: Unsaved | None) -> None:
        """Write how everything stands; None where all of it is saved."""
        if unsaved is None:
            self.discard()
            return
        if not unsaved.says_more_than(self._last):
            return
        writer = self._writer
        if writer is None or writer.place != unsaved.place:
            writer = JournalWriter(unsaved.place, self._takes_up, writer, self._folder)
        self._last, self._writer = unsaved, writer
        self._submit(lambda: writer.write(unsaved))

    def discard(self) -> None:
        """Nothing of what was written is needed any more."""
        left, writer = self._takes_up, self._writer
        if writer is not None:
            self._submit(writer.discard)
        if left is not None:
            self._submit(lambda: forget(left))
        self._takes_up = self._writer = self._last = None

    def leave(self) -> Callable[[], None]:
        """The photo is left: what was written stays for the next time that it is opened. What is returned discards it,
        once it is saved all the same.
        """
        writer = self._writer
        self._takes_up = self._writer = self._last = None
        if writer is None:
            return lambda: None
        self._submit(writer.close)
        return lambda: self._submit(writer.discard)

    def _submit(self, work: Callable[[], None]) -> None:
        self._writing += 1
        self._worker.submit(work, self._written, self._not_written)

    def _written(self, _nothing: None) -> None:
        self._writing -= 1
        self._faulty = False

    def _not_written(self, error: NtiError) -> None:
        self._writing -= 1
        self._last = None  # so that the next change is tried
        if not self._faulty:
            self._failed(error)
        self._faulty = True
