"""Zoom and pan, without a widget."""

import pytest
from PySide6.QtCore import QPointF, QRectF, QSize

from nti_desktop.gui.canvas.viewport import Viewport

WINDOW = QSize(628, 428)  # 600 x 400 within its margins
PHOTO = QSize(3000, 1000)
PLACES = [QPointF(314, 214), QPointF(0, 0), QPointF(620, 30), QPointF(100, 400)]


def nearly(one: QPointF, other: QPointF) -> bool:
    return (one - other).manhattanLength() < 1e-6


def sides(rect: QRectF) -> tuple[float, float, float, float]:
    """Left, top, right and bottom."""
    return rect.left(), rect.top(), rect.right(), rect.bottom()


def at(zoom: float, centre: QPointF, ratio: float = 1.0) -> Viewport:
    return Viewport(WINDOW, PHOTO, ratio, zoom, centre)


def test_a_photo_fits_within_the_margins_and_lies_in_the_middle() -> None:
    viewport = Viewport(WINDOW, PHOTO)
    assert viewport.zoom == pytest.approx(0.2)
    assert sides(viewport.photo_rect) == pytest.approx((14, 114, 614, 314))
    assert sides(viewport.seen) == pytest.approx((14, 114, 614, 314))


def test_a_small_photo_is_enlarged_until_it_fits() -> None:
    assert Viewport(WINDOW, QSize(60, 20)).zoom == pytest.approx(10)


def test_in_the_smallest_window_something_is_left_of_a_photo() -> None:
    assert Viewport(QSize(5, 5), PHOTO).zoom > 0


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_a_photo_that_fits_fills_the_window_on_any_screen(ratio: float) -> None:
    viewport = Viewport(WINDOW, PHOTO, ratio)
    assert viewport.zoom == pytest.approx(0.2 * ratio)  # in the screen's own pixels
    assert sides(viewport.photo_rect) == pytest.approx((14, 114, 614, 314))


def test_at_full_size_a_screen_with_two_pixels_a_unit_shows_a_photo_pixel_in_half_a_unit() -> None:
    viewport = Viewport(WINDOW, PHOTO, ratio=2.0).zoomed(1.0, QPointF(314, 214))
    assert (viewport.zoom, viewport.scale) == (1.0, 0.5)
    assert viewport.photo_rect.width() == pytest.approx(1500)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_the_photo_and_the_window_agree_on_every_point(place: QPointF, ratio: float) -> None:
    viewport = at(1.7, QPointF(1200, 450), ratio)
    assert nearly(viewport.in_window(QRectF(viewport.to_photo(place), QSize(1, 1))).topLeft(), place)
    assert nearly(viewport.to_photo(viewport.photo_rect.bottomRight()), QPointF(3000, 1000))


@pytest.mark.parametrize("place", [QPointF(314, 214), QPointF(300, 150), QPointF(330, 260)])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_zooming_keeps_the_point_that_it_is_about(place: QPointF, ratio: float) -> None:
    viewport = at(2.0, QPointF(1500, 500), ratio)
    under = viewport.to_photo(place)
    for zoom in (3.0, 16.0, 1.3):
        viewport = viewport.zoomed(zoom, place)
        assert viewport.zoom == zoom
        assert nearly(viewport.to_photo(place), under)


def test_zooming_into_a_photo_that_fits_keeps_the_point_too() -> None:
    viewport, place = Viewport(WINDOW, PHOTO), QPointF(400, 250)
    assert nearly(viewport.zoomed(1.0, place).to_photo(place), viewport.to_photo(place))


def test_zoom_ends_at_sixteen_pixels_a_pixel_and_at_a_photo_of_sixty_four() -> None:
    viewport, middle = Viewport(WINDOW, PHOTO), QPointF(314, 214)
    assert viewport.zoomed(100, middle).zoom == 16
    assert viewport.zoomed(0, middle).zoom * PHOTO.width() == pytest.approx(64)
    assert Viewport(WINDOW, QSize(20, 20)).zoomed(0, middle).zoom == 1  # never smaller than it is


def test_a_photo_smaller_than_the_window_stays_in_its_middle() -> None:
    viewport = at(0.1, QPointF(0, 0))
    assert nearly(viewport.photo_rect.center(), viewport.middle)
    assert nearly(viewport.moved(QPointF(200, 100)).photo_rect.center(), viewport.middle)


def test_a_photo_longer_than_the_window_moves_along_its_longer_side_only() -> None:
    rect = at(0.3, QPointF(1500, 500)).moved(QPointF(50, 50)).photo_rect
    assert nearly(rect.center(), QPointF(314 + 50, 214))


def test_moving_moves_the_photo_with_the_pointer() -> None:
    viewport = at(2.0, QPointF(1500, 500), ratio=2.0)
    before, after = viewport.photo_rect, viewport.moved(QPointF(30, -20)).photo_rect
    assert nearly(after.topLeft() - before.topLeft(), QPointF(30, -20))
    assert after.size() == before.size()


@pytest.mark.parametrize(
    ("by", "corner"), [(QPointF(9000, 9000), QPointF(14, 14)), (QPointF(-9000, -9000), QPointF(614, 414))]
)
def test_beside_the_border_of_a_photo_no_more_than_the_margin_is_seen(by: QPointF, corner: QPointF) -> None:
    rect = at(1.0, QPointF(1500, 500)).moved(by).photo_rect
    assert nearly(rect.topLeft() if by.x() > 0 else rect.bottomRight(), corner)


def test_moved_beyond_the_border_the_photo_waits_for_the_pointer_unless_it_is_clamped() -> None:
    beyond = at(1.0, QPointF(300, 500)).moved(QPointF(100, 0))
    back = QPointF(-60, 0)
    assert beyond.photo_rect.left() == pytest.approx(14)
    assert beyond.moved(back).photo_rect.left() == pytest.approx(14)
    assert beyond.clamped().photo_rect == beyond.photo_rect
    assert beyond.clamped().moved(back).photo_rect.left() == pytest.approx(14 - 60)


def test_a_photo_that_fits_does_not_move() -> None:
    viewport = Viewport(WINDOW, PHOTO)
    assert viewport.moved(QPointF(50, 50)).photo_rect == viewport.photo_rect


def test_fitted_again_a_photo_lies_where_it_lay() -> None:
    viewport = Viewport(WINDOW, PHOTO)
    assert viewport.zoomed(3.0, QPointF(500, 200)).fitted().photo_rect == viewport.photo_rect


def test_only_the_part_within_the_window_is_seen() -> None:
    assert sides(at(1.0, QPointF(0, 0)).seen) == pytest.approx((14, 14, 628, 428))
    assert sides(at(1.0, QPointF(1500, 500)).seen) == pytest.approx((0, 0, 628, 428))


def test_without_a_photo_there_is_nothing_to_see() -> None:
    viewport = Viewport(WINDOW, QSize())
    assert viewport.zoom == 1
    assert viewport.photo_rect.isEmpty()
    assert viewport.seen.isEmpty()
