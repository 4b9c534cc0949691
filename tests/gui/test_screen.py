"""Photos in the colours of the screen: from the photo's profile to the screen's, in the real window."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtWidgets import QFileDialog

from nti_desktop.gui import preferences, screen_profile
from nti_desktop.gui.canvas.photo_view import PhotoView
from nti_desktop.gui.canvas.picture import make_picture
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Tone
from nti_desktop.models.library.samples import Sample
from nti_desktop.photo.colour import srgb_profile
from tests.gui.conftest import OpenWindow
from tests.profiles import DISPLAY_P3, P3_PRIMARIES, PRO_PHOTO, PRO_PHOTO_PRIMARIES

pytestmark = pytest.mark.usefixtures("service")  # what an edit looks like is no matter here

Until = Callable[[Callable[[], bool]], None]
Screen = Callable[[bytes | None], None]

SRGB_PRIMARIES = ((0.4361, 0.3851, 0.1431), (0.2225, 0.7169, 0.0606), (0.0139, 0.0971, 0.7141))  # at D50
PATCH = 64
PATCHES = np.array(
    [
        [(255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)],
        [(234, 51, 35), (200, 160, 40), (20, 90, 160), (12, 12, 12)],
        [(255, 255, 255), (0, 0, 0), (90, 200, 190), (240, 200, 180)],
    ],
    np.uint8,
)


def srgb_light(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1


def srgb_value(light: NDArray[np.float64]) -> NDArray[np.float64]:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


LIGHT = srgb_light(PATCHES / 255) @ np.array(P3_PRIMARIES).T  # XYZ at D50
ON_P3 = PATCHES.astype(np.float64)
ON_PRO_PHOTO = np.clip(LIGHT @ np.linalg.inv(PRO_PHOTO_PRIMARIES).T, 0, 1) ** (1 / 1.8) * 255
ON_SRGB = srgb_value(LIGHT @ np.linalg.inv(SRGB_PRIMARIES).T) * 255


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Let the system name a profile for the screen."""

    def name(profile: bytes | None) -> None:
        monkeypatch.setattr(screen_profile, "system_profile", lambda _screen: profile)

    return name


@pytest.fixture
def p3_photo(tmp_path: Path) -> Path:
    """A photo of solid patches in Display P3."""
    path = tmp_path / "patches.png"
    pixels = PATCHES.repeat(PATCH, axis=0).repeat(PATCH, axis=1)
    Image.fromarray(pixels).save(path, icc_profile=DISPLAY_P3)
    return path


def painted(view: PhotoView) -> NDArray[np.int_]:
    """The colour of each patch, (3, 4, 3), as it is painted."""
    shown, rect = view.grab().toImage(), view.viewport.photo_rect
    ratio, rows, columns = shown.devicePixelRatio(), *PATCHES.shape[:2]
    colours = [
        shown.pixelColor(
            round((rect.x() + rect.width() * (column + 0.5) / columns) * ratio),
            round((rect.y() + rect.height() * (row + 0.5) / rows) * ratio),
        ).getRgb()[:3]  # type: ignore[index]
        for row in range(rows)
        for column in range(columns)
    ]
    return np.array(colours).reshape(PATCHES.shape)


def off(window: MainWindow, expected: NDArray[np.float64]) -> float:
    """By how many levels of 255 the patches are painted wrong, at most."""
    return float(np.abs(painted(window.editor_view.view) - expected).max())


def opened(open_window: OpenWindow, until: Until, photo: Path) -> MainWindow:
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    window.editor_view.view.zoom_to(1.0)
    return window


@pytest.mark.parametrize(
    ("profile", "expected", "allowed", "note"),
    [
        (PRO_PHOTO, ON_PRO_PHOTO, 2, "Screen: ProPhoto RGB"),
        (DISPLAY_P3, ON_P3, 0, "Screen: Display P3"),
        (srgb_profile(), ON_SRGB, 2, "Screen: sRGB"),
        (None, ON_SRGB, 2, "Screen: sRGB assumed"),
        (DISPLAY_P3[:300], ON_SRGB, 2, "Screen: sRGB assumed"),
    ],
    ids=["ProPhoto", "the photo's own", "sRGB", "none", "damaged"],
)
def test_a_display_p3_photo_is_painted_in_the_screens_colours(
    profile: bytes | None,
    expected: NDArray[np.float64],
    allowed: float,
    note: str,
    screen: Screen,
    open_window: OpenWindow,
    until: Until,
    p3_photo: Path,
) -> None:
    screen(profile)
    window = opened(open_window, until, p3_photo)
    assert off(window, expected) <= allowed
    window.editor_view.view.zoom_to(0.3)  # scaled, and from a smaller copy of a large photo
    assert off(window, expected) <= allowed
    strip = window.editor_view.strip
    assert strip.colours.text().startswith(note)
    assert strip.colours.isVisible()
    assert "shown" in strip.colours.toolTip()


def test_a_file_is_chosen_remembered_and_forgotten(
    screen: Screen,
    open_window: OpenWindow,
    until: Until,
    p3_photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "my screen.icc"
    file.write_bytes(PRO_PHOTO)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    screen(DISPLAY_P3)
    window = opened(open_window, until, p3_photo)
    view, page = window.editor_view.view, window.screen_colours.page
    assert off(window, ON_P3) == 0

    window.actions_by_name["show_screen_page"].trigger()
    assert page.isVisible()
    assert not page.automatic.isEnabled()
    page.choose.click()
    assert "my screen.icc" in page.now.text()
    until(lambda: off(window, ON_PRO_PHOTO) <= 2)
    assert view.zoom() == 1.0
    assert window.editor_view.strip.colours.text() == "Screen: ProPhoto RGB"

    other = opened(open_window, until, p3_photo)
    assert off(other, ON_PRO_PHOTO) <= 2

    page.automatic.click()
    until(lambda: off(window, ON_P3) == 0)
    assert preferences.screen_profile() is None
    assert not page.automatic.isEnabled()


def test_a_file_that_is_no_screens_profile_is_refused(
    screen: Screen, open_window: OpenWindow, until: Until, p3_photo: Path, tmp_path: Path
) -> None:
    file = tmp_path / "cut.icc"
    file.write_bytes(PRO_PHOTO[:200])
    screen(DISPLAY_P3)
    window = opened(open_window, until, p3_photo)
    window.screen_colours.choose(file)
    (message,) = window.editor_view.messages.messages
    assert message.tone is Tone.ERROR
    assert "“cut.icc” is not the profile of a screen" in message.text
    assert preferences.screen_profile() is None
    assert off(window, ON_P3) == 0


def test_a_file_that_is_gone_is_said_and_the_systems_is_taken(
    screen: Screen, open_window: OpenWindow, until: Until, p3_photo: Path, tmp_path: Path
) -> None:
    preferences.remember_screen_profile(tmp_path / "gone.icc")
    screen(DISPLAY_P3)
    window = open_window()
    (message,) = window.editor_view.messages.messages
    assert "“gone.icc” is missing" in message.text
    window.opening.open_path(p3_photo)
    until(lambda: window.editor.document is not None)
    assert off(window, ON_P3) == 0
    window.screen_colours.ask_the_system()
    assert not window.editor_view.messages.messages


def test_pictures_follow_the_window_to_another_screen(
    screen: Screen, open_window: OpenWindow, until: Until, p3_photo: Path
) -> None:
    screen(None)
    window = opened(open_window, until, p3_photo)
    assert off(window, ON_SRGB) <= 2
    screen(PRO_PHOTO)
    window.windowHandle().screenChanged.emit(window.screen())
    until(lambda: off(window, ON_PRO_PHOTO) <= 2)


def test_a_photo_that_is_being_opened_follows_too(
    screen: Screen, open_window: OpenWindow, until: Until, p3_photo: Path
) -> None:
    screen(None)
    window = open_window()
    window.opening.open_path(p3_photo)
    screen(PRO_PHOTO)
    window.windowHandle().screenChanged.emit(window.screen())
    until(lambda: window.editor.document is not None)
    until(lambda: off(window, ON_PRO_PHOTO) <= 2)


@pytest.mark.slow
def test_edits_and_all_versions_follow(screen: Screen, prepared: MainWindow, until: Until, sample: Sample) -> None:
    editor, place = prepared.editor, prepared.editor_view
    editor.say_in_words(sample.edits[0])
    until(lambda: editor.pictures.after is not None and editor.pictures.final)
    prepared.versions.add_version()
    until(lambda: editor.pictures.final and len(editor.pictures.of_versions) == 2)
    before, after, renders = editor.pictures.before, editor.pictures.after, editor.rendering.plan.renders
    assert before is not None
    assert after is not None

    screen(DISPLAY_P3)
    prepared.windowHandle().screenChanged.emit(prepared.screen())
    until(
        lambda: (
            {editor.pictures.before.screen, *(p.screen for p in editor.pictures.of_versions.values())} == {DISPLAY_P3}
        )
    )  # type: ignore[union-attr]
    assert editor.pictures.after is place.view.after
    assert editor.pictures.after is not None
    assert editor.pictures.after.screen == DISPLAY_P3
    assert editor.pictures.after.levels == make_picture(after.source(), DISPLAY_P3).levels != after.levels
    assert editor.pictures.final
    assert editor.rendering.plan.renders == renders

    screen(None)
    prepared.windowHandle().screenChanged.emit(prepared.screen())
    until(lambda: {editor.pictures.before.screen, *(p.screen for p in editor.pictures.of_versions.values())} == {None})  # type: ignore[union-attr]
    assert editor.pictures.after.levels == after.levels
    assert editor.pictures.before.levels == before.levels  # type: ignore[union-attr]

    screen(DISPLAY_P3)  # and what is rendered from now on is made for it at once
    prepared.windowHandle().screenChanged.emit(prepared.screen())
    editor.say_in_words(sample.edits[1])
    until(lambda: editor.pictures.final and editor.rendering.plan.last.picture.screen == DISPLAY_P3)  # type: ignore[union-attr]
