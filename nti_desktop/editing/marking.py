"""Places that are marked on the photo, between its pixels and the recipe of the area that is worked on."""

from collections.abc import Sequence

from nti_desktop.editing.document import Document
from nti_desktop.photo.frame import Frame
from nti_desktop.recipe.outlines import Outline, Point


def marked(document: Document, line: Sequence[Point]) -> tuple[Outline, ...]:
    """The places of the edit with one more: a closed line through points of the photo, in its pixels; what of it leaves
    the area that is worked on is held at its border. Raises RecipeError for too few or too many points.
    """
    frame = _frame(document)
    points = tuple((_part(x), _part(y)) for x, y in (frame.seen(*point) for point in line))
    return (*_within(document), Outline(points))


def can_be_marked(document: Document) -> bool:
    """Tell whether there is an edit to confine, or the model draws into what is marked."""
    return document.state is not None or document.row.fills


def marks_on_photo(document: Document) -> tuple[tuple[Point, ...], ...]:
    """The places of the edit as lines on the photo, in its pixels."""
    frame = _frame(document)
    return tuple(tuple(frame.in_photo(point) for point in outline.points) for outline in _within(document))


def _within(document: Document) -> tuple[Outline, ...]:
    return document.state.recipe.within if document.state else ()


def _frame(document: Document) -> Frame:
    """The frame of the edit; before there is one, the area, as it lies in the photo."""
    area, inversion = document.area, document.inversion
    if inversion is not None and (frame := document.session.frame(inversion.id)).area == area:
        return frame
    return Frame(area.x, area.y, area.width, area.height, area.width, area.height)


def _part(side: float) -> float:
    return round(min(max(side, 0.0), 1.0), 4)
