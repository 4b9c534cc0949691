"""Areas on the photo: the outline of the one that is worked on, and drawing a new one."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nti_desktop.gui.canvas.overlays import paint_caption
from nti_desktop.gui.canvas.viewport import Viewport
from nti_desktop.photo.frame import Area

SMALLEST = 16  # photo pixels a side; a click is no area


class AreaDrawing:
    """A rectangle between two corners, in photo pixels, held within the photo."""

    def __init__(self, width: int, height: int) -> None:
        """width, height: of the photo."""
        self._whole = QRectF(0, 0, width, height)
        self._start: QPointF | None = None
        self._end = QPointF()

    def begin(self, at: QPointF) -> None:
        """Start a rectangle at a point of the photo."""
        self._start = self._end = self._held(at)

    def stretch(self, to: QPointF) -> None:
        """Draw its opposite corner to a point of the photo."""
        if self._start is not None:
            self._end = self._held(to)

    @property
    def rect(self) -> QRectF:
        """Empty before the first corner."""
        return QRectF() if self._start is None else QRectF(self._start, self._end).normalized()

    def area(self) -> Area | None:
        """Take what was drawn, in whole pixels; None when that is too small to mean anything."""
        rect = self.rect.toAlignedRect().intersected(self._whole.toRect())
        if min(rect.width(), rect.height()) < SMALLEST:
            return None
        return Area(rect.x(), rect.y(), rect.width(), rect.height())

    def paint(self, painter: QPainter, viewport: Viewport) -> None:
        """Paint what is drawn so far, or say what to do."""
        drawn = viewport.in_window(self.rect)
        if drawn.isEmpty():
            paint_caption(painter, "Drag a rectangle over the part to work on", viewport.seen, left=True)
        else:
            _paint_veil(painter, drawn, viewport.photo_rect)
            paint_outline(painter, drawn)

    def _held(self, at: QPointF) -> QPointF:
        return QPointF(
            min(max(at.x(), self._whole.left()), self._whole.right()),
            min(max(at.y(), self._whole.top()), self._whole.bottom()),
        )


def paint_outline(painter: QPainter, rect: QRectF) -> None:
    """Marching ants that stand still: seen on any photo."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 170), 1))
    painter.drawRect(rect)
    pen = QPen(QColor("white"), 1, Qt.PenStyle.CustomDashLine)
    pen.setDashPattern([5, 5])
    painter.setPen(pen)
    painter.drawRect(rect)


def _paint_veil(painter: QPainter, around: QRectF, within: QRectF) -> None:
    """Darken the photo, `within`, around a rectangle."""
    veil = QColor(0, 0, 0, 110)
    middle = around.intersected(within)
    painter.fillRect(QRectF(within.left(), within.top(), within.width(), middle.top() - within.top()), veil)
    painter.fillRect(QRectF(within.left(), middle.bottom(), within.width(), within.bottom() - middle.bottom()), veil)
    painter.fillRect(QRectF(within.left(), middle.top(), middle.left() - within.left(), middle.height()), veil)
    painter.fillRect(QRectF(middle.right(), middle.top(), within.right() - middle.right(), middle.height()), veil)
