"""What is drawn over the photo. Every function sets the pen and the brush that it draws with."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from nti_desktop.gui import theme

_CLEAR = 8.0  # pixels between a caption and the photo's corner
_ROUND = 11.0  # radius of the split's handle in pixels


def paint_split(painter: QPainter, x: float, top: float, bottom: float) -> None:
    """The line between before and after, with a handle to drag."""
    ends = QPointF(x, top), QPointF(x, bottom)
    painter.setPen(QPen(QColor(0, 0, 0, 150), 3))
    painter.drawLine(*ends)
    painter.setPen(QPen(QColor("white"), 1))
    painter.drawLine(*ends)
    middle = QPointF(x, (top + bottom) / 2)
    painter.setBrush(QColor(40, 40, 40, 220))
    painter.drawEllipse(middle, _ROUND, _ROUND)
    for side in (-1, 1):
        painter.drawLine(middle + QPointF(side * 6, 0), middle + QPointF(side * 3, -3.5))
        painter.drawLine(middle + QPointF(side * 6, 0), middle + QPointF(side * 3, 3.5))


def paint_caption(painter: QPainter, text: str, within: QRectF, left: bool) -> None:
    """Words in the upper left or right corner of `within`, in several lines where one would leave it."""
    room = QRectF(0, 0, max(within.width() - 2 * _CLEAR - 16, 1), within.height())
    lines = QFontMetricsF(painter.font()).boundingRect(room, Qt.TextFlag.TextWordWrap.value, text)
    width, height = lines.width() + 16, lines.height() + 6
    x = within.left() + _CLEAR if left else within.right() - _CLEAR - width
    box = QRectF(x, within.top() + _CLEAR, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(20, 20, 20, 170))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(theme.TEXT)
    words = box.adjusted(8, 3, 1 - 8, 3)  # room for rounding, or the last word is broken off again
    painter.drawText(words, Qt.TextFlag.TextWordWrap.value, text)


def paint_dashed(painter: QPainter, line: QPolygonF) -> None:
    """A closed line: marching ants that stand still, seen on any photo."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 170), 1))
    painter.drawPolygon(line)
    pen = QPen(QColor("white"), 1, Qt.PenStyle.CustomDashLine)
    pen.setDashPattern([5, 5])
    painter.setPen(pen)
    painter.drawPolygon(line)


def paint_focus(painter: QPainter, around: QRectF) -> None:
    """A thin frame: the keyboard acts here."""
    painter.setPen(QPen(theme.ACCENT, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(around.adjusted(0.5, 0.5, -0.5, -0.5))
