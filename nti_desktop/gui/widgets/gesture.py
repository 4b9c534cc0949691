"""Whether the pointer is held down: what is changed meanwhile is one step, however long it pauses."""

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QMouseEvent


class Gesture(QObject):
    """number: of the press that is held, None where none is."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.number: int | None = None
        self._presses = 0
        app = QCoreApplication.instance()
        assert app is not None
        app.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and event.button() == Qt.MouseButton.LeftButton:
            if event.type() == QEvent.Type.MouseButtonPress and self.number is None:
                self._presses += 1
                self.number = self._presses
            elif event.type() == QEvent.Type.MouseButtonRelease:
                self.number = None
        return False
