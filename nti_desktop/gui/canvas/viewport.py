"""Zoom and pan: which part of a photo a window shows, and where each point of the photo lies in it."""

from dataclasses import dataclass, field, replace

from PySide6.QtCore import QPointF, QRectF, QSize

_MARGIN = 14  # units of the window, around the photo
_LARGEST_ZOOM = 16.0
_SMALLEST_SIDE = 64  # screen pixels that the longer side of a photo keeps


@dataclass(frozen=True)
class Viewport:
    """Points and lengths in the window are in its own units, those in the photo in photo pixels.

    window, photo: their sizes, no photo is an empty one; ratio: screen pixels per unit of the window; chosen_zoom: see
    `zoom`, None for as large as fits; centre: point of the photo that should be in the middle of the window. It is, as
    far as the photo's borders allow; a photo that has room in the window is in the middle itself.
    """

    window: QSize
    photo: QSize
    ratio: float = 1.0
    chosen_zoom: float | None = None
    centre: QPointF = field(default_factory=QPointF)

    @property
    def zoom(self) -> float:
        """Screen pixels per photo pixel."""
        if self.chosen_zoom is not None:
            return self.chosen_zoom
        if self.photo.isEmpty():
            return 1.0
        across, down = (max(side - 2 * _MARGIN, 1) for side in (self.window.width(), self.window.height()))
        return min(across / self.photo.width(), down / self.photo.height()) * self.ratio

    @property
    def scale(self) -> float:
        """Units of the window per photo pixel."""
        return self.zoom / self.ratio

    # Where things lie

    @property
    def middle(self) -> QPointF:
        """The middle of the window."""
        return QPointF(self.window.width() / 2, self.window.height() / 2)

    @property
    def photo_rect(self) -> QRectF:
        """Where the photo lies in the window; empty without a photo."""
        if self.photo.isEmpty():
            return QRectF()
        return QRectF(self.middle - self._shown_centre * self.scale, self.photo.toSizeF() * self.scale)

    @property
    def seen(self) -> QRectF:
        """The part of `photo_rect` that the window shows."""
        return self.photo_rect.intersected(QRectF(QPointF(), self.window.toSizeF()))

    def in_window(self, part: QRectF) -> QRectF:
        """Return where a rectangle of the photo lies in the window."""
        return QRectF(self.photo_rect.topLeft() + part.topLeft() * self.scale, part.size() * self.scale)

    def to_photo(self, at: QPointF) -> QPointF:
        """Return the point of the photo that lies at a point of the window."""
        return (at - self.photo_rect.topLeft()) / self.scale

    # Looking elsewhere

    def fitted(self) -> "Viewport":
        """Show the whole photo."""
        return replace(self, chosen_zoom=None)

    def zoomed(self, zoom: float, about: QPointF) -> "Viewport":
        """Zoom, as far as that goes; the point `about` of the window goes on showing the same point of the photo."""
        smallest = min(1.0, _SMALLEST_SIDE / max(self.photo.width(), self.photo.height(), 1))
        zoom = min(max(zoom, smallest), _LARGEST_ZOOM)
        centre = self.to_photo(about) - (about - self.middle) / (zoom / self.ratio)
        return replace(self, chosen_zoom=zoom, centre=centre)

    def moved(self, by: QPointF) -> "Viewport":
        """Move the photo in the window, even where its border is reached; see `clamped`."""
        return replace(self, centre=self.centre - by / self.scale)

    def clamped(self) -> "Viewport":
        """Take what is in the middle of the window for the centre, so that moving begins there."""
        return replace(self, centre=self._shown_centre)

    @property
    def _shown_centre(self) -> QPointF:
        """The point of the photo that is in the middle of the window."""
        return QPointF(
            self._held(self.centre.x(), self.photo.width(), self.window.width()),
            self._held(self.centre.y(), self.photo.height(), self.window.height()),
        )

    def _held(self, centre: float, photo: int, window: int) -> float:
        """The centre along one side, as near as it gets without showing more than a margin beside the photo."""
        half = (window / 2 - _MARGIN) / self.scale
        if self.chosen_zoom is None or 2 * half >= photo:
            return photo / 2
        return min(max(centre, half), photo - half)


def held(at: QPointF, within: QRectF) -> QPointF:
    """The nearest point within a rectangle."""
    return QPointF(
        min(max(at.x(), within.left()), within.right()),
        min(max(at.y(), within.top()), within.bottom()),
    )
