"""Photos and projects from and to the disk, on the background thread."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtGui import QImage

from nti_desktop.errors import NtiError
from nti_desktop.gui.background import Background
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.export_request import ExportRequest
from nti_desktop.gui.rendering import Composed
from nti_desktop.photo.carrying import Provenance
from nti_desktop.photo.export import Exported, export_picture
from nti_desktop.photo.raster import Raster
from nti_desktop.project.sidecar import SidecarUnconfirmed, Signature
from nti_desktop.returning import Returned, return_to
from nti_desktop.session import Session


@dataclass(frozen=True, eq=False)
class OpenedPhoto:
    """A photo with its project. before: the photo; previews: the last picture of each version that has one."""

    session: Session
    before: Picture
    previews: dict[str, Picture]


def thumbnail(picture: Picture) -> QImage:
    """The smallest copy of a picture."""
    return picture.levels[-1]


class Filing(QObject):
    """Open, save, export; one after the other."""

    opened = Signal(OpenedPhoto)
    open_failed = Signal(Path, NtiError)
    saved = Signal()
    save_failed = Signal(NtiError)
    exported = Signal(Exported)
    returned = Signal(Returned)
    export_failed = Signal(NtiError)

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self.doing = ""  # for people: what is under way
        self.screen: bytes | None = None  # profile that pictures are made for
        self._saving = False
        self._save_next: Session | None = None

    def open(self, path: Path) -> None:
        """Decode a photo and read its project."""
        screen = self.screen

        def work() -> OpenedPhoto:
            session = Session.open(path)
            previews = {}
            for version in session.project.versions:
                pixels = session.preview(version.id)
                if pixels is not None:
                    previews[version.id] = make_picture(Raster(pixels), screen)
            return OpenedPhoto(session, make_picture(session.photo.raster, screen), previews)

        def done(opened: OpenedPhoto) -> None:
            self.doing = ""
            self.opened.emit(opened)

        def failed(error: NtiError) -> None:
            self.doing = ""
            self.open_failed.emit(path, error)

        self.doing = f"Opening “{path.name}”…"
        self._background.submit(work, done, failed)

    def save(self, session: Session) -> None:
        """Write the project as it is now; while a save is under way, after it, as each builds on the one before."""
        if self._saving:
            self._save_next = session
            return
        snapshot = session.snapshot()

        def done(signature: Signature) -> None:
            session.saved(snapshot, signature)
            if not self._goes_on():
                self.saved.emit()

        def failed(error: NtiError) -> None:
            if isinstance(error, SidecarUnconfirmed):
                session.saved(snapshot, error.signature)
            if not self._goes_on():
                self.save_failed.emit(error)

        self._saving = True
        self.doing = "Saving…"
        self._background.submit(snapshot.write, done, failed)

    def _goes_on(self) -> bool:
        """A save has ended; whether another one was asked for in the meantime and still has something to write."""
        self._saving, self.doing = False, ""
        session, self._save_next = self._save_next, None
        if session is None or not session.dirty:
            return False
        self.save(session)
        return True

    def export(
        self, session: Session, composed: Composed | None, target: Path, request: ExportRequest, provenance: Provenance
    ) -> None:
        """Write a picture, or the photo itself. target: as `check_target` found it free."""

        def work() -> Exported:
            return export_picture(
                session.finished(composed.parts if composed else ()),
                target,
                original=session.photo.path,
                conflict=request.conflict,
                settings=request.settings,
                provenance=provenance,
                photo=lambda: session.finished(()),
            )

        self._write(f"Exporting “{target.name}”…", work, self.exported)

    def return_to(self, session: Session, composed: Composed | None, target: Path, provenance: Provenance) -> None:
        """Replace the file that a raw editor gave; see `nti_desktop.returning`."""

        def work() -> Returned:
            return return_to(session, session.finished(composed.parts if composed else ()), target, provenance)

        self._write(f"Returning “{target.name}”…", work, self.returned)

    def _write(self, doing: str, work: Callable[[], object], told: SignalInstance) -> None:
        def done(result: object) -> None:
            self.doing = ""
            told.emit(result)

        def failed(error: NtiError) -> None:
            self.doing = ""
            self.export_failed.emit(error)

        self.doing = doing
        self._background.submit(work, done, failed)
