"""Areas on the photo: the outline of the one that is worked on, and drawing a new one."""

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPolygonF

from nti_desktop.gui.canvas.overlays import paint_caption, paint_dashed
from nti_desktop.gui.canvas.tools.cross import KEYS, Cross
from nti_desktop.gui.canvas.viewport import Viewport, held
from nti_desktop.photo.frame import Area

SMALLEST = 16  # photo pixels a side; a click is no area


class AreaDrawing:
    """A rectangle between two corners, in photo pixels, held within the photo."""

    def __init__(self, width: int, height: int, caption: str) -> None:
        """width, height: of the photo; caption: what to do, for people."""
        self._caption = caption
        self._whole = QRectF(0, 0, width, height)
        self._start: QPointF | None = None
        self._end = QPointF()
        self._cross: Cross | None = None  # while the keyboard draws

    def begin(self, at: QPointF) -> None:
        """Start a rectangle at a point of the photo."""
        self._start, self._cross = held(at, self._whole), None
        self._end = self._start

    def stretch(self, to: QPointF) -> None:
        """Draw its opposite corner to a point of the photo."""
        if self._start is not None:
            self._end = held(to, self._whole)

    def move(self, way: QPointF) -> None:
        """Move the cross by a step, and the opposite corner with it."""
        self._cross = self._cross or Cross(self._whole)
        self._cross.move(way)
        self.stretch(self._cross.at)

    def set_corner(self) -> None:
        """Start a rectangle where the cross is."""
        self._cross = self._cross or Cross(self._whole)
        self._start = self._end = self._cross.at

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
            if self._cross is None:
                paint_caption(painter, f"{self._caption}; or {KEYS}, Return takes it", viewport.seen, left=True)
        else:
            _paint_veil(painter, drawn, viewport.photo_rect)
            paint_outline(painter, drawn)
        if self._cross is not None:
            self._cross.paint(painter, viewport)


def paint_outline(painter: QPainter, rect: QRectF) -> None:
    """Paint the outline of a rectangle in the window."""
    paint_dashed(painter, QPolygonF(rect))


def _paint_veil(painter: QPainter, around: QRectF, within: QRectF) -> None:
    """Darken the photo, `within`, around a rectangle."""
    veil = QColor(0, 0, 0, 110)
    middle = around.intersected(within)
    painter.fillRect(QRectF(within.left(), within.top(), within.width(), middle.top() - within.top()), veil)
    painter.fillRect(QRectF(within.left(), middle.bottom(), within.width(), within.bottom() - middle.bottom()), veil)
    painter.fillRect(QRectF(within.left(), middle.top(), middle.left() - within.left(), middle.height()), veil)
    painter.fillRect(QRectF(middle.right(), middle.top(), within.right() - middle.right(), middle.height()), veil)
