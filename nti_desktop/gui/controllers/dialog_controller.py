"""What is made in a dialog of its own, beside the open edit: it is given up when the dialog is closed."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QWidget

from nti_desktop.gui.workers.threads import slot


class DialogController(QObject):
    """Gives up what is under way and lets go of its photo when its dialog is closed, by whomever."""

    def __init__(self, dialog: QDialog, window: QWidget) -> None:
        super().__init__(window)
        self._dialog = dialog
        dialog.finished.connect(self._closed)

    @slot()
    def stop(self) -> None:
        """Do without, whether the dialog is to be seen or not."""
        self._dialog.close()
        self._give_up()

    @slot(int)
    def _closed(self, _result: int) -> None:
        self._give_up()

    def _give_up(self) -> None:
        """Make no more, and let go of the photo."""
        raise NotImplementedError
