"""Photos and projects from and to the disk, on the background thread."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from nti_desktop.errors import NtiError
from nti_desktop.gui.background import Background
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.rendering import Composed
from nti_desktop.photo.export import export_picture
from nti_desktop.photo.raster import Raster
from nti_desktop.project.sidecar import SidecarUnconfirmed, Signature
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
    exported = Signal(Path)
    export_failed = Signal(NtiError)

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self.doing = ""  # for people: what is under way
        self._saving = False
        self._save_next: Session | None = None

    def open(self, path: Path) -> None:
        """Decode a photo and read its project."""

        def work() -> OpenedPhoto:
            session = Session.open(path)
            previews = {}
            for version in session.project.versions:
                pixels = session.preview(version.id)
                if pixels is not None:
                    previews[version.id] = make_picture(Raster(pixels))
            return OpenedPhoto(session, make_picture(session.photo.raster), previews)

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

    def export(self, session: Session, composed: Composed | None, target: Path) -> None:
        """Write a picture, or the photo itself; the dialog has asked before overwriting."""

        def work() -> Path:
            raster = session.finished(composed.parts if composed else ())
            return export_picture(raster, target, original=session.photo.path, overwrite=True)

        def done(written: Path) -> None:
            self.doing = ""
            self.exported.emit(written)

        def failed(error: NtiError) -> None:
            self.doing = ""
            self.export_failed.emit(error)

        self.doing = f"Exporting “{target.name}”…"
        self._background.submit(work, done, failed)
