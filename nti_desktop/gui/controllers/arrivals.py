"""What another program saved of the open photo, and a save has brought in: shown, and said in one line."""

from functools import partial

from PySide6.QtCore import QObject

from nti_desktop.editing.changes import Change
from nti_desktop.editing.previews import decode_preview
from nti_desktop.editing.save_queue import Arrival
from nti_desktop.editing.session import Session
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.widgets.message_bar import Message, Topic
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.raster import Raster


class Arrivals(QObject):
    """Shows the versions that came in, and goes on with the one on screen as it is now."""

    def __init__(self, editor: Editor, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._editor, self._background = editor, background
        editor.file_tasks.arrived.connect(self._take_in)

    @slot(Arrival)
    def _take_in(self, arrival: Arrival) -> None:
        editor, document = self._editor, self._editor.document
        if document is None or document.session is not arrival.session:
            return
        for version in arrival.news:
            editor.pictures.of_versions.pop(version, None)
            editor.stored_previews.thumbnails.pop(version, None)
        if document.take_in(arrival.before):
            editor.withdraw(Topic.EFFECT, Topic.EMPHASIS)
            editor.pictures.show_stored()
            editor.pictures.ask()
        editor.tell(Change.EDIT | Change.AREA | Change.VERSIONS | Change.PREPARATION | Change.PICTURE)
        if arrival.said:
            editor.say(Message(" ".join(arrival.said), topic=Topic.ARRIVED))
        if arrival.news:
            work = partial(_pictures, arrival, editor.file_tasks.screen)
            self._background.submit(work, partial(self._show, arrival.session), lambda _error: None)

    def _show(self, session: Session, pictures: dict[str, Picture]) -> None:
        if session is self._editor.session:
            shown = self._editor.pictures.of_versions
            shown |= pictures | shown  # what was rendered meanwhile is newer
            self._editor.tell(Change.VERSIONS)


def _pictures(arrival: Arrival, screen: bytes | None) -> dict[str, Picture]:
    """Read the pictures of what came in, as far as there are any."""
    pictures = {}
    for version in arrival.news:
        data = arrival.stored.preview(version)
        pixels = None if data is None else decode_preview(data)
        if pixels is not None:
            pictures[version] = make_picture(Raster(pixels), screen)
    return pictures
