"""Saving the project under another name, for one that cannot be saved where it lies."""

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from nti_desktop.editing.save_queue import SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.workers.threads import slot
from nti_desktop.project.saving import free_name

_SUFFIX = ".nti"


class SavingAs(QObject):
    """Asks where. A project of the same photo that is there already is merged with, so nothing is replaced."""

    def __init__(self, editor: Editor, window: QWidget) -> None:
        super().__init__(window)
        self._editor, self._window = editor, window

    @command("Save &as…", Menu.FILE, "Ctrl+Shift+S")
    @slot()
    def save_as(self) -> None:
        """Save the project under another name, or in another folder, from now on."""
        if self._editor.session is not None:
            self.ask(self._editor.session)

    def ask(self, session: Session) -> None:
        """Ask where this photo's project is to be saved from now on, and save it there."""
        options = QFileDialog.Option.DontConfirmOverwrite
        suggested = str(_suggested(session))
        title, kinds = "Save the project as", f"Projects (*{_SUFFIX})"
        name, _ = QFileDialog.getSaveFileName(self._window, title, suggested, kinds, options=options)
        if name:
            path = Path(name)
            path = path if path.suffix.casefold() == _SUFFIX else path.with_name(path.name + _SUFFIX)
            self._editor.file_tasks.save(SaveRequest(session, path=path))


def _suggested(session: Session) -> Path:
    """Name the project beside the present one; in the home folder, where that one's folder is gone."""
    beside = session.sidecar if session.sidecar.parent.is_dir() else Path.home() / session.sidecar.name
    return free_name(beside) if beside.exists() else beside
