"""What the versions of the open photo looked like when they were saved, decoded on the background thread: the version
that is shown in its whole size, others as thumbnails, and only those that are looked at.
"""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.previews import SIDE
from nti_desktop.editing.session import Session
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.workers.background import Background
from nti_desktop.photo.raster import Raster

THUMBNAIL = 112  # pixels a side, sharp on a screen with twice the pixels


class StoredPreviews(QObject):
    """thumbnails: by version, None where there is nothing to see."""

    thumbnail_arrived = Signal(str, QImage)

    def __init__(self, background: Background, arrived: Callable[[str, Picture], None], parent: QObject) -> None:
        """arrived: told of the picture of a version, as it was asked for."""
        super().__init__(parent)
        self._background, self._arrived = background, arrived
        self._session: Session | None = None
        self._screen: bytes | None = None
        self._wanted: tuple[str, ...] = ()  # thumbnails of these, one after the other
        self._decoding = False
        self.thumbnails: dict[str, QImage | None] = {}

    def open(self, session: Session) -> None:
        """Another photo, of which nothing was asked for yet."""
        self._session, self._wanted, self.thumbnails = session, (), {}

    def show_on(self, screen: bytes | None) -> None:
        """The screen profile that pictures are made for from now on, None for sRGB."""
        if screen != self._screen:
            self._screen, self.thumbnails = screen, {}

    def ask(self, version: str) -> None:
        """Decode the preview of the version that is shown."""

        def done(picture: Picture | None) -> None:
            if picture is not None:
                self._arrived(version, picture)

        self._decode(version, SIDE, done)

    def ask_for_thumbnails(self, versions: Iterable[str]) -> None:
        """Decode the thumbnails of the versions that are looked at; what was asked for before no longer is."""
        self._wanted = tuple(version for version in versions if version not in self.thumbnails)
        self._go_on()

    def _go_on(self) -> None:
        if self._decoding or not self._wanted:
            return
        version, *later = self._wanted
        self._wanted, self._decoding = tuple(later), True

        def done(picture: Picture | None) -> None:
            self.thumbnails[version] = image = None if picture is None else picture.levels[-1]
            if image is not None:
                self.thumbnail_arrived.emit(version, image)

        def ended() -> None:
            self._decoding = False
            self._go_on()

        self._decode(version, THUMBNAIL, done, ended)

    def _decode(
        self, version: str, side: int, done: Callable[[Picture | None], None], ended: Callable[[], None] = lambda: None
    ) -> None:
        """done: told of the picture, unless it is of another photo or for another screen by then."""
        session, screen = self._session, self._screen
        if session is None or not any(each.id == version for each in session.project.versions):
            ended()
            return
        source = session.working_copy.preview_source(version)

        def work() -> Picture | None:
            pixels = source.pixels(side)
            return None if pixels is None else make_picture(Raster(pixels), screen)

        def arrived(picture: Picture | None) -> None:
            if (session, screen, source.turn) == (self._session, self._screen, session.working_copy.turn):
                done(picture)
            ended()

        def failed(_error: NtiError) -> None:
            ended()  # a preview is only a convenience

        self._background.submit(work, arrived, failed)
