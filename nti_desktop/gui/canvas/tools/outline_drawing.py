"""Marking a place on the photo: a line drawn around it, by hand or corner by corner."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPolygonF

from nti_desktop.gui.canvas.overlays import paint_caption, paint_dashed
from nti_desktop.gui.canvas.tools.cross import KEYS, Cross
from nti_desktop.gui.canvas.viewport import Viewport, held
from nti_desktop.recipe.outlines import MOST_POINTS, Point

SMALLEST = 4  # photo pixels a side; a click marks nothing
_HINT = f"Draw around a place; or {KEYS}, Return closes the line"


class OutlineDrawing:
    """A line in photo pixels, held within the photo."""

    def __init__(self, width: int, height: int) -> None:
        """width, height: of the photo."""
        self._whole = QRectF(0, 0, width, height)
        self._points: list[QPointF] = []
        self._cross: Cross | None = None  # while the keyboard draws
        self._drawing = False

    def begin(self, at: QPointF) -> None:
        """Start a line at a point of the photo."""
        self._points, self._cross, self._drawing = [held(at, self._whole)], None, True

    def stretch(self, to: QPointF) -> None:
        """Draw it on to a point of the photo."""
        if self._drawing:
            self._points.append(held(to, self._whole))

    def move(self, way: QPointF) -> None:
        """Move the cross by a step."""
        self._cross = self._cross or Cross(self._whole)
        self._cross.move(way)

    def set_corner(self) -> None:
        """Draw the line on to where the cross is."""
        self._cross = self._cross or Cross(self._whole)
        self._points.append(self._cross.at)

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
            self._cross.paint(painter, viewport)


def paint_line(painter: QPainter, points: Sequence[Point], viewport: Viewport) -> None:
    """Paint a closed line through points of the photo, seen on any photo."""
    paint_dashed(painter, QPolygonF([viewport.in_window(QRectF(x, y, 0, 0)).topLeft() for x, y in points]))
