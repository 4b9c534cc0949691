"""Photos and projects from and to the disk, away from the window."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from nti_desktop.core.aside import run_aside
from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.desk import Desk
from nti_desktop.editing.document import Document
from nti_desktop.editing.export_queue import ExportTask, Parts
from nti_desktop.editing.journalling import going_on, reopened
from nti_desktop.editing.opening import photo_to_open
from nti_desktop.editing.recovery import bring_back, said
from nti_desktop.editing.returning import Returned, check_return, return_to
from nti_desktop.editing.save_queue import Arrival, Audience, SaveQueue, SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.export.export import Exported, export_picture
from nti_desktop.photo.export.targets import check_target
from nti_desktop.photo.raster import Raster
from nti_desktop.photo.reading.first_view import FirstView, first_view, first_view_of
from nti_desktop.project.journal import Left

T = TypeVar("T")

_FIRST_SIDE = 1600  # pixels of a first view
_READING = 0.7  # of the time that opening takes; the rest goes into the pictures for the screen
_SAVING = "Saving…"
_SOON = 0.3  # seconds; what is open by then needs no progress
_GIVES_WAY = (
    1.0  # seconds that an opening waits for the one before it to end, so that two photos take no memory at once
)


@dataclass(frozen=True, eq=False)
class Glimpse:
    """What there is to see of a photo until the whole is there. size: (width, height) of the whole photo."""

    picture: Picture
    size: tuple[int, int]


@dataclass(eq=False)
class Opening:
    """A photo on its way in. share: of the work that is done, 0 to 1; since: when it began."""

    path: Path
    cancel: CancelToken = field(default_factory=CancelToken)
    since: float = field(default_factory=time.monotonic)
    share: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, eq=False)
class OpenedPhoto:
    """A photo with its project. before: the photo; seen: what the version that was shown last looked like, by its id,
    where there is a picture of it; desk: what lay open beside the project; left: what a program left that ended, which
    is in the session now; unsaved: whether what the desk says is in no sidecar.
    """

    session: Session
    desk: Desk | None
    left: Left | None
    before: Picture
    seen: dict[str, Picture]
    unsaved: bool = False

    def after(self, document: Document | None) -> "OpenedPhoto":
        """Go on with what is written of the same photo, see `going_on`. document: that was open until now."""
        desk = None if document is None or self.left is not None else going_on(document, self.session)
        return self if desk is None else replace(self, desk=desk, unsaved=True)


class FileTasks(QObject):
    """Open, save, export. A drive that does not answer holds up what is opened from it or written to it, no more."""

    glimpsed = Signal(Glimpse)  # of the photo that is being opened
    opened = Signal(OpenedPhoto)
    open_failed = Signal(Path, NtiError)  # Cancelled: by the user, or for another photo
    arrived = Signal(Arrival)  # what another program saved came into a project
    saved = Signal(Session)
    save_failed = Signal(SaveRequest, NtiError)
    doing_changed = Signal()  # `doing`, or how far `opening` is
    _seen = Signal(Opening, Glimpse)  # both sent from the background thread
    _read = Signal(Opening, float)

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._doing: list[str] = []  # for people: what is under way or waits for it, in this order
        self.screen: bytes | None = None  # profile that pictures are made for
        self._saves = SaveQueue(
            background,
            Audience(
                lambda: self._now(_SAVING),
                lambda: self._no_longer(_SAVING),
                self.arrived.emit,
                self.saved.emit,
                self.save_failed.emit,
            ),
        )
        self.opening: Opening | None = None
        self._last: Opening | None = None  # which may still read what nobody wants any more
        self._seen.connect(self._show_glimpse)
        self._read.connect(self._show_share)

    @property
    def doing(self) -> str:
        """For people: what is under way, empty when nothing is."""
        return self._doing[0] if self._doing else ""

    def open(self, path: Path, brings_back: bool = False) -> None:
        """Decode a photo and read its project; one that is still being opened gives way to it.

        brings_back: the project as it was before its last save, in the place of a damaged one.
        """
        self.stop_opening()
        before, self._last = self._last, Opening(path)
        self.opening = opening = self._last
        self.doing_changed.emit()
        screen = self.screen

        def show(view: FirstView | None) -> bool:
            if view is not None:
                self._seen.emit(opening, Glimpse(make_picture(view.raster, screen), view.size))
            return view is not None

        def report(share: float) -> None:
            opening.cancel.check()
            self._read.emit(opening, share * _READING)

        def task() -> OpenedPhoto:
            if before is not None:
                before.ended.wait(_GIVES_WAY)
            try:
                return read()
            finally:
                opening.ended.set()

        def read() -> OpenedPhoto:
            opening.cancel.check()
            notes = (said(bring_back(path)),) if brings_back else ()
            shown = show(first_view(photo_to_open(path), _FIRST_SIDE))
            session = Session.open(path, report)
            session.notes += notes
            desk, left = reopened(session)
            opening.cancel.check()
            if not shown:
                show(first_view_of(session.photo.raster, _FIRST_SIDE))
            current = session.project.current
            pixels = None if current is None else session.working_copy.preview(current)
            seen = {} if current is None or pixels is None else {current: make_picture(Raster(pixels), screen)}
            picture = make_picture(session.photo.raster, screen)
            return OpenedPhoto(session, desk, left, picture, seen, unsaved=left is not None)

        def done(opened: OpenedPhoto) -> None:
            if self.opening is opening:
                self.opening = None
                self.opened.emit(opened)

        def failed(error: NtiError) -> None:
            if self.opening is opening:
                self.opening = None
                self.open_failed.emit(path, error)

        self._background.submit(task, done, failed, lane=opening)

    def stop_opening(self) -> bool:
        """Do without the photo that is being opened; whether there was one."""
        opening, self.opening = self.opening, None
        if opening is None:
            return False
        opening.cancel.cancel()
        self.open_failed.emit(opening.path, Cancelled("Stopped; nothing was changed."))
        return True

    @slot(Opening, Glimpse)
    def _show_glimpse(self, opening: Opening, glimpse: Glimpse) -> None:
        if opening is self.opening:
            self.glimpsed.emit(glimpse)

    @slot(Opening, float)
    def _show_share(self, opening: Opening, share: float) -> None:
        opening.share = share
        if opening is self.opening and time.monotonic() - opening.since > _SOON:
            self.doing_changed.emit()

    def save(self, request: SaveRequest) -> None:
        """Write a project, see `SaveQueue`."""
        self._saves.save(request)

    @property
    def saving(self) -> bool:
        """Whether a project is being written."""
        return self._saves.saving

    def look(
        self,
        task: ExportTask,
        cancel: CancelToken,
        done: Callable[[Path | None], None],
        failed: Callable[[NtiError], None],
    ) -> None:
        """Look where a picture may be written to; None where a file is there that is to be left as it is."""

        def work() -> Path | None:
            if task.request is None:
                check_return(task.target)
                return task.target
            return check_target(task.target, original=task.session.photo.path, conflict=task.request.conflict)

        lane = "look", task.target.parent
        self._background.submit(lambda: run_aside(work, cancel), done, failed, lane=lane)

    def export(
        self,
        task: ExportTask,
        parts: Parts,
        cancel: CancelToken,
        done: Callable[[Exported], None],
        failed: Callable[[NtiError], None],
    ) -> None:
        """Write a picture, or the photo itself where there are no parts."""
        composition, request = task.session.composition, task.request
        assert request is not None

        def work() -> Exported:
            return export_picture(
                composition.finished(parts),
                task.target,
                original=composition.photo.path,
                conflict=request.conflict,
                settings=request.settings,
                provenance=task.provenance,
                layers=lambda: composition.layered(parts),
                cancel=cancel,
            )

        self._write(task, lambda: run_aside(work, cancel), done, failed)

    def return_to(
        self,
        task: ExportTask,
        parts: Parts,
        cancel: CancelToken,
        done: Callable[[Returned], None],
        failed: Callable[[NtiError], None],
    ) -> None:
        """Replace the file that a raw editor gave; see `nti_desktop.editing.returning`."""
        composition = task.session.composition

        def work() -> Returned:
            return return_to(composition.finished(parts), task.target, task.provenance, cancel)

        self._write(task, lambda: run_aside(work, cancel), done, failed)

    def _write(
        self, task: ExportTask, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[NtiError], None]
    ) -> None:
        doing = f"{task.title}…"

        def ended(result: T) -> None:
            self._no_longer(doing)
            done(result)

        def ended_badly(error: NtiError) -> None:
            self._no_longer(doing)
            failed(error)

        self._now(doing)
        self._background.submit(work, ended, ended_badly, lane=("export", task.target.parent))

    def _now(self, doing: str) -> None:
        self._doing.append(doing)
        self.doing_changed.emit()

    def _no_longer(self, doing: str) -> None:
        self._doing.remove(doing)
        self.doing_changed.emit()
