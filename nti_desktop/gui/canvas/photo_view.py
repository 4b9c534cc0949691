"""The photo: zoom, pan, before and after with a movable split, the mask laid over it."""

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from nti_desktop.gui import theme
from nti_desktop.gui.canvas.overlays import paint_caption, paint_focus, paint_split
from nti_desktop.gui.canvas.picture import Picture, paint_picture
from nti_desktop.gui.canvas.tools.area_drawing import AreaDrawing, paint_outline
from nti_desktop.gui.canvas.tools.outline_drawing import OutlineDrawing, paint_line
from nti_desktop.gui.canvas.viewport import Viewport
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.outlines import Point

_GRIP = 9.0  # distance in pixels within which the split is caught
_KEY_STEP = 40.0  # pixels that an arrow key moves
_SHARP_FROM = 6.0  # chosen zoom from which single pixels are shown as squares


class PhotoView(QWidget):
    """Shows the photo (`before`) and the edit (`after`). Zoom is screen pixels per photo pixel."""

    zoom_changed = Signal(float)
    area_drawn = Signal(Area)
    line_drawn = Signal(tuple)  # points of the photo, in its pixels

    def __init__(
        self, parent: QWidget | None = None, area_caption: str = "Drag a rectangle over the part to work on"
    ) -> None:
        """area_caption: what is asked for when a rectangle is to be drawn."""
        super().__init__(parent)
        self._area_caption = area_caption
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(320, 120)
        self.setAccessibleName("Photo")
        self.setAccessibleDescription(
            "Wheel or plus and minus zoom, dragging or the arrow keys move; with the comparison on, left and right "
            "move the line between before and after."
        )
        self._before: Picture | None = None
        self._after: Picture | None = None
        self._overlay: QImage | None = None
        self._film_at = QRectF()
        self._badge = ""
        self._viewport = Viewport(self.size(), QSize())  # of a photo of which `before` may be a small copy
        self._split_on = False
        self._split = 0.5
        self._peeking = False
        self._dragging_split = False
        self._grabbed: QPointF | None = None
        self._area: Area | None = None
        self._marks: tuple[tuple[Point, ...], ...] = ()
        self._drawing: AreaDrawing | OutlineDrawing | None = None

    def sizeHint(self) -> QSize:
        return QSize(900, 620)

    # What is shown

    def show_photo(self, before: Picture | None, size: tuple[int, int] | None = None) -> None:
        """Another photo: everything else goes with the one before it.

        size: (width, height) of the photo, where `before` is a small copy of it.
        """
        self._before, self._after, self._overlay, self._badge = before, None, None, ""
        self._area, self._marks, self._drawing = None, (), None
        photo = QSize() if before is None else QSize(*(size or (before.width, before.height)))
        self._look(Viewport(self.size(), photo))

    def look_like(self, other: "PhotoView") -> None:
        """Show the same part of the photo as another view does, as large."""
        self._look(replace(self.viewport, chosen_zoom=other.viewport.chosen_zoom, centre=other.viewport.centre))

    def replace_photo(self, before: Picture | None) -> None:
        """The same photo in other colours; everything else stays."""
        if self._before is not None:
            self._before = before
            self.update()

    def show_edit(self, after: Picture | None, badge: str = "") -> None:
        """The edit in its present state; badge: a word on how final it is."""
        self._after, self._badge = after, badge
        self.update()

    def show_overlay(self, overlay: QImage | None, at: QRectF | None = None) -> None:
        """Lay an overlay over the rectangle `at` of the photo, in photo pixels."""
        self._overlay = overlay
        self._film_at = at or QRectF()
        self.update()

    @property
    def after(self) -> Picture | None:
        """The edit's picture, None where it is the photo."""
        return self._after

    @property
    def badge(self) -> str:
        """Words on the edit's picture, empty for the final one."""
        return self._badge

    @property
    def overlay(self) -> QImage | None:
        """What is laid over the photo."""
        return self._overlay

    # Areas

    def show_area(self, area: Area | None) -> None:
        """The outline of the part that is worked on; None for the whole photo."""
        self._area = area
        self.update()

    def show_marks(self, marks: tuple[tuple[Point, ...], ...]) -> None:
        """The lines around places that are marked, through points of the photo."""
        self._marks = marks
        self.update()

    @slot()
    def draw_area(self) -> None:
        """Let the next drag, or the keys, draw a rectangle; `end_drawing` ends it."""
        photo = self._viewport.photo
        self._draw_with(AreaDrawing(photo.width(), photo.height(), self._area_caption))

    @slot()
    def draw_line(self) -> None:
        """Let the next drag, or the keys, draw a line around a place; `end_drawing` ends it."""
        self._draw_with(OutlineDrawing(self._viewport.photo.width(), self._viewport.photo.height()))

    def _draw_with(self, tool: AreaDrawing | OutlineDrawing) -> None:
        if self._before is not None:
            self._drawing = tool
            self.setCursor(Qt.CursorShape.CrossCursor)
            self.setFocus()
            self.update()

    @property
    def drawing(self) -> bool:
        """Whether an area or a line is being drawn."""
        return self._drawing is not None

    def end_drawing(self) -> None:
        """Without an area or a line."""
        if self._drawing is not None:
            self._drawing = None
            self.unsetCursor()
            self.update()

    @property
    def lacks_detail(self) -> bool:
        """Whether the edit's picture has fewer pixels than the screen shows of it."""
        before, after = self._before, self._after
        if before is None or after is None or after.width >= before.width:
            return False
        return self.zoom() * before.width > after.width

    # Before and after

    @property
    def split(self) -> float:
        """Where the line stands, as a fraction of the photo's width; before is on its left."""
        return self._split

    def move_split(self, to: float) -> None:
        """Put the border between before and after at a part of the width, 0 to 1."""
        to = min(max(to, 0.0), 1.0)
        if to != self._split:
            self._split = to
            self.update()

    def show_split(self, on: bool) -> None:
        """Show before and after side by side, or the edit alone."""
        self._split_on = on
        self.update()

    def peek(self, on: bool) -> None:
        """While on, the photo as it was."""
        self._peeking = on
        self.update()

    # Zoom

    @property
    def viewport(self) -> Viewport:
        """What the window shows at its present size."""
        return replace(self._viewport, window=self.size(), ratio=self.devicePixelRatioF())

    def zoom(self) -> float:
        """Screen pixels per photo pixel."""
        return self.viewport.zoom

    def fit(self) -> None:
        """Show the whole photo."""
        self._look(self.viewport.fitted())

    def zoom_to(self, zoom: float, about: QPointF | None = None) -> None:
        """Zoom; the point `about` of the window (else its middle) stays where it is."""
        if self._before is not None:
            self._look(self.viewport.zoomed(zoom, self.viewport.middle if about is None else about))

    def _look(self, viewport: Viewport) -> None:
        self._viewport = viewport
        self.zoom_changed.emit(self.zoom())
        self.update()

    def _split_x(self) -> float:
        photo = self.viewport.photo_rect
        return photo.x() + photo.width() * self._split

    def _comparing(self) -> bool:
        return self._split_on and self._after is not None and not self._peeking

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.CANVAS)
        if self._before is None:
            return
        for paint in (
            self._paint_photo,
            self._paint_overlay,
            self._paint_areas,
            self._paint_comparison,
            self._paint_focus,
        ):
            painter.save()  # each begins with a fresh pen and no brush, whatever the one before it drew with
            paint(painter)
            painter.restore()

    def _paint_photo(self, painter: QPainter) -> None:
        assert self._before is not None
        zoom = self._viewport.chosen_zoom
        smooth = zoom is None or zoom < _SHARP_FROM
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        viewport, window = self.viewport, QRectF(self.rect())
        if self._after is None or self._peeking:
            paint_picture(painter, self._before, viewport, window)
        elif not self._split_on:
            paint_picture(painter, self._after, viewport, window)
        else:
            x = self._split_x()
            paint_picture(painter, self._before, viewport, QRectF(0, 0, x, window.height()))
            paint_picture(painter, self._after, viewport, QRectF(x, 0, max(window.width() - x, 0), window.height()))

    def _paint_overlay(self, painter: QPainter) -> None:
        if self._overlay is not None and not self._peeking:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawImage(self.viewport.in_window(self._film_at), self._overlay)

    def _paint_areas(self, painter: QPainter) -> None:
        if not self._peeking:
            for mark in self._marks:
                paint_line(painter, mark, self.viewport)
        if self._drawing is not None:
            self._drawing.paint(painter, self.viewport)
        elif self._area is not None and not self._peeking:
            area = self._area
            paint_outline(painter, self.viewport.in_window(QRectF(area.x, area.y, area.width, area.height)))

    def _paint_comparison(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        seen = self.viewport.seen
        if self._comparing():
            paint_split(painter, self._split_x(), seen.top(), seen.bottom())
            paint_caption(painter, "Before", seen, left=True)
            paint_caption(painter, "After" if not self._badge else f"After · {self._badge}", seen, left=False)
        elif self._peeking:
            paint_caption(painter, "Before", seen, left=True)
        elif self._badge:
            paint_caption(painter, self._badge, seen, left=True)

    def _paint_focus(self, painter: QPainter) -> None:
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_focus(painter, QRectF(self.rect()))

    # Hands

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._look(self.viewport)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y():
            self.zoom_to(self.zoom() * 1.2 ** (event.angleDelta().y() / 120), event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._before is None:
            return
        if self._drawing is not None:
            self._drawing.begin(self.viewport.to_photo(event.position()))
        elif self._comparing() and abs(event.position().x() - self._split_x()) <= _GRIP:
            self._dragging_split = True
        else:
            self._grabbed = event.position()
            self._viewport = self.viewport.clamped()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._drawing is not None:
            self._drawing.stretch(self.viewport.to_photo(at))
            self.update()
        elif self._dragging_split:
            photo = self.viewport.photo_rect
            self.move_split((at.x() - photo.x()) / photo.width())
        elif self._grabbed is not None:
            self._viewport = self.viewport.moved(at - self._grabbed)
            self._grabbed = at
            self.update()
        elif self._comparing() and abs(at.x() - self._split_x()) <= _GRIP:
            self.setCursor(Qt.CursorShape.SplitHCursor)
        else:
            self.unsetCursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self._drawing is not None:
            self._take(self._drawing)
            return
        self._dragging_split = False
        self._grabbed = None
        self._viewport = self.viewport.clamped()
        self.unsetCursor()

    def _take(self, tool: AreaDrawing | OutlineDrawing) -> None:
        """Take what was drawn, if that is anything; else it is drawn on."""
        if isinstance(tool, AreaDrawing):
            if (area := tool.area()) is not None:
                self.end_drawing()
                self.area_drawn.emit(area)
        elif (line := tool.outline()) is not None:
            self.end_drawing()
            self.line_drawn.emit(line)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._viewport.chosen_zoom is None:
            self.zoom_to(1.0, event.position())
        else:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        arrows = {
            Qt.Key.Key_Left: QPointF(-1, 0),
            Qt.Key.Key_Right: QPointF(1, 0),
            Qt.Key.Key_Up: QPointF(0, -1),
            Qt.Key.Key_Down: QPointF(0, 1),
        }
        way, drawing = arrows.get(Qt.Key(event.key())), self._drawing
        if drawing is not None and way is not None:
            drawing.move(way)
            self.update()
        elif drawing is not None and event.key() == Qt.Key.Key_Space:
            drawing.set_corner()
            self.update()
        elif drawing is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(drawing)
        elif way is None:
            super().keyPressEvent(event)
        elif self._comparing() and way.x():
            self.move_split(self._split + 0.02 * way.x())
        else:
            self._viewport = self.viewport.clamped().moved(way * -_KEY_STEP)
            self.update()
