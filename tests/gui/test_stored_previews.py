"""A project of many versions opens without decoding what nobody looks at."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.editing import previews
from nti_desktop.editing.pictures import AS_LAST_SEEN, KEPT
from nti_desktop.editing.previews import encode_preview
from nti_desktop.editing.session import Session
from nti_desktop.gui.canvas.picture import Picture
from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.jobs import Figures, Inversion
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.gui.conftest import OpenWindow

Until = Callable[[Callable[[], bool]], None]
VERSIONS = 60

pytestmark = pytest.mark.slow


@pytest.fixture
def many(photo: Path) -> Path:
    """The sample, prepared by a model that is gone, with many versions; each preview is of a grey of its own."""
    session = Session.open(photo)
    entry = built_in()
    frame = session.frame_for(entry)
    pivot = np.zeros((5, 4, frame.model_height // entry.multiple, frame.model_width // entry.multiple), np.float32)
    settings = InversionSettings("a red cube", Method.RESIDUAL, 4, 1.5)
    session.keep_inversion(entry, "0" * 64, Inversion(settings, {"pivot": pivot}, None, Figures(1.0, 10, 30.0)))  # type: ignore[arg-type]
    for number in range(VERSIONS):
        version = session.add_version(f"Version {number}", EditRecipe(f"a cube number {number}"), Finish())
        grey = np.full((600, 600, 3), 2 * number + 60, np.uint8)
        session.working_copy.keep_preview(version.id, encode_preview(Raster(grey)))
    session.save()
    return photo


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sides that previews are decoded at, one for each."""
    sides: list[int] = []
    real = previews.decode_preview

    def decode(data: bytes, side: int = previews.SIDE) -> object:
        sides.append(side)
        return real(data, side)

    monkeypatch.setattr(previews, "decode_preview", decode)
    return sides


def grey_of(picture: Picture) -> int:
    return picture.levels[0].pixelColor(3, 3).red()


def test_only_what_is_looked_at_is_decoded_and_at_the_size_it_is_shown(
    open_window: OpenWindow, many: Path, until: Until, decoded: list[int]
) -> None:
    window = open_window()
    window.opening.open_path(many)
    until(lambda: window.editor.document is not None)
    editor, versions = window.editor, window.editor_view.versions_panel.list
    pictures, thumbnails = editor.pictures, editor.stored_previews.thumbnails
    until(lambda: len(thumbnails) >= 3 and not window.background.busy)
    assert decoded.count(previews.SIDE) == 1
    assert pictures.badge == AS_LAST_SEEN
    assert pictures.after is not None
    assert abs(grey_of(pictures.after) - (2 * (VERSIONS - 1) + 60)) <= 2
    assert len(decoded) < VERSIONS / 2
    assert all(image is not None and max(image.width(), image.height()) <= 112 for image in thumbnails.values())

    before = set(thumbnails)
    versions.verticalScrollBar().setValue(versions.verticalScrollBar().maximum() // 2)
    until(lambda: set(thumbnails) != before and not window.background.busy)
    assert len(decoded) < VERSIONS


def test_a_version_that_is_chosen_is_shown_as_last_seen_and_few_are_kept(
    open_window: OpenWindow, many: Path, until: Until
) -> None:
    window = open_window()
    window.opening.open_path(many)
    until(lambda: window.editor.document is not None)
    pictures = window.editor.pictures
    ids = [version.id for version in window.editor.document.session.project.versions]  # type: ignore[union-attr]
    for number in range(KEPT + 3):
        window.versions.choose(ids[number])
        until(lambda: pictures.after is not None)
        assert pictures.after is not None
        assert abs(grey_of(pictures.after) - (2 * number + 60)) <= 2
        assert pictures.badge == AS_LAST_SEEN
    assert len(pictures.of_versions) <= KEPT + 1
    window.versions.choose(ids[0])  # which is decoded again
    until(lambda: pictures.after is not None)
    assert abs(grey_of(pictures.after) - 60) <= 2  # type: ignore[arg-type]


def test_a_broken_preview_leaves_the_photo_in_its_place(
    open_window: OpenWindow, many: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "decode_preview", lambda *_: None)
    window = open_window()
    window.opening.open_path(many)
    until(lambda: window.editor.document is not None)
    until(lambda: bool(window.editor.stored_previews.thumbnails) and not window.background.busy)
    assert window.editor.pictures.after is None
    assert set(window.editor.stored_previews.thumbnails.values()) == {None}
