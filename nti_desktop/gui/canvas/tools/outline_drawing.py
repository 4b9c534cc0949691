"""Marking a place on the photo: a line drawn around it, by hand or corner by corner."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from nti_desktop.gui.canvas.overlays import paint_caption, paint_dashed
from nti_desktop.gui.canvas.viewport import Viewport, held
from nti_desktop.recipe.outlines import MOST_POINTS, Point

SMALLEST = 4  # photo pixels a side; a click marks nothing
_STEPS = 40  # of the photo's longer side, that an arrow key moves the cross by one
_CROSS = 9.0  # pixels
_HINT = "Draw around a place; or move with the arrow keys, Space sets a corner, Return closes the line"


class OutlineDrawing:
    """A line in photo pixels, held within the photo."""

    def __init__(self, width: int, height: int) -> None:
        """width, height: of the photo."""
        self._whole = QRectF(0, 0, width, height)
        self._points: list[QPointF] = []
        self._cross: QPointF | None = None  # moved by the keyboard
        self._drawing = False

    def begin(self, at: QPointF) -> None:
        """Start a line at a point of the photo."""
        self._points, self._cross, self._drawing = [held(at, self._whole)], None, True

    def stretch(self, to: QPointF) -> None:
        """Draw it on to a point of the photo."""
        if self._drawing:
            self._points.append(held(to, self._whole))

    def move(self, way: QPointF) -> None:
        """Move the cross by a step; it begins in the middle."""
        step = max(self._whole.width(), self._whole.height()) / _STEPS
        self._cross = held((self._cross or self._whole.center()) + way * step, self._whole)

    def set_corner(self) -> None:
        """Draw the line on to where the cross is."""
        self.move(QPointF())
        assert self._cross is not None
        self._points.append(self._cross)

    def outline(self) -> tuple[Point, ...] | None:
        """Take what was drawn, at most MOST_POINTS points; None when that is too small to mean anything."""
        points = [point for i, point in enumerate(self._points) if i == 0 or point != self._points[i - 1]]
        around = QPolygonF(points).boundingRect()
        if len(points) < 3 or min(around.width(), around.height()) < SMALLEST:
            return None
        every = -(-len(points) // MOST_POINTS)
        return tuple((point.x(), point.y()) for point in points[::every])

    def paint(self, painter: QPainter, viewport: Viewport) -> None:
        """Paint what is drawn so far, or say what to do."""
        if not self._points and self._cross is None:
            paint_caption(painter, _HINT, viewport.seen, left=True)
        paint_line(painter, [(p.x(), p.y()) for p in self._points], viewport)
        if self._cross is not None:
            at = viewport.in_window(QRectF(self._cross, self._cross)).topLeft()
            for colour, width in ((QColor(0, 0, 0, 170), 3), (QColor("white"), 1)):
                painter.setPen(QPen(colour, width))
                painter.drawLine(at - QPointF(_CROSS, 0), at + QPointF(_CROSS, 0))
                painter.drawLine(at - QPointF(0, _CROSS), at + QPointF(0, _CROSS))


def paint_line(painter: QPainter, points: Sequence[Point], viewport: Viewport) -> None:
    """Paint a closed line through points of the photo, seen on any photo."""
    paint_dashed(painter, QPolygonF([viewport.in_window(QRectF(x, y, 0, 0)).topLeft() for x, y in points]))
