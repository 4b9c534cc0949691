"""What was not saved comes back though the photo was renamed, copied or turned since, or its project lies elsewhere."""

import shutil
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from nti_desktop.core import disk
from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.journalling import reopened, unfinished
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.frame import Area
from nti_desktop.photo.orientation import combined, turned_area, undone
from nti_desktop.recipe.outlines import rectangle
from tests.editing.test_journalling import Desktop
from tests.editing.test_journalling import desktop as desktop
from tests.editing.test_journalling import edited as edited
from tests.sessions import SOURCE, inverted, scene


def test_the_journal_of_a_photo_that_was_renamed_is_found_and_that_of_a_copy_is_not(edited: Desktop) -> None:
    copy = edited.photo.with_name("copy.png")
    copy.write_bytes(edited.photo.read_bytes())
    assert reopened(Session.open(copy)) == (None, None)
    copy.unlink()
    edited.photo = edited.photo.rename(copy)
    edited.crash()
    assert len(edited.session.project.versions) == 2
    assert edited.session.project.photo.name == "copy.png"


def test_what_was_not_saved_of_a_project_under_another_name_comes_back_with_that(edited: Desktop) -> None:
    edited.save()
    project, photo = edited.photo.with_name("another.nti"), edited.photo
    edited.session.save_as(project)
    edited.document.say_in_words(SOURCE.replace("red", "white"))
    edited.note()
    edited.crash()
    assert (edited.left, edited.session.notes) == (None, ())
    assert edited.document.edit_text != SOURCE.replace("red", "white")
    assert unfinished() == project
    assert unfinished([project]) is None
    edited.photo = project
    edited.crash()
    assert edited.document.edit_text == SOURCE.replace("red", "white")
    assert edited.session.photo.path == photo


def test_what_was_noted_of_a_project_stays_until_it_is_noted_under_its_new_name(
    edited: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    snapshot = edited.session.snapshot(edited.photo.with_name("another.nti"))
    edited.document.say_in_words(SOURCE.replace("red", "white"))
    edited.note()
    edited.session.working_copy.saved(snapshot, snapshot.write())
    before = edited.journals
    with monkeypatch.context() as patch:
        patch.setattr(disk, "fsync", full)
        edited.note()
    assert len(edited.faults) == 1
    assert not edited.journalling.written
    assert set(before) <= set(edited.journals)
    edited.note()
    assert edited.journalling.written
    assert len(edited.journals) == 1
    assert edited.journals != before


def test_what_was_not_saved_of_a_photo_is_gone_on_with_by_opening_the_photo(edited: Desktop) -> None:
    for _ in range(2):  # before the first save, and after it
        edited.note()
        edited.journalling.leave()
        assert unfinished() == edited.photo
        assert unfinished([edited.photo]) is None
        edited.save()
        edited.document.say_in_words(SOURCE.replace("red", "white"))


def test_a_project_is_not_saved_under_a_name_that_the_photo_had(edited: Desktop) -> None:
    edited.save()
    edited.document.say_in_words(SOURCE.replace("red", "white"))
    edited.note()
    sidecar, edited.photo = edited.session.sidecar, edited.photo.rename(edited.photo.with_name("renamed.png"))
    sidecar.rename(edited.photo.with_name("renamed.png.nti"))
    with pytest.raises(SidecarError, match="has gone, too; give the photo its name back"):
        edited.save()
    assert not sidecar.exists()
    edited.crash()
    assert edited.document.edit_text == SOURCE.replace("red", "white")
    edited.save()
    assert edited.document.undo()


@pytest.mark.parametrize("name", ["a copy.png", "z copy.png"])
def test_what_was_not_saved_of_a_copy_is_the_copys(edited: Desktop, name: str) -> None:
    copy = edited.photo.with_name(name)
    shutil.copyfile(edited.photo, copy)
    edited.note()
    edited.journalling.leave()
    assert Desktop(copy).left is None
    assert Desktop(edited.photo).left is not None


def write_turned(photo: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(scene()).save(photo, exif=exif)


@pytest.mark.parametrize(("before", "after"), [(1, 6), (6, 1), (8, 3)])
def test_what_was_not_saved_of_a_photo_that_was_turned_since_is_turned_with_it(
    tmp_path: Path, before: int, after: int
) -> None:
    photo = tmp_path / "turned.jpg"
    write_turned(photo, before)
    desktop = Desktop(photo)
    width, height = desktop.session.photo.raster.size
    area = Area(0, 0, width - 30, height - 20)
    desktop.document.work_on(area)
    desktop.document.describe(SOURCE)
    made = inverted(desktop.session, area=area)
    desktop.document.prepared(built_in(), [AreaInversion(area, "0" * 64, made)])
    desktop.note()
    write_turned(photo, after)
    desktop.crash()
    assert desktop.left is not None
    turned_to = turned_area((area.x, area.y, area.width, area.height), (width, height), combined(undone(before), after))
    (frame,) = desktop.session.project.frames
    assert (frame.x, frame.y, frame.width, frame.height) == turned_to
    assert desktop.session.project.photo.orientation == after
    assert desktop.session.working_copy.dirty


def test_what_is_written_of_a_photo_that_was_turned_since_comes_back_turned_with_it(tmp_path: Path) -> None:
    photo = tmp_path / "turned.jpg"
    write_turned(photo, 1)
    desktop = Desktop(photo)
    document, corner = desktop.document, Area(0, 0, 40, 20)
    document.describe(SOURCE)
    document.work_on(corner)
    document.describe("a red lamp")
    document.say_in_words("a blue lamp")
    document.mark((rectangle(0, 0, 0.5, 0.25),))
    desktop.note()
    write_turned(photo, 6)
    desktop.crash()
    document = desktop.document
    width, _ = desktop.session.photo.raster.size
    assert document.area == Area(width - 20, 0, 20, 40)
    assert (document.description, document.edit_text) == ("a red lamp", "a blue lamp")
    assert document.state is not None
    (outline,) = document.state.recipe.within
    assert set(outline.points) == {(1, 0), (1, 0.5), (0.75, 0), (0.75, 0.5)}
    document.work_on(document.whole)
    assert document.description == SOURCE


def test_undo_goes_on_after_the_photo_was_turned(tmp_path: Path) -> None:
    photo = tmp_path / "turned.jpg"
    write_turned(photo, 1)
    desktop = Desktop(photo)
    desktop.document.describe(SOURCE)
    desktop.prepare()
    for colour in ("blue", "green"):
        desktop.document.say_in_words(SOURCE.replace("red", colour))
    desktop.save()
    write_turned(photo, 8)
    desktop.crash()
    assert desktop.document.undo()
    assert desktop.document.edit_text == SOURCE.replace("red", "blue")
