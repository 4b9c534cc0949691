"""The samples: shown before a photo is open, opened as the user's own copies, with edits to try."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from nti_desktop.core.errors import ModelError, NtiError
from nti_desktop.gui import sample_photos
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.editor.start_page import StartPage
from nti_desktop.gui.widgets.message_bar import Message, Tone, Topic
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.samples import samples


class Samples(QObject):
    """Joins the samples on the start page with the editor."""

    def __init__(self, editor: Editor, start: StartPage, open_path: Callable[[Path], None], parent: QObject) -> None:
        super().__init__(parent)
        self._editor, self._open_path = editor, open_path
        start.sample_asked.connect(self.open)
        editor.opened.connect(self._opened)
        try:
            start.show_samples([(sample.path, sample.caption) for sample in samples()])
        except ModelError as error:
            editor.say(Message(str(error), Tone.ERROR))

    @slot(Path)
    def open(self, sample: Path) -> None:
        """Open the user's own copy of a sample."""
        try:
            self._open_path(sample_photos.own_copy(sample))
        except NtiError as error:
            self._editor.say(Message(str(error), Tone.ERROR, topic=Topic.OPEN))

    @slot()
    def _opened(self) -> None:
        session = self._editor.session
        assert session is not None
        try:
            sample = sample_photos.sample_of(session.photo.identity)
        except NtiError:
            sample = None  # what is wrong with the samples was said at the start
        if sample is not None:
            self._editor.suggest(sample)
