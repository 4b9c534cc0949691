"""Room for something that may grow too high: from some height on it is scrolled."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget


class LowArea(QScrollArea):
    """As high as what is in it at this width, and gone where that is hidden. most: says how many pixels at most."""

    def __init__(self, inside: QWidget, most: Callable[[], int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inside, self._most = inside, most
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidgetResizable(True)
        self.setWidget(inside)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # what is in it has grown or shrunk
            self.updateGeometry()
        return super().viewportEvent(event)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return 0 if self._inside.isHidden() else min(self._inside.heightForWidth(width), self._most())

    def sizeHint(self) -> QSize:
        return QSize(self._inside.sizeHint().width(), self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._inside.minimumSizeHint().width(), self.heightForWidth(self.width()))
