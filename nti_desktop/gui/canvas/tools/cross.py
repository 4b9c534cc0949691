"""The cross that stands for the pointer where the keyboard draws."""

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from nti_desktop.gui.canvas.viewport import Viewport, held

KEYS = "move with the arrow keys, Space sets a corner"
_STEPS = 40  # of the photo's longer side, that an arrow key moves the cross by one
_ARM = 9.0  # pixels


class Cross:
    """A point of the photo, held within it; in the middle before it is moved."""

    def __init__(self, photo: QRectF) -> None:
        """photo: in its own pixels."""
        self._photo = photo
        self.at = photo.center()

    def move(self, way: QPointF) -> None:
        """Move it by a step, each way from -1 to 1."""
        step = max(self._photo.width(), self._photo.height()) / _STEPS
        self.at = held(self.at + way * step, self._photo)

    def paint(self, painter: QPainter, viewport: Viewport) -> None:
        """Paint it, seen on any photo."""
        at = viewport.in_window(QRectF(self.at, self.at)).topLeft()
        for colour, width in ((QColor(0, 0, 0, 170), 3), (QColor("white"), 1)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(at - QPointF(_ARM, 0), at + QPointF(_ARM, 0))
            painter.drawLine(at - QPointF(0, _ARM), at + QPointF(0, _ARM))
