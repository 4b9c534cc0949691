"""Opening photos: by the dialog, by dropping them on the window, by another start of the program."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.editing.leaving import OpenNext
from nti_desktop.gui import preferences
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.leaving import LeavingController
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.photo_files import PHOTOS_AND_PROJECTS
from nti_desktop.gui.widgets.message_bar import Message, Topic
from nti_desktop.gui.workers.threads import slot


class Opening(QObject):
    """Opens a photo or a project; what is open is saved before."""

    def __init__(self, editor: Editor, leaving: LeavingController, line: PromptLine, window: QWidget) -> None:
        """line: where the edit is typed."""
        super().__init__(window)
        self._editor, self._leaving, self._line, self._window = editor, leaving, line, window
        editor.bring_back_asked.connect(self._bring_back)
        editor.file_tasks.open_failed.connect(self._failed)

    @property
    def has_photo(self) -> bool:
        """Whether a photo is open, or being opened."""
        return self._editor.document is not None or self._editor.file_tasks.opening is not None

    @command("&Open…", Menu.FILE, "Ctrl+O")
    @slot()
    def open(self) -> None:
        """Open a photo, or a project beside its photo."""
        folder = preferences.last_folder()
        name, _ = QFileDialog.getOpenFileName(self._window, "Open a photo", folder, PHOTOS_AND_PROJECTS)
        if name:
            preferences.remember_folder(Path(name).parent)
            self.open_path(Path(name))

    @slot(Path)
    def open_path(self, path: Path) -> None:
        """Open this photo or project."""
        self._next(OpenNext(path))

    def open_first(self, paths: Sequence[Path]) -> None:
        """Open one of several photos, and say what became of the others."""
        preferences.remember_folder(paths[0].absolute().parent)
        self.open_path(paths[0])
        if len(paths) > 1:
            text = f"One photo at a time: “{paths[0].name}” is opened, the others are not."
            self._editor.say(Message(text, topic=Topic.DROP))

    @slot(Path)
    def _bring_back(self, path: Path) -> None:
        self._next(OpenNext(path, brings_back=True))

    def _next(self, photo: OpenNext) -> None:
        self._editor.withdraw(Topic.DROP)
        self._line.settle()
        self._leaving.leave(photo)

    @slot(Path, NtiError)
    def _failed(self, path: Path, error: NtiError) -> None:
        if not isinstance(error, Cancelled):
            self._editor.say_failed(error, Topic.OPEN, path)


def dropped_files(data: QMimeData) -> list[Path]:
    """Find the files among what is dragged over the window."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
